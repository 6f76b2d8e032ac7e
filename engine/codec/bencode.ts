import type { BencodeDict, BencodeList, BencodeValue } from './bencode-types.ts';

export {
  BENCODE_BYTE_LENGTH_MAX,
  BENCODE_DEPTH_MAX,
  BENCODE_ITEM_COUNT_MAX,
  type BencodeFault,
  type BencodeOptions,
  type BencodeResult,
  type BencodeSpan,
  decodeBencode,
  describeBencodeFault,
} from './bencode-decode.ts';
export { type BencodeInput, type BencodeRecord, encodeBencode, RawBencode } from './bencode-encode.ts';
export type { BencodeDict, BencodeList, BencodeValue } from './bencode-types.ts';

/** The byte string; undefined for a value of another kind, or none: a stranger's field may be anything. */
export function asBytes(value: BencodeValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

/** An exact integer (within ±2^53); larger ones are no length, count or time of ours. */
export function asInteger(value: BencodeValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The list; undefined for another kind. */
export function asList(value: BencodeValue | undefined): BencodeList | undefined {
  return Array.isArray(value) ? (value as BencodeList) : undefined;
}

/** The dictionary; undefined for another kind. */
export function asDict(value: BencodeValue | undefined): BencodeDict | undefined {
  return value instanceof Map ? (value as BencodeDict) : undefined;
}

/** Text that is valid UTF-8. */
export function asText(value: BencodeValue | undefined): string | undefined {
  return value instanceof Uint8Array ? decodeUtf8(value) : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** undefined when the bytes are not valid UTF-8. A byte order mark is kept, so that encoding gives the same bytes. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes of a dictionary key as a byte string again. */
export function keyBytes(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}

/** Bytes as a dictionary key. */
export function bytesAsKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
