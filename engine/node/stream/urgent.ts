import { type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';

/** The pieces ahead of one reader; `end` is one past the last. */
export interface ReadWindow {
  readonly first: number;
  readonly end: number;
}

/** How far ahead of a reader pieces are urgent: so many bytes, two pieces at least. */
export const WINDOW_BYTES = 16 * 1024 * 1024;
/** Urgent pieces of one torrent, all its readers together. */
export const URGENT_PIECES_MAX = 128;

/** What lies ahead of a reader that is at `offset` and reads up to `end`, both in the piece space. */
export function windowAt(offset: number, end: number, pieceLength: number): ReadWindow {
  const first = Math.floor(offset / pieceLength);
  const until = Math.min(end, offset + Math.max(WINDOW_BYTES, 2 * pieceLength));
  return { first, end: Math.max(first, Math.ceil(until / pieceLength)) };
}

/** The urgent pieces in order: the next one of each reader, then the ones after these, and so on. */
export function urgentPieces(
  windows: readonly ReadWindow[],
  isHere: (piece: PieceIndex) => boolean,
  countMax: number = URGENT_PIECES_MAX,
): PieceIndex[] {
  const urgent = new Set<PieceIndex>();
  const longest = Math.max(0, ...windows.map(({ first, end }) => end - first));
  for (let ahead = 0; ahead < longest; ahead++) {
    for (const { first, end } of windows) {
      const piece = pieceIndex(first + ahead);
      if (piece >= end || isHere(piece)) continue;
      urgent.add(piece);
      if (urgent.size >= countMax) return [...urgent];
    }
  }
  return [...urgent];
}
