import type { Clock, Random, Timer } from '../../runtime/port.ts';
import type { LinkPadding } from '../cell/messages.ts';

/** padding-spec, "channel padding": after so long without cells, one of padding. */
export interface PaddingTimes {
  readonly lowMs: number;
  readonly highMs: number;
}

/** The network's default, `nf_ito_low` and `nf_ito_high`. */
export const PADDING_TIMES: PaddingTimes = { lowMs: 1500, highMs: 9500 };
/** What a client asks for that wants less, `nf_ito_low_reduced` and `nf_ito_high_reduced`. */
export const PADDING_TIMES_REDUCED: PaddingTimes = { lowMs: 9000, highMs: 14000 };

/**
 * Sends padding on a link that has been idle for a while, so that routers' records of connections tell less: between
 * clients and their first relays only. The idle time is the longer of two drawn evenly, anew each time.
 */
export class LinkPadder {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sendPadding: () => void;
  #times: PaddingTimes;
  #timer: Timer | undefined;
  #idleMs = 0;
  #lastCellMs = 0;

  constructor(
    options: { readonly times: PaddingTimes },
    modules: { readonly clock: Clock; readonly random: Random; readonly sendPadding: () => void },
  ) {
    this.#times = options.times;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#sendPadding = modules.sendPadding;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    this.stop();
    if (this.#times.highMs === 0) return;
    this.#lastCellMs = this.#clock.now();
    this.#draw();
    this.#wait(this.#idleMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A cell came or went that is not padding. */
  touch(): void {
    if (this.#timer !== undefined) this.#lastCellMs = this.#clock.now();
  }

  /** The client says what it wants. It may ask for less padding than the network's, never for more. */
  negotiate(message: LinkPadding): void {
    if (message.command === 'stop') {
      this.stop();
      return;
    }
    const { lowMs, highMs } = this.#times;
    this.#times = { lowMs: Math.max(lowMs, message.lowMs), highMs: Math.max(highMs, message.highMs) };
    this.start();
  }

  #draw(): void {
    const { lowMs, highMs } = this.#times;
    const span = highMs - lowMs + 1;
    this.#idleMs = lowMs + Math.max(this.#random.below(span), this.#random.below(span));
  }

  /** One timer, looked at when it ends: cells are many, and none of them moves it. */
  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#lastCellMs + this.#idleMs - this.#clock.now();
      if (leftMs > 0) {
        this.#wait(leftMs);
        return;
      }
      this.#sendPadding();
      this.#lastCellMs = this.#clock.now();
      this.#draw();
      this.#wait(this.#idleMs);
    });
  }
}
