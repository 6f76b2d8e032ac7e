import { readUint32, writeUint16, writeUint32 } from '../../codec/big-endian.ts';
import type { AnnounceEvent, AnnounceRequest } from './types.ts';

/** BEP 15: what a connect request begins with. */
export const PROTOCOL_HIGH = 0x417;
export const PROTOCOL_LOW = 0x27101980;

/** BEP 15. */
export const UDP_ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;

/** BEP 15: the number of an event is its place here. */
export const UDP_EVENTS: readonly AnnounceEvent[] = [undefined, 'completed', 'started', 'stopped'];

/** Bytes of a connect request, and of its answer. */
export const CONNECT_BYTES = 16;
/** Bytes of an announce request without options (BEP 41). */
export const ANNOUNCE_BYTES = 98;
/** Bytes in front of the peers of an announce answer. */
export const ANNOUNCE_ANSWER_BYTES = 20;
/** Bytes in front of the info-hashes of a scrape request. */
export const SCRAPE_HEAD_BYTES = 16;
/** BEP 15: info-hashes of one scrape. */
export const SCRAPE_HASHES_MAX = 74;
/** Bytes for each torrent in a scrape answer. */
export const SCRAPE_ENTRY_BYTES = 12;
/** Bytes in front of the text of an error, and of the entries of a scrape answer. */
export const ANSWER_HEAD_BYTES = 8;

/** BEP 41. */
const OPTION = { end: 0, nothing: 1, urlData: 2 } as const;
const OPTION_BYTES_MAX = 255;

/** Eight bytes that a tracker gives. */
export type ConnectionId = Uint8Array;

/** BEP 15: asks for a connection identifier. */
export function encodeUdpConnect(transaction: number): Uint8Array {
  const bytes = new Uint8Array(CONNECT_BYTES);
  writeUint32(bytes, 0, PROTOCOL_HIGH);
  writeUint32(bytes, 4, PROTOCOL_LOW);
  writeUint32(bytes, 8, UDP_ACTION.connect);
  writeUint32(bytes, 12, transaction);
  return bytes;
}

/** BEP 15; `urlData`: path and query of the tracker's URL (BEP 41), '' for none. */
export function encodeUdpAnnounce(
  connection: ConnectionId,
  transaction: number,
  request: AnnounceRequest,
  urlData: string,
): Uint8Array {
  const options = urlOptions(urlData);
  const bytes = new Uint8Array(ANNOUNCE_BYTES + options.length);
  bytes.set(connection);
  writeUint32(bytes, 8, UDP_ACTION.announce);
  writeUint32(bytes, 12, transaction);
  bytes.set(request.infoHash.subarray(0, 20), 16);
  bytes.set(request.peerId, 36);
  writeUint64(bytes, 56, request.downloaded);
  writeUint64(bytes, 64, request.left);
  writeUint64(bytes, 72, request.uploaded);
  writeUint32(bytes, 80, UDP_EVENTS.indexOf(request.event));
  // 84: the address, 0: the one this comes from.
  writeUint32(bytes, 88, request.key);
  writeUint32(bytes, 92, request.peersWanted);
  writeUint16(bytes, 96, request.port);
  bytes.set(options, ANNOUNCE_BYTES);
  return bytes;
}

/** BEP 15; at most {@link SCRAPE_HASHES_MAX} info-hashes. */
export function encodeUdpScrape(
  connection: ConnectionId,
  transaction: number,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  const bytes = new Uint8Array(SCRAPE_HEAD_BYTES + infoHashes.length * 20);
  bytes.set(connection);
  writeUint32(bytes, 8, UDP_ACTION.scrape);
  writeUint32(bytes, 12, transaction);
  for (const [index, hash] of infoHashes.entries()) {
    bytes.set(hash.subarray(0, 20), SCRAPE_HEAD_BYTES + index * 20);
  }
  return bytes;
}

/** BEP 41: the path and query of an announce request, '' when it has none; undefined when the options are malformed. */
export function decodeUrlData(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let at = ANNOUNCE_BYTES; at < bytes.length; ) {
    const option = bytes[at++]!;
    if (option === OPTION.end) break;
    if (option === OPTION.nothing) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) return undefined;
    if (option === OPTION.urlData) {
      for (const byte of bytes.subarray(at, at + length)) text += String.fromCharCode(byte);
    }
    at += length;
  }
  return text;
}

/** The number of 8 bytes at `at`; beyond 2^53 it is not exact. */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 2 ** 32 + readUint32(bytes, at + 4);
}

function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  const whole = Math.min(Math.max(0, Math.floor(value)), Number.MAX_SAFE_INTEGER);
  writeUint32(bytes, at, Math.floor(whole / 2 ** 32));
  writeUint32(bytes, at + 4, whole >>> 0);
}

function urlOptions(urlData: string): Uint8Array {
  const text = new TextEncoder().encode(urlData);
  const parts: number[] = [];
  for (let at = 0; at < text.length; at += OPTION_BYTES_MAX) {
    const part = text.subarray(at, at + OPTION_BYTES_MAX);
    parts.push(OPTION.urlData, part.length, ...part);
  }
  return Uint8Array.from(parts);
}
