/** RFC 6928. */
const PACKETS_START = 10;
/** RFC 6298, and what the systems in use do with its minimum. */
const TIMEOUT_START_MS = 1000;
const TIMEOUT_MIN_MS = 200;
const TIMEOUT_MAX_MS = 120_000;

/** How many packets a TCP sender keeps under way (RFC 5681), and how long it waits for one (RFC 6298). */
export class RenoWindow {
  packets = PACKETS_START;
  #threshold = Infinity;
  #averageMs = 0;
  #variationMs = 0;
  #doublings = 0;

  get timeoutMs(): number {
    const measured = this.#averageMs + 4 * this.#variationMs;
    const base = this.#averageMs === 0 ? TIMEOUT_START_MS : Math.max(TIMEOUT_MIN_MS, measured);
    return Math.min(TIMEOUT_MAX_MS, base * 2 ** this.#doublings);
  }

  /** The round trip of a packet that was sent once. */
  sample(ms: number): void {
    if (this.#averageMs === 0) {
      this.#averageMs = ms;
      this.#variationMs = ms / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#averageMs - ms) - this.#variationMs) / 4;
    this.#averageMs += (ms - this.#averageMs) / 8;
  }

  onArrived(count: number): void {
    this.#doublings = 0;
    this.packets += this.packets < this.#threshold ? count : count / this.packets;
  }

  onLoss(): void {
    this.#threshold = Math.max(2, this.packets / 2);
    this.packets = this.#threshold;
  }

  onTimeout(): void {
    this.#doublings++;
    this.#threshold = Math.max(2, this.packets / 2);
    this.packets = 1;
  }
}
