/** A pipe of limited capacity: what enters leaves at the rate, one after the other. */
export class Pacer {
  /** Infinity: no limit. May be changed at any time. */
  rateBytesPerSec: number;
  #freeAtMs = 0;

  constructor(rateBytesPerSec: number) {
    this.rateBytesPerSec = rateBytesPerSec;
  }

  /** When the last of `length` bytes that enter at `nowMs` leaves. They are queued behind all earlier ones. */
  pass(nowMs: number, length: number): number {
    if (this.rateBytesPerSec === Infinity) return nowMs;
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + this.durationMs(length);
    return this.#freeAtMs;
  }

  /** How long `length` bytes occupy it. */
  durationMs(length: number): number {
    return (length * 1000) / this.rateBytesPerSec;
  }

  /** How long a byte that enters at `nowMs` would wait. */
  backlogMs(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs);
  }
}
