import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { failure, type Result, success } from './result.ts';

/** What this program can read and write; C tor also has x-zstd and x-tor-lzma. dir-spec, Accept-Encoding. */
export type ContentEncoding = 'identity' | 'deflate' | 'gzip';

/** Shorter answers may unpack to any multiple. C tor has the same rule against bombs. */
const BOMB_FREE_BYTES = 5 * 1024 * 1024;
/** Longer ones to this multiple at most; directory documents pack to a half or a third. */
const BOMB_RATIO = 25;

const UNPACKERS: ReadonlyMap<string, typeof inflateSync> = new Map([
  ['deflate', inflateSync],
  ['x-deflate', inflateSync],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
]);

/** What `Accept-Encoding` of our requests says. */
export const ACCEPTED_ENCODINGS = 'deflate, gzip, identity';

/** Unpacks a body, to at most `bytesMax`. Never throws; the result of `identity` is the input itself. */
export function unpackBody(body: Uint8Array, encoding: string, bytesMax: number): Result<Uint8Array> {
  if (encoding === 'identity' || encoding === '') {
    return body.length > bytesMax ? failure(`the answer is longer than ${bytesMax} bytes`) : success(body);
  }
  const unpack = UNPACKERS.get(encoding);
  if (unpack === undefined) return failure('the answer is packed in a way that was not asked for');
  const limit = Math.min(bytesMax, Math.max(BOMB_FREE_BYTES, body.length * BOMB_RATIO));
  try {
    const unpacked = unpack(body, { maxOutputLength: limit });
    return success(new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length));
  } catch (error) {
    const isTooLong = error instanceof RangeError;
    return failure(
      isTooLong ? `the answer unpacks to more than ${limit} bytes` : 'the answer cannot be unpacked',
    );
  }
}

/** Packs a body. Takes some 20 ms for each MB: what is served often is packed once and kept. */
export function packBody(body: Uint8Array, encoding: ContentEncoding): Uint8Array {
  if (encoding === 'identity') return body;
  return encoding === 'gzip' ? gzipSync(body) : deflateSync(body);
}

/** The best of ours that an `Accept-Encoding` header names; identity where it names none. */
export function chooseEncoding(accepted: string): ContentEncoding {
  const names = accepted
    .toLowerCase()
    .split(',', 32)
    .map((name) => name.trim().split(';', 1)[0]!);
  if (names.includes('deflate')) return 'deflate';
  return names.includes('gzip') ? 'gzip' : 'identity';
}
