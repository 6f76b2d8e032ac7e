import type { Random } from '../../runtime/port.ts';

export interface RateLimitOptions {
  /** What one address may take per second in the long run. */
  readonly perSec: number;
  /** What it may take at once. */
  readonly burst: number;
  /** Places for addresses; a power of two. Addresses that fall on one place share it. */
  readonly places: number;
}

/**
 * Limits what each address gets, in memory that never grows: an address has a place in a table by a keyed hash of its
 * bytes, so that nobody can choose addresses that fall on the place of somebody else.
 */
export class AddressRateLimit {
  readonly #options: RateLimitOptions;
  readonly #key: number;
  readonly #filled: Float64Array;
  readonly #atMs: Float64Array;

  constructor(options: RateLimitOptions, modules: { readonly random: Random }) {
    this.#options = options;
    this.#key = modules.random.below(2 ** 32);
    this.#filled = new Float64Array(options.places);
    this.#atMs = new Float64Array(options.places);
  }

  /** Whether the address (4 or 16 bytes, of which IPv6 counts its /64) has anything left. */
  allows(address: Uint8Array, nowMs: number): boolean {
    return this.#level(this.#place(address), nowMs) < this.#options.burst;
  }

  /** Takes `amount` from what the address has left. It may go below nothing once. */
  take(address: Uint8Array, amount: number, nowMs: number): void {
    const place = this.#place(address);
    this.#filled[place] = this.#level(place, nowMs) + amount;
    this.#atMs[place] = nowMs;
  }

  #level(place: number, nowMs: number): number {
    const drained = ((nowMs - this.#atMs[place]!) / 1000) * this.#options.perSec;
    return Math.max(0, this.#filled[place]! - drained);
  }

  #place(address: Uint8Array): number {
    let hash = this.#key;
    const length = Math.min(8, address.length);
    for (let at = 0; at < length; at++) {
      hash = Math.imul(hash ^ address[at]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash & (this.#options.places - 1);
  }
}
