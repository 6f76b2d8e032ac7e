import { failure, type Result, success } from './result.ts';
import { excerpt, latin1Text } from './text.ts';

/** Length of the first line and the headers of a request or an answer. */
export const HTTP_HEAD_BYTES_MAX = 32 * 1024;
const HEADERS_MAX = 64;

/** The first line and the headers of an HTTP/1 message, and where its body begins. RFC 9112. */
export interface HttpHead {
  readonly firstLine: string;
  /** Names in lower case; of a repeated header the first counts. */
  readonly headers: ReadonlyMap<string, string>;
  readonly byteLength: number;
}

/**
 * Reads the head at the start of `bytes`. `more`: its end has not come yet; `searchedBytes` were looked at then and need
 * not be again, or a head that comes byte by byte would cost its length squared. Bare line feeds are taken as line ends.
 */
export function readHttpHead(bytes: Uint8Array, searchedBytes = 0): Result<HttpHead | 'more'> {
  const byteLength = headLength(bytes, searchedBytes);
  if (byteLength > HTTP_HEAD_BYTES_MAX || (byteLength === 0 && bytes.length > HTTP_HEAD_BYTES_MAX)) {
    return failure(`the head of the HTTP message is longer than ${HTTP_HEAD_BYTES_MAX} bytes`);
  }
  if (byteLength === 0) return success('more');
  const [firstLine = '', ...lines] = latin1Text(bytes.subarray(0, byteLength)).split(/\r?\n/);
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) return failure(`“${excerpt(line)}” is no HTTP header`);
    if (headers.size >= HEADERS_MAX) return failure(`more than ${HEADERS_MAX} HTTP headers`);
    const name = line.slice(0, colon).toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return success({ firstLine, headers, byteLength });
}

/** Length of the head with its empty line; 0 when that has not come within the bound. */
function headLength(bytes: Uint8Array, searchedBytes: number): number {
  const end = Math.min(bytes.length, HTTP_HEAD_BYTES_MAX + 4);
  // The last line feed may have been seen without what follows it.
  const start = Math.max(0, searchedBytes - 2);
  for (let at = bytes.indexOf(10, start); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return 0;
}

/** The `Content-Length`; undefined when there is none, −1 when it is no number. */
export function contentLength(head: HttpHead): number | undefined {
  const text = head.headers.get('content-length');
  if (text === undefined) return undefined;
  return /^\d{1,12}$/.test(text) ? Number(text) : -1;
}

/** Bytes of a stream, put together up to a bound; room is doubled, so that each byte is copied twice at most. */
export class BoundedBytes {
  readonly #bytesMax: number;
  #room = new Uint8Array(0);
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** All that has come. Valid until the next {@link push}. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  /** Copies the bytes; false, and nothing is taken, when they are too many. */
  push(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#bytesMax) return false;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.min(this.#bytesMax, Math.max(length, this.#room.length * 2, 2048)));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(bytes, this.#length);
    this.#length = length;
    return true;
  }
}
