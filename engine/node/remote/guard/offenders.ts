import { isIPv6 } from 'node:net';

const FREE_TRIES = 3;
const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 15 * 60_000;
/** After so long without a wrong password all is forgotten. */
const FORGIVEN_AFTER_MS = 3_600_000;

interface Offender {
  failures: number;
  lastMs: number;
}

/**
 * Counts wrong passwords by address: after three, each doubles the time until the next may be tried, from a second to a
 * quarter of an hour. Bounded: the address that has been quiet longest is forgotten first.
 */
export class Offenders {
  private readonly byAddress = new Map<string, Offender>();
  private readonly countMax: number;

  constructor(options: { readonly countMax: number }) {
    this.countMax = options.countMax;
  }

  get size(): number {
    return this.byAddress.size;
  }

  /** Milliseconds until this address may try again; 0: at once. */
  waitMs(address: string, nowMs: number): number {
    const offender = this.byAddress.get(networkOf(address));
    if (offender === undefined || offender.failures < FREE_TRIES) return 0;
    const delayMs = Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** (offender.failures - FREE_TRIES));
    return Math.max(0, offender.lastMs + delayMs - nowMs);
  }

  noteFailure(address: string, nowMs: number): void {
    const network = networkOf(address);
    const before = this.byAddress.get(network);
    const isOld = before === undefined || nowMs - before.lastMs > FORGIVEN_AFTER_MS;
    this.byAddress.delete(network);
    if (this.byAddress.size >= this.countMax) {
      for (const oldest of this.byAddress.keys()) {
        this.byAddress.delete(oldest);
        break;
      }
    }
    this.byAddress.set(network, { failures: isOld ? 1 : before.failures + 1, lastMs: nowMs });
  }

  forgive(address: string): void {
    this.byAddress.delete(networkOf(address));
  }
}

/** One subscriber has a /64 of IPv6: all of it counts as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
