import { parseAuthorityCertificates } from '../../onion/directory/authority-cert.ts';
import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import { CONSENSUS_LIMITS, parseConsensus } from '../../onion/directory/consensus.ts';
import type { Consensus, ConsensusFlavour } from '../../onion/directory/consensus-types.ts';
import { verifyConsensus } from '../../onion/directory/consensus-verify.ts';
import type { DirectoryAnswer } from '../../onion/directory/directory-answer.ts';
import type { DirectoryRequest } from '../../onion/directory/directory-request.ts';
import { nextConsensusFetchMs } from '../../onion/directory/fetch-times.ts';
import {
  type CertificateName,
  certificatesPath,
  consensusPath,
  DIGESTS_PER_REQUEST,
  descriptorsPath,
  microdescriptorsPath,
} from '../../onion/directory/paths.ts';
import { failure, type Result, success } from '../../onion/directory/result.ts';
import { parseServerDescriptors } from '../../onion/directory/server-descriptor.ts';
import type { DirectoryStore } from '../../onion/directory/store.ts';
import type { Clock, Random, Timer } from '../../runtime/port.ts';
import type { Log } from '../log.ts';

const FLAVOURS: readonly ConsensusFlavour[] = ['microdesc', 'ns'];
/** Batches of one kind in one round; what is missing then comes with the next. */
const BATCHES_PER_ROUND = 128;
/** While all goes well, documents that are missing are looked for this often. */
const REFILL_MS = 60_000;

/** What a mirror fetches. */
export type DocumentKind = ConsensusFlavour | 'certificates' | 'microdescriptors' | 'descriptors';

/** One question to one authority. */
export type AskAuthority = (
  authority: DirectoryAuthority,
  request: DirectoryRequest,
) => Promise<Result<DirectoryAnswer>>;

export interface MirrorOptions {
  readonly authorities: readonly DirectoryAuthority[];
  /** Pause after a round that did not bring what it should, doubled from the first to the last. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/** Pauses for the public network, where a consensus is made once in an hour. */
export const RETRY_DEFAULTS = { retryMinMs: 10_000, retryMaxMs: 600_000 } as const;

/**
 * Keeps a {@link DirectoryStore} filled as a cache does: both consensuses, the certificates they need, and what they
 * name. Asks authorities only, another one each time.
 */
export class DirectoryMirror {
  readonly #options: MirrorOptions;
  readonly #store: DirectoryStore;
  readonly #ask: AskAuthority;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #onConsensus: (consensus: Consensus) => void;
  readonly #onChanged: (kinds: ReadonlySet<DocumentKind>) => void;
  #timer: Timer | undefined;
  #isStopped = false;
  #changed = new Set<DocumentKind>();
  #failures = 0;
  /** By kind of document, what was said of it last. */
  readonly #said = new Map<string, string>();
  /** Wall clock: when the next consensus of a flavour is to be fetched. */
  readonly #dueMs: Record<ConsensusFlavour, number> = { microdesc: 0, ns: 0 };

  constructor(
    options: MirrorOptions,
    modules: {
      readonly store: DirectoryStore;
      readonly ask: AskAuthority;
      readonly clock: Clock;
      readonly random: Random;
      readonly log: Log;
      /** Of the microdesc flavour, verified. */
      readonly onConsensus: (consensus: Consensus) => void;
      /** After a round: what has come with it. */
      readonly onChanged?: (kinds: ReadonlySet<DocumentKind>) => void;
    },
  ) {
    this.#options = options;
    this.#store = modules.store;
    this.#ask = modules.ask;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#log = modules.log;
    this.#onConsensus = modules.onConsensus;
    this.#onChanged = modules.onChanged ?? (() => {});
  }

  /** Begins; what the store has already, verified, is not fetched before its time. */
  start(): void {
    for (const flavour of FLAVOURS) {
      const kept = this.#store.consensus(flavour)?.consensus;
      if (kept === undefined) continue;
      this.#dueMs[flavour] = nextConsensusFetchMs(kept, 'cache', this.#random);
      if (flavour === 'microdesc') this.#onConsensus(kept);
    }
    this.#later(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Goes through everything once. True: all is there that should be. */
  async round(): Promise<boolean> {
    let isWhole = true;
    for (const flavour of FLAVOURS) {
      if (this.#clock.wallClock() < this.#dueMs[flavour]) continue;
      const fetched = await this.#fetchConsensus(flavour);
      if (!fetched.ok) {
        isWhole = false;
        this.#say(`${flavour} consensus`, fetched.reason);
      }
    }
    const isAll = (await this.#fetchMicrodescriptors()) && (await this.#fetchDescriptors()) && isWhole;
    const changed = this.#changed;
    this.#changed = new Set();
    if (changed.size > 0) this.#onChanged(changed);
    return isAll;
  }

  #later(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.round().then(
        (isWhole) => this.#next(isWhole),
        (error: unknown) => {
          this.#log.error(`while fetching directory documents: ${String(error)}`);
          this.#next(false);
        },
      );
    });
  }

