import type { Random } from '../../runtime/port.ts';
import { MultilinearHash } from './multilinear-hash.ts';

const PERIOD_MS = 60_000;
const CELLS = 65_536;
const V4_HALVES = 2;
/** One subscriber has a /64, so only its four halves count. */
const V6_HALVES = 4;

/**
 * How often an address asks, in a table that never grows: each address counts in one of 65,536 cells, chosen by a secret.
 * Two that share a cell share its allowance for this minute; the secret is new with each start.
 */
export class RateGuard {
  refused = 0;
  readonly #perMinuteMax: number;
  readonly #counts = new Uint32Array(CELLS);
  readonly #v4: MultilinearHash;
  readonly #v6: MultilinearHash;
  #period = -1;

  /** `perMinuteMax`: requests; 0 for any number. */
  constructor(options: { readonly perMinuteMax: number }, modules: { readonly random: Random }) {
    this.#perMinuteMax = options.perMinuteMax;
    this.#v4 = new MultilinearHash({ halvesMax: V4_HALVES }, modules);
    this.#v6 = new MultilinearHash({ halvesMax: V6_HALVES }, modules);
  }

  /** One more request of the address that `endpoint` (compact form in halves, the port last) begins with. */
  admits(endpoint: Uint16Array, nowMs: number): boolean {
    if (this.#perMinuteMax === 0) return true;
    const period = Math.floor(nowMs / PERIOD_MS);
    if (period !== this.#period) {
      this.#period = period;
      this.#counts.fill(0);
    }
    const hash =
      endpoint.length === V4_HALVES + 1
        ? this.#v4.of(endpoint, 0, V4_HALVES)
        : this.#v6.of(endpoint, 0, V6_HALVES);
    const cell = hash & (CELLS - 1);
    const count = ++this.#counts[cell]!;
    if (count <= this.#perMinuteMax) return true;
    this.refused++;
    return false;
  }
}
