/**
 * A token bucket: how long to wait so that no more than `rateBytesPerSec` go through on average. Whoever brings the
 * time decides which clock it is.
 */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #tokens: number;
  #lastMs: number;

  /** `rateBytesPerSec` may be Infinity. `burstMs` worth of bytes may go at once after a pause. */
  constructor(options: {
    readonly rateBytesPerSec: number;
    readonly burstMs: number;
    readonly nowMs: number;
  }) {
    this.#bytesPerMs = options.rateBytesPerSec / 1000;
    this.#burstBytes = this.#bytesPerMs * options.burstMs;
    this.#tokens = this.#burstBytes;
    this.#lastMs = options.nowMs;
  }

  /** 0 when the next bytes may go now, else how long to wait. */
  delayMs(nowMs: number): number {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return 0;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + (nowMs - this.#lastMs) * this.#bytesPerMs);
    this.#lastMs = nowMs;
    return this.#tokens > 0 ? 0 : Math.ceil((1 - this.#tokens) / this.#bytesPerMs);
  }

  /** Bytes are on their way. More than there are tokens for is fine: the next ones wait longer. */
  spend(byteLength: number): void {
    this.#tokens -= byteLength;
  }

  /** The most one task should carry, so that the stream stays even: what goes in a quarter of a second. */
  get sliceBytes(): number {
    return this.#bytesPerMs * 250;
  }
}