  #next(isWhole: boolean): void {
    this.#failures = isWhole ? 0 : this.#failures + 1;
    const { retryMinMs, retryMaxMs } = this.#options;
    if (!isWhole) {
      const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures - 1, 20));
      // By chance, so that relays which lost an authority at once do not come back at once.
      this.#later(pauseMs * (0.75 + this.#random.below(512) / 1024));
      return;
    }
    this.#said.clear();
    const dueMs = Math.min(this.#dueMs.microdesc, this.#dueMs.ns) - this.#clock.wallClock();
    this.#later(Math.max(100, Math.min(REFILL_MS, dueMs)));
  }

  async #fetchConsensus(flavour: ConsensusFlavour): Promise<Result<true>> {
    const old = this.#store.consensus(flavour)?.consensus;
    const signers = this.#options.authorities.flatMap(({ v3ident }) => v3ident ?? []);
    const request = {
      method: 'GET',
      path: consensusPath(flavour, signers),
      ifModifiedSinceMs: old?.validAfterMs,
    } as const;
    const answer = await this.#askAny(request, (one) => one.status === 200 || one.status === 304);
    if (!answer.ok) return answer;
    if (answer.value.status === 304) return failure('the authorities have no newer one yet');
    const parsed = parseConsensus(answer.value.body);
    if (!parsed.ok) return parsed;
    if (parsed.value.flavour !== flavour) return failure('the authority sent another document');
    const verdict = await this.#verify(parsed.value);
    if (!verdict.ok) return verdict;
    this.#dueMs[flavour] = nextConsensusFetchMs(parsed.value, 'cache', this.#random);
    if (this.#store.setConsensus(parsed.value, answer.value.body)) {
      this.#changed.add(flavour);
      if (flavour === 'microdesc') this.#onConsensus(parsed.value);
    }
    return success(true);
  }

  /** Fetches the certificates that are missing on the way. */
  async #verify(consensus: Consensus): Promise<Result<true>> {
    const check = () =>
      verifyConsensus(consensus, {
        authorities: this.#options.authorities,
        certificates: this.#store.certificates,
        nowMs: this.#clock.wallClock(),
      });
    let verdict = check();
    if (!verdict.ok && verdict.missing.length > 0) {
      await this.#fetchCertificates(verdict.missing);
      verdict = check();
    }
    return verdict.ok ? success(true) : failure(verdict.reason);
  }

  async #fetchCertificates(names: readonly CertificateName[]): Promise<void> {
    const some = names.slice(0, DIGESTS_PER_REQUEST);
    const request = { method: 'GET', path: certificatesPath(some) } as const;
    const answer = await this.#askAny(request, (one) => one.status === 200);
    if (!answer.ok) return;
    for (const certificate of parseAuthorityCertificates(answer.value.body)) {
      const isAsked = certificate.ok && some.some(({ v3ident }) => v3ident === certificate.value.v3ident);
      if (isAsked && this.#store.addCertificate(certificate.value)) this.#changed.add('certificates');
    }
  }

  async #fetchMicrodescriptors(): Promise<boolean> {
    let missing = this.#store.missingMicrodescriptors();
    for (let batch = 0; batch < BATCHES_PER_ROUND && missing.length > 0; batch += 1) {
      const some = missing.slice(0, DIGESTS_PER_REQUEST);
      missing = missing.slice(DIGESTS_PER_REQUEST);
      const answer = await this.#askAny({ method: 'GET', path: microdescriptorsPath(some) }, isFound);
      if (!answer.ok) this.#say('microdescriptors', answer.reason);
      else if (this.#store.addMicrodescriptors(answer.value.body, new Set(some)).length > 0) {
        this.#changed.add('microdescriptors');
      }
    }
    return this.#store.missingMicrodescriptors().length === 0;
  }

  async #fetchDescriptors(): Promise<boolean> {
    let missing = this.#store.missingDescriptors();
    for (let batch = 0; batch < BATCHES_PER_ROUND && missing.length > 0; batch += 1) {
      const some = missing.slice(0, DIGESTS_PER_REQUEST);
      missing = missing.slice(DIGESTS_PER_REQUEST);
      const answer = await this.#askAny(
        { method: 'GET', path: descriptorsPath('server', 'd', some) },
        isFound,
      );
      if (!answer.ok) {
        this.#say('server descriptors', answer.reason);
        continue;
      }
      const nowMs = this.#clock.wallClock();
      for (const descriptor of parseServerDescriptors(answer.value.body, nowMs, new Set(some))) {
        if (descriptor.ok && this.#store.addDescriptor(descriptor.value)) this.#changed.add('descriptors');
      }
    }
    return this.#store.missingDescriptors().length === 0;
  }

  /** Asks the authorities one after the other, in an order by chance, until one gives a good answer. */
  async #askAny(
    request: DirectoryRequest,
    isGood: (answer: DirectoryAnswer) => boolean,
  ): Promise<Result<DirectoryAnswer>> {
    let last: Result<DirectoryAnswer> = failure('there is no authority to ask');
    for (const authority of this.#shuffled()) {
      if (this.#isStopped) return failure('the relay stops');
      const answer = await this.#ask(authority, request);
      if (answer.ok && isGood(answer.value)) return answer;
      last = answer.ok
        ? failure(`${authorityName(authority)} answered ${answer.value.status} ${answer.value.reason}`)
        : answer;
    }
    return last;
  }

  #shuffled(): readonly DirectoryAuthority[] {
    const list = [...this.#options.authorities];
    for (let at = list.length - 1; at > 0; at -= 1) {
      const other = this.#random.below(at + 1);
      [list[at], list[other]] = [list[other]!, list[at]!];
    }
    return list;
  }

  /** Not the same again and again. */
  #say(kind: string, reason: string): void {
    if (this.#isStopped || this.#said.get(kind) === reason) return;
    this.#said.set(kind, reason);
    const message = `no ${kind}: ${reason}`;
    if (this.#store.consensus('microdesc') === undefined) this.#log.info(message);
    else this.#log.debug(message);
  }
}

/** How an authority is called in messages. */
export function authorityName({ nickname, host, dirPort, orPort }: DirectoryAuthority): string {
  return nickname === '' ? `${host}:${dirPort || orPort}` : nickname;
}

function isFound(answer: DirectoryAnswer): boolean {
  return answer.status === 200;
}

/** Bounds of an answer; a consensus is the longest of all. */
export const DIRECTORY_ANSWER_BYTES_MAX = CONSENSUS_LIMITS.bytesMax;
