import { type PieceIndex, pieceIndex } from '../units.ts';
import { VERDICT, type VerdictMap } from './verdict.ts';

/** How the work of a check is cut into tasks. */
export interface BatchOptions {
  /** Enough to make the cost of handing out a task disappear. */
  readonly bytesMax: number;
  /** Small enough that nobody waits long for the last one. */
  readonly bytesMin: number;
  /** Threads that share the work. */
  readonly workers: number;
}

/**
 * How many bytes the next task should have: large ones first, smaller ones towards the end, so that all threads
 * finish together (guided self-scheduling).
 */
export function nextBatchBytes(remainingBytes: number, options: BatchOptions): number {
  const share = remainingBytes / (options.workers * 3);
  return Math.max(options.bytesMin, Math.min(options.bytesMax, share));
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
