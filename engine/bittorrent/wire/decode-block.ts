import { readUint32 } from '../../codec/big-endian.ts';
import { FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import type { BlockOffset, PieceIndex } from '../units.ts';
import type { WireFault, WireRules } from './rules.ts';

/** The numbers of a REQUEST, CANCEL, REJECT or PIECE; made once by the caller and used again. */
export interface BlockNumbers {
  piece: PieceIndex;
  begin: BlockOffset;
  byteLength: number;
}

/** A fresh {@link BlockNumbers} of zeros. */
export function blockNumbers(): BlockNumbers {
  return { piece: 0 as PieceIndex, begin: 0 as BlockOffset, byteLength: 0 };
}

/**
 * A REQUEST, CANCEL or REJECT REQUEST (BEP 3, 6), bytes[start, end) from its id on, into `out`. A seeder decodes
 * 100,000 of these a second, so nothing is allocated. Returns what is wrong; `out` is valid only without a fault.
 */
export function decodeBlockRequest(
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: WireRules,
  out: BlockNumbers,
): WireFault | undefined {
  if (end - start !== 13) return 'bad-length';
  out.piece = readUint32(bytes, start + 1) as PieceIndex;
  out.begin = readUint32(bytes, start + 5) as BlockOffset;
  out.byteLength = readUint32(bytes, start + 9);
  return checkBlock(rules, out);
}

/**
 * The 13 bytes in front of a block (BEP 3: piece), bytes[at …] from the length prefix on, into `out`. The caller
 * has all 13 and has seen the id.
 */
export function decodePieceHeader(
  bytes: Uint8Array,
  at: number,
  rules: WireRules,
  out: BlockNumbers,
): WireFault | undefined {
  const payloadBytes = readUint32(bytes, at) - (FRAME_HEADER_BYTES - 4);
  if (payloadBytes < 0) return 'bad-length';
  out.piece = readUint32(bytes, at + 5) as PieceIndex;
  out.begin = readUint32(bytes, at + 9) as BlockOffset;
  out.byteLength = payloadBytes;
  return checkBlock(rules, out);
}

/** The piece of a HAVE, SUGGEST PIECE or ALLOWED FAST, bytes[start, end) from its id on. */
export function decodePieceIndex(
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: WireRules,
): PieceIndex | WireFault {
  if (end - start !== 5) return 'bad-length';
  const piece = readUint32(bytes, start + 1);
  if (piece >= (rules.pieceCount ?? rules.limits.piecesMax)) return 'bad-piece-index';
  return piece as PieceIndex;
}

function checkBlock(rules: WireRules, block: BlockNumbers): WireFault | undefined {
  const { pieceCount, limits } = rules;
  // Without metadata nobody can have asked for a block.
  if (pieceCount === undefined || block.piece >= pieceCount) return 'bad-piece-index';
  if (block.byteLength === 0 || block.byteLength > limits.requestBytesMax) return 'bad-block';
  if (block.begin + block.byteLength > rules.pieceByteLength(block.piece)) return 'bad-block';
  return undefined;
}
