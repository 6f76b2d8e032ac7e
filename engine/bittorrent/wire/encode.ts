import { writeUint32 } from '../../codec/big-endian.ts';
import { FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import type { HashRequest } from './message.ts';
import { HASH_REQUEST_BYTES, MESSAGE_ID } from './message-id.ts';

/** Bytes of a REQUEST, CANCEL or REJECT REQUEST frame. */
export const REQUEST_FRAME_BYTES = 17;
/** Bytes of a HAVE, SUGGEST PIECE or ALLOWED FAST frame. */
export const HAVE_FRAME_BYTES = 9;
/** Bytes of a PORT frame. */
export const PORT_FRAME_BYTES = 7;

/** A message that is nothing but its id: choke, unchoke, interested, not interested, have all, have none. */
export type BareMessageId = 0 | 1 | 2 | 3 | 14 | 15;

/*
 * Each writer puts one frame, length prefix included, into `out` at `at` and returns how many bytes it took. The
 * caller has made sure of the room.
 */

/** BEP 3: four zero bytes. */
export function writeKeepAlive(out: Uint8Array, at: number): number {
  writeUint32(out, at, 0);
  return 4;
}

/** BEP 3, 6: five bytes. */
export function writeBare(out: Uint8Array, at: number, id: BareMessageId): number {
  writeUint32(out, at, 1);
  out[at + 4] = id;
  return 5;
}

/** BEP 3: HAVE; BEP 6: SUGGEST PIECE, ALLOWED FAST. {@link HAVE_FRAME_BYTES}. */
export function writePieceIndex(out: Uint8Array, at: number, id: 4 | 13 | 17, piece: number): number {
  writeUint32(out, at, 5);
  out[at + 4] = id;
  writeUint32(out, at + 5, piece);
  return HAVE_FRAME_BYTES;
}

/** BEP 3. */
export function writeHave(out: Uint8Array, at: number, piece: number): number {
  return writePieceIndex(out, at, MESSAGE_ID.have, piece);
}

/** BEP 3: REQUEST. {@link REQUEST_FRAME_BYTES}. */
export function writeRequest(
  out: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  byteLength: number,
): number {
  return writeBlockNumbers(out, at, MESSAGE_ID.request, piece, begin, byteLength);
}

/** BEP 3: CANCEL. */
export function writeCancel(
  out: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  byteLength: number,
): number {
  return writeBlockNumbers(out, at, MESSAGE_ID.cancel, piece, begin, byteLength);
}

/** BEP 6: REJECT REQUEST. */
export function writeReject(
  out: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  byteLength: number,
): number {
  return writeBlockNumbers(out, at, MESSAGE_ID.rejectRequest, piece, begin, byteLength);
}

/** BEP 3: the 13 bytes in front of a block's `payloadBytes` bytes. */
export function writePieceHeader(
  out: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  payloadBytes: number,
): number {
  writeUint32(out, at, FRAME_HEADER_BYTES - 4 + payloadBytes);
  out[at + 4] = MESSAGE_ID.piece;
  writeUint32(out, at + 5, piece);
  writeUint32(out, at + 9, begin);
  return FRAME_HEADER_BYTES;
}

/** BEP 3: BITFIELD, 5 + bits.length bytes. Spare bits of `bits` must be zero. */
export function writeBitfield(out: Uint8Array, at: number, bits: Uint8Array): number {
  writeUint32(out, at, 1 + bits.length);
  out[at + 4] = MESSAGE_ID.bitfield;
  out.set(bits, at + 5);
  return 5 + bits.length;
}

/** BEP 5: the UDP port of this node's DHT. */
export function writePort(out: Uint8Array, at: number, port: number): number {
  writeUint32(out, at, 3);
  out[at + 4] = MESSAGE_ID.port;
  out[at + 5] = port >>> 8;
  out[at + 6] = port;
  return PORT_FRAME_BYTES;
}

/** BEP 10: `extension` is the number the receiver gave this extension in its handshake; 0: the handshake itself. */
export function writeExtended(out: Uint8Array, at: number, extension: number, payload: Uint8Array): number {
  writeUint32(out, at, 2 + payload.length);
  out[at + 4] = MESSAGE_ID.extended;
  out[at + 5] = extension;
  out.set(payload, at + 6);
  return 6 + payload.length;
}

/** BEP 52: HASH REQUEST (21) or HASH REJECT (23), 53 bytes. */
export function writeHashRequest(out: Uint8Array, at: number, id: 21 | 23, request: HashRequest): number {
  writeUint32(out, at, 1 + HASH_REQUEST_BYTES);
  return 4 + writeHashNumbers(out, at + 4, id, request);
}

/** BEP 52: HASHES. `hashes`: those asked for, then the uncles, 32 bytes each. */
export function writeHashes(out: Uint8Array, at: number, request: HashRequest, hashes: Uint8Array): number {
  writeUint32(out, at, 1 + HASH_REQUEST_BYTES + hashes.length);
  const length = 4 + writeHashNumbers(out, at + 4, MESSAGE_ID.hashes, request);
  out.set(hashes, at + length);
  return length + hashes.length;
}

function writeBlockNumbers(
  out: Uint8Array,
  at: number,
  id: number,
  piece: number,
  begin: number,
  byteLength: number,
): number {
  writeUint32(out, at, 13);
  out[at + 4] = id;
  writeUint32(out, at + 5, piece);
  writeUint32(out, at + 9, begin);
  writeUint32(out, at + 13, byteLength);
  return REQUEST_FRAME_BYTES;
}

function writeHashNumbers(out: Uint8Array, at: number, id: number, request: HashRequest): number {
  out[at] = id;
  out.set(request.piecesRoot, at + 1);
  writeUint32(out, at + 33, request.baseLayer);
  writeUint32(out, at + 37, request.index);
  writeUint32(out, at + 41, request.hashCount);
  writeUint32(out, at + 45, request.proofLayers);
  return 1 + HASH_REQUEST_BYTES;
}
