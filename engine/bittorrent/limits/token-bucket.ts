import { SLOT_BYTES } from '../../kernels/types.ts';
import { TURN_BYTES_MAX } from './gates.ts';

/** What an idle bucket saves up: enough to bridge a late timer, little enough to be no burst that matters. */
const SAVED_MS = 200;
/** What one turn may bring, in time at the whole rate: short, so that many peers have their turns soon. */
const TURN_MS = 50;

/**
 * Bytes that may go, growing with time. More may be spent than there is, as blocks are not cut: the next one waits
 * longer, so the rate holds. Times are those of the runtime's clock.
 */
export class TokenBucket {
  /** The last pass of the queue in which somebody found it empty. */
  starvedInPass = -1;
  #bytesPerMs = 0;
  #tokens = 0;
  #lastMs = 0;

  /** 0: no limit. */
  get bytesPerSec(): number {
    return this.#bytesPerMs * 1000;
  }

  /** What may go at once before others have their turn: whole blocks, one at least. */
  get turnBytes(): number {
    const blocks = Math.floor((this.#bytesPerMs * TURN_MS) / SLOT_BYTES);
    return Math.min(TURN_BYTES_MAX, Math.max(1, blocks) * SLOT_BYTES);
  }

  /** Bytes there are as of {@link waitMs}. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Another rate from now on; 0: no limit. What was overdrawn at the old rate is forgiven. */
  setRate(bytesPerSec: number, nowMs: number): void {
    if (bytesPerSec === this.bytesPerSec) return;
    this.#bytesPerMs = bytesPerSec / 1000;
    this.#tokens = 0;
    this.#lastMs = nowMs;
  }

  /** Milliseconds until something may be spent; 0: now. */
  waitMs(nowMs: number): number {
    if (this.#bytesPerMs === 0) return 0;
    const grown = this.#tokens + (nowMs - this.#lastMs) * this.#bytesPerMs;
    this.#tokens = Math.min(grown, SAVED_MS * this.#bytesPerMs);
    this.#lastMs = nowMs;
    return this.#tokens > 0 ? 0 : (1 - this.#tokens) / this.#bytesPerMs;
  }

  /** Negative: gives back. */
  spend(byteLength: number): void {
    this.#tokens -= byteLength;
  }
}
