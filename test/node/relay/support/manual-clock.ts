import type { Clock, Milliseconds, Timer } from '../../../../engine/runtime/port.ts';

interface Waiting {
  readonly atMs: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** A clock that stands still until it is told to go on. Both its times are the same. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #waiting: Waiting[] = [];

  constructor(nowMs = 1_800_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): Milliseconds {
    return this.#nowMs as Milliseconds;
  }

  wallClock(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const waiting = { atMs: this.#nowMs + delayMs, callback, isCancelled: false };
    this.#waiting.push(waiting);
    return {
      cancel: () => {
        waiting.isCancelled = true;
      },
    };
  }

  /** Lets this time go by, with all that happens in it. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      this.#waiting.sort((a, b) => a.atMs - b.atMs);
      const next = this.#waiting[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#waiting.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (!next.isCancelled) next.callback();
    }
    this.#nowMs = untilMs;
  }
}
