import { Resolver as DnsResolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { endpointText } from '../../codec/endpoint.ts';
import type { ResolvedAnswer } from '../../onion/cell/messages.ts';
import type { Resolver } from '../../onion/relay/services.ts';
import type { Clock, Endpoint } from '../../runtime/port.ts';

/** How lookups ended; the bound of the label in metrics. */
export const DNS_OUTCOMES = ['found', 'not-found', 'refused', 'failed', 'timeout'] as const;
export type DnsOutcome = (typeof DNS_OUTCOMES)[number];

export interface NameResolverOptions {
  /** Empty: those of the system. */
  readonly nameServers: readonly Endpoint[];
  readonly ipv6: boolean;
  /** Answers remembered. */
  readonly entriesMax: number;
  /** Of one try; there are {@link NameResolverOptions.tries}. */
  readonly timeoutMs: number;
  readonly tries: number;
}

export const RESOLVER_DEFAULTS = { ipv6: false, entriesMax: 8192, timeoutMs: 5_000, tries: 2 } as const;

/** How long an answer is good for, whatever it says, so that nobody can tell from it who asked when. tor-spec, DNS. */
const ANSWER_TTL_SEC = 60;
const REMEMBER_MIN_SEC = 60;
const REMEMBER_MAX_SEC = 1800;
const ADDRESSES_MAX = 16;

interface Entry {
  readonly answers: readonly ResolvedAnswer[];
  readonly untilMs: number;
}

/** Looks names up for exit streams with c-ares, in the background, and remembers the answers. */
export class NameResolver implements Resolver {
  readonly outcomes: Record<DnsOutcome, number> = Object.fromEntries(
    DNS_OUTCOMES.map((name) => [name, 0]),
  ) as Record<DnsOutcome, number>;
  readonly #options: NameResolverOptions;
  readonly #clock: Clock;
  readonly #dns: DnsResolver;
  /** By question, the one asked the longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<readonly ResolvedAnswer[]>>();

  constructor(options: NameResolverOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#dns = new DnsResolver({ timeout: options.timeoutMs, tries: options.tries });
    if (options.nameServers.length > 0) {
      this.#dns.setServers(options.nameServers.map(endpointText));
    }
  }

  get remembered(): number {
    return this.#entries.size;
  }

  addresses(name: string): Promise<readonly ResolvedAnswer[]> {
    const family = isIP(name);
    if (family !== 0) {
      return Promise.resolve([{ kind: family === 4 ? 'ipv4' : 'ipv6', value: name, ttlSec: ANSWER_TTL_SEC }]);
    }
    const asked = name.toLowerCase().replace(/\.$/, '');
    return this.#remembering(`a ${asked}`, () => this.#askAddresses(asked));
  }

  names(address: string): Promise<readonly ResolvedAnswer[]> {
    return this.#remembering(`ptr ${address}`, async () => {
      const names = await this.#dns.reverse(address);
      const answers = names
        .slice(0, ADDRESSES_MAX)
        .map((value): ResolvedAnswer => ({ kind: 'name', value, ttlSec: ANSWER_TTL_SEC }));
      return { answers, ttlSec: REMEMBER_MIN_SEC };
    });
  }

  /** Lets go of questions that are under way. */
  close(): void {
    this.#dns.cancel();
  }

  async #remembering(
    key: string,
    ask: () => Promise<{ readonly answers: readonly ResolvedAnswer[]; readonly ttlSec: number }>,
  ): Promise<readonly ResolvedAnswer[]> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > this.#clock.now()) {
      // Put at the end: it was asked for just now.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.answers;
    }
    const pending = this.#asking.get(key);
    if (pending !== undefined) return pending;
    const asking = this.#settle(key, ask);
    this.#asking.set(key, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(key);
    }
  }

  async #settle(
    key: string,
    ask: () => Promise<{ readonly answers: readonly ResolvedAnswer[]; readonly ttlSec: number }>,
  ): Promise<readonly ResolvedAnswer[]> {
    try {
      const { answers, ttlSec } = await ask();
      if (answers.length > 0) {
        this.outcomes.found += 1;
        return this.#remember(key, answers, ttlSec);
      }
      this.outcomes['not-found'] += 1;
      return this.#remember(key, [problem('error')], REMEMBER_MIN_SEC);
    } catch (error) {
      const outcome = outcomeOf(error);
      this.outcomes[outcome] += 1;
      if (outcome === 'not-found') return this.#remember(key, [problem('error')], REMEMBER_MIN_SEC);
      return [problem('error-transient')];
    }
  }

  async #askAddresses(name: string): Promise<{ answers: readonly ResolvedAnswer[]; ttlSec: number }> {
    const [four, six] = await Promise.allSettled([
      this.#dns.resolve4(name, { ttl: true }),
      this.#options.ipv6 ? this.#dns.resolve6(name, { ttl: true }) : Promise.resolve([]),
    ]);
    const found = [four, six].flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    const ttlSec = found.reduce((least, { ttl }) => Math.min(least, ttl), REMEMBER_MAX_SEC);
    const answers = found.slice(0, ADDRESSES_MAX).map(({ address }): ResolvedAnswer => {
      const kind = address.includes(':') ? 'ipv6' : 'ipv4';
      return { kind, value: address, ttlSec: ANSWER_TTL_SEC };
    });
    return { answers, ttlSec };
  }

  #remember(key: string, answers: readonly ResolvedAnswer[], ttlSec: number): readonly ResolvedAnswer[] {
    const seconds = Math.min(REMEMBER_MAX_SEC, Math.max(REMEMBER_MIN_SEC, ttlSec));
    this.#entries.delete(key);
    this.#entries.set(key, { answers, untilMs: this.#clock.now() + seconds * 1000 });
    if (this.#entries.size > this.#options.entriesMax) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return answers;
  }
}

function problem(kind: 'error' | 'error-transient'): ResolvedAnswer {
  return { kind, value: '', ttlSec: ANSWER_TTL_SEC };
}

function outcomeOf(error: unknown): DnsOutcome {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOTFOUND':
    case 'ENODATA':
      return 'not-found';
    case 'EREFUSED':
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEOUT':
      return 'timeout';
    default:
      return 'failed';
  }
}
