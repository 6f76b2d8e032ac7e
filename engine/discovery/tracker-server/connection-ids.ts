import { SIPHASH_KEY_BYTES, SipHash } from '../../codec/siphash.ts';
import type { Random } from '../../runtime/port.ts';

/** BEP 15: a client may use an identifier for one minute; the tracker accepts it until two minutes after it was given. */
export const CONNECTION_ID_PERIOD_MS = 60_000;

/** Of an IPv6 address, and one for the minute. */
const WORDS = 5;

/**
 * Connection identifiers of BEP 15 without any state: a keyed hash of the address and the minute. Whoever cannot receive
 * at an address cannot know its identifier, and one of another address, or an old one, does not fit. The port is no part
 * of it: libtorrent keeps one identifier for all its sockets.
 */
export class ConnectionIds {
  /** What {@link make} has made: the two halves, most significant first. */
  high = 0;
  low = 0;
  readonly #sip: SipHash;
  readonly #words = new Int32Array(WORDS);

  constructor(modules: { readonly random: Random }) {
    this.#sip = new SipHash(modules.random.bytes(SIPHASH_KEY_BYTES));
  }

  /** For the address that `endpoint`, in compact form, begins with. */
  make(endpoint: Uint16Array, nowMs: number): void {
    this.#hash(endpoint, Math.floor(nowMs / CONNECTION_ID_PERIOD_MS));
  }

  /** In constant time. */
  accepts(endpoint: Uint16Array, nowMs: number, high: number, low: number): boolean {
    const period = Math.floor(nowMs / CONNECTION_ID_PERIOD_MS);
    this.#hash(endpoint, period);
    const now = (this.high ^ high) | (this.low ^ low);
    if (now === 0) return true;
    this.#hash(endpoint, period - 1);
    return ((this.high ^ high) | (this.low ^ low)) === 0;
  }

  #hash(endpoint: Uint16Array, period: number): void {
    const words = this.#words;
    const count = endpoint.length >>> 1;
    for (let i = 0; i < count; i++) words[i] = endpoint[2 * i]! | (endpoint[2 * i + 1]! << 16);
    words[count] = period;
    this.#sip.hash(words, count + 1);
    this.high = this.#sip.high;
    this.low = this.#sip.low;
  }
}
