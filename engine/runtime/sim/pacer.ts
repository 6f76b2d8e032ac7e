/** A pipe of limited capacity: what enters leaves at the rate, one after the other. */
export class Pacer {
  /** Infinity: no limit. May be changed at any time. */
  rateBytesPerSec: number;
  /** What may wait, as a time; whoever sends packets asks {@link admits}. May be changed at any time. */
  queueMsMax: number;
  #freeAtMs = 0;

  constructor(rateBytesPerSec: number, queueMsMax = Infinity) {
    this.rateBytesPerSec = rateBytesPerSec;
    this.queueMsMax = queueMsMax;
  }

  /** Whether a packet of `length` bytes finds room in the queue; an empty queue takes any. */
  admits(nowMs: number, length: number): boolean {
    const backlogMs = this.backlogMs(nowMs);
    return backlogMs === 0 || backlogMs + this.durationMs(length) <= this.queueMsMax;
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
