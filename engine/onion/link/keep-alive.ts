import type { Clock, Timer } from '../../runtime/port.ts';

/** After so long without sending a cell, one of padding. C tor: KeepalivePeriod. */
export const KEEP_ALIVE_MS = 300_000;

/**
 * Sends a cell of padding on a link that has sent nothing for {@link KEEP_ALIVE_MS}. Whoever only listens never learns
 * that the other end lost power: its circuits would stay for ever. With something to send, the system finds out.
 */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #sendPadding: () => void;
  #timer: Timer | undefined;
  #hasSent = false;

  constructor(modules: { readonly clock: Clock; readonly sendPadding: () => void }) {
    this.#clock = modules.clock;
    this.#sendPadding = modules.sendPadding;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(KEEP_ALIVE_MS, () => {
      if (!this.#hasSent) this.#sendPadding();
      this.#hasSent = false;
      this.start();
    });
  }

  /** Something was sent. */
  touch(): void {
    this.#hasSent = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
