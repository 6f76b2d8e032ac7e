import type { Clock } from '../../runtime/port.ts';

/** Steps of handshakes worked on in one turn of the loop: some 1.5 ms. */
export const HANDSHAKES_PER_TURN = 4;

/**
 * Spreads the steps of handshakes over turns of the loop. A read may bring the answers to dozens at once: worked on in
 * one go, what they lead to would be sent when the last is done, and the relays would wait until then. There are never
 * more steps waiting than circuits being built, for each of those waits for one at most.
 */
export class HandshakeTurns {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  /** Of this turn. */
  #done = 0;
  #isScheduled = false;

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  /** Steps that wait for a turn of theirs. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Does `step` now, or in its turn if this one has had its share. */
  run(step: () => void): void {
    this.#schedule();
    if (this.#done < HANDSHAKES_PER_TURN && this.#waiting.length === 0) {
      this.#done += 1;
      step();
    } else {
      this.#waiting.push(step);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.setTimer(0, () => {
      this.#isScheduled = false;
      const steps = this.#waiting.splice(0, HANDSHAKES_PER_TURN);
      this.#done = steps.length;
      if (steps.length > 0) this.#schedule();
      for (const step of steps) step();
    });
  }
}
