import type { PieceIndex } from '../units.ts';
import { pieceIndex } from '../units.ts';

/** What is known of one piece; a byte for each piece of a torrent. */
export const VERDICT = {
  /** Nobody asked for it. */
  unselected: 0,
  /** To be hashed. */
  pending: 1,
  /** Hashed, and as the torrent says. */
  good: 2,
  /** Hashed, and different. */
  bad: 3,
  /** Not hashed: some of its bytes are missing or could not be read. */
  blocked: 4,
} as const;

/** One of the values of {@link VERDICT}. */
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** Pieces `first` up to and without `end`. */
export interface PieceRun {
  readonly first: PieceIndex;
  readonly end: PieceIndex;
}

/** The verdicts of all pieces of one torrent, with counts kept along. */
export class VerdictMap {
  readonly pieceCount: number;
  readonly #verdicts: Uint8Array;
  readonly #counts = [0, 0, 0, 0, 0];

  /** All pieces start as unselected. */
  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
    this.#verdicts = new Uint8Array(pieceCount);
    this.#counts[VERDICT.unselected] = pieceCount;
  }

  get(piece: number): Verdict {
    return (this.#verdicts[piece] ?? VERDICT.unselected) as Verdict;
  }

  set(piece: number, verdict: Verdict): void {
    const before = this.#verdicts[piece];
    if (before === undefined) throw new RangeError(`no piece ${piece}, there are ${this.pieceCount}`);
    this.#counts[before]! -= 1;
    this.#counts[verdict]! += 1;
    this.#verdicts[piece] = verdict;
  }

  count(verdict: Verdict): number {
    return this.#counts[verdict]!;
  }

  /** Pieces somebody asked for. */
  get selectedCount(): number {
    return this.pieceCount - this.count(VERDICT.unselected);
  }

  /** The first piece with this verdict at or after `from`, or -1. */
  next(verdict: Verdict, from: number): number {
    return this.#verdicts.indexOf(verdict, from);
  }

  /** All pieces with this verdict, as runs in order. */
  runs(verdict: Verdict): PieceRun[] {
    const runs: PieceRun[] = [];
    let first = this.next(verdict, 0);
    while (first >= 0) {
      let end = first + 1;
      while (end < this.pieceCount && this.#verdicts[end] === verdict) end += 1;
      runs.push({ first: pieceIndex(first), end: pieceIndex(end) });
      first = this.next(verdict, end);
    }
    return runs;
  }
}
