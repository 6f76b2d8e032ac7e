import type { HistoryEvent } from './wire.ts';

/** Rates of the last seconds, in two rings. */
export class SpeedHistory {
  readonly #down: Float64Array;
  readonly #up: Float64Array;
  #count = 0;
  #endSec = 0;

  constructor(options: { readonly secondsMax: number }) {
    this.#down = new Float64Array(options.secondsMax);
    this.#up = new Float64Array(options.secondsMax);
  }

  /** Seconds that were missed repeat the rate of the one before. */
  note(atSec: number, down: number, up: number): void {
    const length = this.#down.length;
    const steps = this.#endSec === 0 ? 1 : Math.min(length, atSec - this.#endSec);
    for (let step = 0; step < steps; step++) {
      this.#down[this.#count % length] = down;
      this.#up[this.#count % length] = up;
      this.#count++;
    }
    if (steps > 0 || atSec < this.#endSec - length) this.#endSec = atSec;
  }

  event(): HistoryEvent {
    return { endSec: this.#endSec, down: this.#list(this.#down), up: this.#list(this.#up) };
  }

  #list(ring: Float64Array): number[] {
    const kept = Math.min(this.#count, ring.length);
    return Array.from({ length: kept }, (_, index) => ring[(this.#count - kept + index) % ring.length]!);
  }
}
