/** BEP 3: rates are averaged over 20 seconds. */
export const RATE_WINDOW_MS = 20_000;
const TICKS = 20;

/**
 * A rolling average in bytes per second on the caller's clock, in steps of a twentieth of the window. A meter
 * younger than the window averages over its age, but over one step at least, so that a single block is no burst.
 */
export class RateMeter {
  readonly #tickMs: number;
  readonly #startMs: number;
  readonly #ticks = new Float64Array(TICKS);
  #tick: number;
  #sum = 0;
  #totalBytes = 0;

  constructor(nowMs: number, windowMs: number = RATE_WINDOW_MS) {
    this.#tickMs = windowMs / TICKS;
    this.#startMs = nowMs;
    this.#tick = Math.floor(nowMs / this.#tickMs);
  }

  /** All bytes ever added. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  add(byteLength: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#ticks[this.#tick % TICKS]! += byteLength;
    this.#sum += byteLength;
    this.#totalBytes += byteLength;
  }

  bytesPerSec(nowMs: number): number {
    this.#advance(nowMs);
    const windowMs = (TICKS - 1) * this.#tickMs + (nowMs - this.#tick * this.#tickMs);
    const spanMs = Math.max(this.#tickMs, Math.min(windowMs, nowMs - this.#startMs));
    return (this.#sum * 1000) / spanMs;
  }

  #advance(nowMs: number): void {
    const tick = Math.floor(nowMs / this.#tickMs);
    if (tick - this.#tick >= TICKS) {
      this.#ticks.fill(0);
      this.#sum = 0;
      this.#tick = tick;
    }
    while (this.#tick < tick) {
      this.#tick++;
      const slot = this.#tick % TICKS;
      this.#sum -= this.#ticks[slot]!;
      this.#ticks[slot] = 0;
    }
  }
}
