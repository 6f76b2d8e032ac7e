import { type PieceIndex, pieceIndex } from '../units.ts';
import { VERDICT, type VerdictMap } from './verdict.ts';

/** What one task of reading and hashing should hold. */
export interface BatchSize {
  readonly bytes: number;
  /** Pieces, however long they are. */
  readonly piecesMin: number;
}

/** Enough to make the cost of handing out a task disappear. */
const BYTES_MAX = 16 * 1024 * 1024;
/** Small enough that nobody waits long for the last one. */
const BYTES_MIN = 1024 * 1024;
/** Hashers gain from so many pieces side by side … */
const LANES = 4;
/** … unless these are so long that a task would take seconds. */
const LANE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * How much the next task should hold when `remainingBytes` are left for `workers`: large ones first, smaller ones
 * towards the end, so that all threads finish together (guided self-scheduling).
 */
export function nextBatch(remainingBytes: number, pieceLength: number, workers: number): BatchSize {
  const share = remainingBytes / (workers * 3);
  const isFarFromEnd = share > 4 * LANES * pieceLength;
  return {
    bytes: Math.max(BYTES_MIN, Math.min(BYTES_MAX, share)),
    piecesMin: isFarFromEnd && pieceLength <= LANE_BYTES_MAX ? LANES : 1,
  };
}

/**
 * Walks over the pending pieces of a torrent once, in order, and cuts them into batches. A piece is taken when it is
 * handed out; its verdict stays pending until somebody sets it.
 */
export class PieceQueue {
  readonly #verdicts: VerdictMap;
  #from = 0;

  constructor(verdicts: VerdictMap) {
    this.#verdicts = verdicts;
  }

  get isEmpty(): boolean {
    return this.#verdicts.next(VERDICT.pending, this.#from) < 0;
  }

  /**
   * The next pieces: at least `piecesMin` (for hashers that work on several side by side), then as many as fit into
   * `bytes`. Empty only when all are handed out.
   */
  take(bytes: number, piecesMin: number, lengthOf: (piece: PieceIndex) => number): PieceIndex[] {
    const batch: PieceIndex[] = [];
    let taken = 0;
    for (;;) {
      const next = this.#verdicts.next(VERDICT.pending, this.#from);
      if (next < 0) break;
      const byteLength = lengthOf(pieceIndex(next));
      if (batch.length >= piecesMin && taken + byteLength > bytes) break;
      batch.push(pieceIndex(next));
      taken += byteLength;
      this.#from = next + 1;
    }
    return batch;
  }
}
