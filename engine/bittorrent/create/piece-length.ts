import { AlliumError } from '../../codec/error.ts';
import { LEAF_BYTES } from '../merkle.ts';
import { METAINFO_LIMITS } from '../metainfo/limits.ts';

/** A torrent of more pieces makes a torrent file that is a burden to trackers and peers. */
const PIECE_COUNT_AIM = 2048;
/** Beyond this a peer waits long for its first whole piece, and many trackers refuse the torrent. */
const PIECE_LENGTH_AIM = 16 * 1024 * 1024;
/** Only when even those pieces become this many do they grow further: from 4 TiB on. */
const PIECE_COUNT_MANY = 262_144;

/**
 * The piece length for content of this many bytes: a power of two from 16 KiB to 16 MiB that gives 1,024 to 2,048
 * pieces (fewer below 16 MiB of content, more above 32 GiB); longer still from 4 TiB on.
 */
export function choosePieceLength(contentBytes: number): number {
  let pieceLength = LEAF_BYTES;
  while (pieceLength < PIECE_LENGTH_AIM && contentBytes / pieceLength > PIECE_COUNT_AIM) pieceLength *= 2;
  const longest = METAINFO_LIMITS.pieceLengthMax;
  while (pieceLength < longest && contentBytes / pieceLength > PIECE_COUNT_MANY) pieceLength *= 2;
  return pieceLength;
}

/**
 * Throws BAD_USAGE unless other programs can use this piece length. BEP 52 asks for a power of two of at least
 * 16 KiB; the same is kept for v1, where odd lengths make trouble in many clients.
 */
export function checkPieceLength(pieceLength: number): void {
  const longest = METAINFO_LIMITS.pieceLengthMax;
  const isPower = Number.isInteger(Math.log2(pieceLength));
  if (isPower && pieceLength >= LEAF_BYTES && pieceLength <= longest) return;
  throw new AlliumError('BAD_USAGE', `a piece length of ${pieceLength} bytes is of no use`, {
    advice: `Give a power of two from 16KiB to ${longest / 1024 / 1024}MiB, such as 1MiB.`,
    details: { pieceLength },
  });
}
