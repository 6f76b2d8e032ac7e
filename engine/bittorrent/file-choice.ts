import type { Bitfield } from './bitfield.ts';
import type { Layout } from './layout.ts';
import type { TorrentFile } from './metainfo/types.ts';
import { type PiecePriority, PRIORITY_HIGH, PRIORITY_NORMAL } from './picker/types.ts';
import { blockOffset, fileIndex, type PieceIndex } from './units.ts';

/** How a file is wanted: 0 not at all, 1 low, 2 normal, 3 high; its pieces take the same numbers. */
export type Wish = PiecePriority;

/** What a file is wanted as when nothing is said. */
const WISH_NORMAL: Wish = PRIORITY_NORMAL;

type SizedFile = Pick<TorrentFile, 'offset' | 'byteLength' | 'isPadding'>;

/**
 * One wish per file, padding included: padding goes with the file before it. `said`: by file index, as far as something
 * is said; further files are wanted.
 */
export function wishesOf(files: readonly SizedFile[], said: Uint8Array): Uint8Array {
  const wishes = new Uint8Array(files.length).fill(WISH_NORMAL);
  for (const [index, { isPadding }] of files.entries()) {
    if (isPadding && index > 0) wishes[index] = wishes[index - 1]!;
    else if (index < said.length) wishes[index] = Math.min(said[index]!, PRIORITY_HIGH);
  }
  return wishes;
}

/** What each piece is wanted as: a piece that several files share, as the one that is wanted most. */
export function prioritiesOf(layout: Layout, wishes: Uint8Array): Uint8Array {
  const priorities = new Uint8Array(layout.pieceCount);
  for (let file = 0; file < wishes.length; file++) {
    const { first, end } = layout.piecesOf(fileIndex(file));
    const wish = wishes[file]!;
    if (end === first) continue;
    // Inner pieces are this file's alone.
    if (priorities[first]! < wish) priorities[first] = wish;
    if (end - first > 2) priorities.fill(wish, first + 1, end - 1);
    if (priorities[end - 1]! < wish) priorities[end - 1] = wish;
  }
  return priorities;
}

/** Content bytes of the files that are wanted. */
export function wantedBytesOf(files: readonly SizedFile[], wishes: Uint8Array): number {
  let sum = 0;
  for (const [index, file] of files.entries()) {
    if (!file.isPadding && wishes[index] !== 0) sum += file.byteLength;
  }
  return sum;
}

/** Verified bytes of each file; of padding none. */
export function doneBytesByFile(
  layout: Layout,
  files: readonly SizedFile[],
  have: Pick<Bitfield, 'has' | 'isFull'>,
): Float64Array {
  const done = new Float64Array(files.length);
  for (const [index, file] of files.entries()) {
    if (!file.isPadding) done[index] = have.isFull ? file.byteLength : doneBytesOf(layout, file, index, have);
  }
  return done;
}

function doneBytesOf(layout: Layout, file: SizedFile, index: number, have: Pick<Bitfield, 'has'>): number {
  const { first, end } = layout.piecesOf(fileIndex(index));
  const { pieceLength } = layout;
  let sum = 0;
  for (let piece: number = first; piece < end; piece++) {
    if (!have.has(piece)) continue;
    const from = Math.max(file.offset, piece * pieceLength);
    sum += Math.min(file.offset + file.byteLength, (piece + 1) * pieceLength) - from;
  }
  return sum;
}

/** Bytes of this piece that belong to files that are wanted. */
export function wantedBytesOfPiece(layout: Layout, wishes: Uint8Array, piece: PieceIndex): number {
  let sum = 0;
  for (const extent of layout.extentsOf(piece, blockOffset(0), layout.pieceLengthOf(piece))) {
    if (!extent.isPadding && wishes[extent.file] !== 0) sum += extent.byteLength;
  }
  return sum;
}
