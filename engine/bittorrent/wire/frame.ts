import { readUint32 } from '../../codec/big-endian.ts';
import { BLOCK_BYTES, FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import { HASH_REQUEST_BYTES, KEEP_ALIVE_ID, LENGTH_PREFIX_BYTES, MESSAGE_ID } from './message-id.ts';
import type { WireFault, WireRules } from './rules.ts';

const ID = MESSAGE_ID;
const HASH_BYTES = 32;
/** A tree of 2^32 leaves has no more layers of uncles. */
const PROOF_LAYERS_MAX = 32;

/** Where {@link peekMessage} puts what it has seen; made once by the caller and used again. */
export interface FrameHead {
  /** The whole frame, length prefix included. */
  byteLength: number;
  /** {@link KEEP_ALIVE_ID} for a frame without one. */
  id: number;
}

/**
 * The bytes a message may have from its id on. What is longer ends the connection before anything is stored.
 */
export function messageBytesMax(id: number, rules: WireRules): number {
  switch (id) {
    case ID.choke:
    case ID.unchoke:
    case ID.interested:
    case ID.notInterested:
    case ID.haveAll:
    case ID.haveNone:
      return 1;
    case ID.have:
    case ID.suggestPiece:
    case ID.allowedFast:
      return 5;
    case ID.request:
    case ID.cancel:
    case ID.rejectRequest:
      return 13;
    case ID.port:
      return 3;
    case ID.bitfield:
      return 1 + Math.ceil((rules.pieceCount ?? rules.limits.piecesMax) / 8);
    case ID.piece:
      return FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES + Math.max(BLOCK_BYTES, rules.limits.requestBytesMax);
    case ID.extended:
      return rules.limits.extendedBytesMax;
    case ID.hashRequest:
    case ID.hashReject:
      return 1 + HASH_REQUEST_BYTES;
    case ID.hashes:
      return 1 + HASH_REQUEST_BYTES + HASH_BYTES * (rules.limits.hashesMax + PROOF_LAYERS_MAX);
    default:
      return rules.limits.unknownBytesMax;
  }
}

/**
 * Looks at the frame that begins at `start`; four or five bytes are enough. `need-more`: not even those lie before
 * `end`. `ok`: `head` says how long the frame is, which may reach beyond `end`. Allocates nothing.
 */
export function peekMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: WireRules,
  head: FrameHead,
): 'ok' | 'need-more' | WireFault {
  if (end - start < LENGTH_PREFIX_BYTES) return 'need-more';
  const byteLength = readUint32(bytes, start);
  if (byteLength === 0) {
    head.byteLength = LENGTH_PREFIX_BYTES;
    head.id = KEEP_ALIVE_ID;
    return 'ok';
  }
  if (end - start === LENGTH_PREFIX_BYTES) return 'need-more';
  const id = bytes[start + LENGTH_PREFIX_BYTES]!;
  if (byteLength > messageBytesMax(id, rules)) return 'message-too-long';
  head.byteLength = LENGTH_PREFIX_BYTES + byteLength;
  head.id = id;
  return 'ok';
}
