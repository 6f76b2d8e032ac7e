/** Long enough that neither the disk nor the socket is asked too often. */
export const RUN_BLOCKS_MAX = 64;
const RUN_BLOCKS_START = 16;
/** A run that is taken within this may be followed by one twice as long. */
const QUICK_MS = 20;
/** One that takes longer is followed by one half as long: what waits for a slow peer holds slots. */
const SLOW_MS = 200;

/**
 * How many blocks are read and sent to a peer in one go: as many as it takes in a fraction of a second. A fast peer costs
 * fewer system calls, and a slow one holds little memory: two thousand of them with one block each under way 64 MiB.
 */
export class RunLength {
  private current = RUN_BLOCKS_START;

  get blocksMax(): number {
    return this.current;
  }

  /** A run of so many blocks was taken `tookMs` after it had been written. */
  note(blocks: number, tookMs: number): void {
    if (tookMs > SLOW_MS) this.current = Math.max(1, Math.min(this.current, blocks) >>> 1);
    else if (tookMs < QUICK_MS && blocks >= this.current)
      this.current = Math.min(RUN_BLOCKS_MAX, this.current * 2);
  }
}
