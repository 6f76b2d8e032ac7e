import { AlliumError } from '../../codec/error.ts';
import type { Runtime, Timer } from '../../runtime/port.ts';
import type { DirectoryAuthority } from '../directory/authority-types.ts';
import type { Consensus } from '../directory/consensus-types.ts';
import { consensusAge } from '../directory/consensus-verify.ts';
import { nextConsensusFetchMs } from '../directory/fetch-times.ts';
import type { Ipv6Choice } from './address-choice.ts';
import type { DirectoryClient, DirectorySource } from './directory-client.ts';
import { DocumentFetcher } from './document-fetcher.ts';
import type { NetworkDocuments } from './documents.ts';
import { authorityPlan } from './hop-plan.ts';
import { BOOTSTRAP_STEPS, type BootstrapProgress, type OnionProgress } from './progress.ts';
import { retryDelayMs } from './retry-delay.ts';
import { restoreDocuments } from './stored-documents.ts';
import type { KeyValueStore } from './types.ts';

export interface BootstrapOptions {
  readonly authorities: readonly DirectoryAuthority[];
  /** Ask authorities at their DirPort by plain HTTP. */
  readonly useDirPort: boolean;
  readonly ipv6: Ipv6Choice;
}

export interface BootstrapModules {
  readonly runtime: Runtime;
  readonly documents: NetworkDocuments;
  readonly directory: DirectoryClient;
  readonly store: KeyValueStore;
  readonly onProgress: (progress: OnionProgress) => void;
  /** Consensus or microdescriptors have changed. True: enough is known to build circuits. */
  readonly onChanged: () => boolean;
  /** A guard to ask, once there are any. */
  readonly guard: () => DirectorySource | undefined;
}

/** Rounds for microdescriptors that nobody has, before they are left until the next consensus. */
const DESCRIPTOR_ROUNDS_MAX = 8;

/**
 * Gets consensus, certificates and microdescriptors and keeps them up to date: first what the store has, then
 * from authorities, and once circuits can be built from guards. It goes on trying until it is stopped.
 */
export class Bootstrap {
  readonly #options: BootstrapOptions;
  readonly #modules: BootstrapModules;
  readonly #fetcher: DocumentFetcher;
  /** Of the authorities, a random order; where the next try begins. */
  readonly #sources: readonly DirectorySource[];
  #nextSource = 0;
  #isStopped = false;
  #isEnough = false;
  #percent = -1;
  #sleep: { readonly timer: Timer; readonly wake: () => void } | undefined;

  constructor(options: BootstrapOptions, modules: BootstrapModules) {
    this.#options = options;
    this.#modules = modules;
    this.#fetcher = new DocumentFetcher(options, modules);
    this.#sources = shuffled(
      options.authorities.flatMap((authority) => this.#sourceOf(authority) ?? []),
      (bound) => modules.runtime.random.below(bound),
    );
  }

  /** Whether enough is known to build circuits. */
  get isEnough(): boolean {
    return this.#isEnough;
  }

  /** Throws BAD_USAGE when there is nobody to ask. */
  check(): void {
    if (this.#sources.length > 0) return;
    throw new AlliumError('BAD_USAGE', 'no authority can be asked for the consensus', {
      advice: 'Give at least one authority with an ORPort, or with a DirPort and useDirPort.',
    });
  }

  /** Runs until {@link stop}. Rejects only when the store does. */
  async run(): Promise<void> {
    this.#report(BOOTSTRAP_STEPS.begin);
    const refused = await restoreDocuments(this.#options, this.#modules);
    if (refused !== undefined) {
      const advice = 'It is not used; another one is fetched.';
      this.#problem(new AlliumError('CONSENSUS_REFUSED', `the stored consensus: ${refused}`, { advice }));
    }
    this.#look();
    for (let failures = 0; !this.#isStopped; ) {
      const isGood = await this.#update();
      failures = isGood ? 0 : failures + 1;
      if (this.#isStopped) return;
      await this.#pause(isGood ? this.#untilNextMs() : retryDelayMs(failures, this.#modules.runtime.random));
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** Tries again now, where it waits after a failure. */
  wake(): void {
    this.#sleep?.timer.cancel();
    this.#sleep?.wake();
  }

  /** Shows progress; never backwards. */
  report(progress: BootstrapProgress): void {
    this.#report(progress);
  }

  #sourceOf(authority: DirectoryAuthority): DirectorySource | undefined {
    const { nickname, host, dirPort } = authority;
    // A DirPort is at the IPv4 address.
    if (this.#options.useDirPort && this.#options.ipv6 !== 'only' && dirPort !== 0)
      return { kind: 'http', nickname, host, port: dirPort };
    const plan = authorityPlan(authority, this.#options.ipv6);
    return plan === undefined ? undefined : { kind: 'relay', plan };
  }

  /** One round: a consensus if one is due, then what is missing. False: try again after a pause. */
  async #update(): Promise<boolean> {
    if (this.#isConsensusDue()) {
      const source = this.#source();
      this.#report(BOOTSTRAP_STEPS.connect);
      const fetched = await this.#fetcher.fetchConsensus(source, {
        onAnswer: () => this.#report(BOOTSTRAP_STEPS.consensus),
        onCertificates: () => this.#report(BOOTSTRAP_STEPS.certificates),
      });
      if (this.#isStopped) return false;
      this.#look();
      if (!fetched.ok) {
        this.#nextSource += 1;
        this.#problem(fetched.error);
        if (!this.#isUsable()) return false;
      }
    }
    return this.#fetchDescriptors();
  }

  async #fetchDescriptors(): Promise<boolean> {
    const { documents } = this.#modules;
    for (let round = 0; round < DESCRIPTOR_ROUNDS_MAX && documents.missing().length > 0; round++) {
      this.#report(this.#descriptorProgress());
      const source = this.#source();
      const fetched = await this.#fetcher.fetchMicrodescriptors(source, () => {
        this.#look();
        this.#report(this.#descriptorProgress());
      });
      if (this.#isStopped) return false;
      if (!fetched.ok || fetched.count === 0) this.#nextSource += 1;
      if (!fetched.ok) {
        this.#problem(fetched.error);
        return this.#isEnough;
      }
    }
    this.#look();
    if (this.#isEnough) return true;
    const percent = Math.floor((documents.fraction()?.paths ?? 0) * 100);
    this.#problem(
      new AlliumError('NETWORK_FAILED', `paths could be built for only ${percent} % of the network`, {
        advice: 'Relay descriptors are missing or no relays fit the settings; it is tried again.',
        details: { percent },
      }),
    );
    return false;
  }

  #descriptorProgress(): BootstrapProgress {
    const { consensus } = this.#modules.documents;
    const all = consensus?.routers.length ?? 0;
    const missing = this.#modules.documents.missing().length;
    const { descriptors, enough } = BOOTSTRAP_STEPS;
    const share = all === 0 ? 0 : (all - missing) / all;
    return {
      percent: Math.floor(descriptors.percent + share * (enough.percent - descriptors.percent - 1)),
      what: `${descriptors.what}: ${all - missing} of ${all}`,
    };
  }

  /** Asks whether it is enough by now. */
  #look(): void {
    const isEnough = this.#modules.onChanged();
    if (isEnough && !this.#isEnough) this.#report(BOOTSTRAP_STEPS.enough);
    this.#isEnough = isEnough;
  }

  #source(): DirectorySource {
    // After failures authorities are asked between guards.
    const guard = this.#nextSource % 2 === 0 ? this.#modules.guard() : undefined;
    return guard ?? this.#sources[this.#nextSource % this.#sources.length]!;
  }

  #isUsable(): boolean {
    const { consensus } = this.#modules.documents;
    return consensus !== undefined && consensusAge(consensus, this.#now()) !== 'expired';
  }

  #nextFetchMs = 0;
  #nextFetchOf: Consensus | undefined;

  #isConsensusDue(): boolean {
    const { consensus } = this.#modules.documents;
    if (consensus === undefined) return true;
    if (consensus !== this.#nextFetchOf) {
      this.#nextFetchOf = consensus;
      this.#nextFetchMs = nextConsensusFetchMs(consensus, 'client', this.#modules.runtime.random);
    }
    return this.#now() >= this.#nextFetchMs;
  }

  #untilNextMs(): number {
    if (this.#isConsensusDue()) return retryDelayMs(1, this.#modules.runtime.random);
    return Math.min(this.#nextFetchMs - this.#now(), 2 ** 31 - 1);
  }

  #now(): number {
    return this.#modules.runtime.clock.wallClock();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleep = undefined;
        resolve();
      };
      this.#sleep = { timer: this.#modules.runtime.clock.setTimer(delayMs, wake), wake };
    });
  }

  #problem(error: AlliumError): void {
    if (!this.#isStopped) this.#modules.onProgress({ kind: 'problem', error });
  }

  #report(progress: BootstrapProgress): void {
    if (progress.percent <= this.#percent || this.#isStopped) return;
    this.#percent = progress.percent;
    this.#modules.onProgress({ kind: 'bootstrap', ...progress });
  }
}

function shuffled<T>(items: readonly T[], below: (bound: number) => number): readonly T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const k = below(i + 1);
    [out[i], out[k]] = [out[k]!, out[i]!];
  }
  return out;
}
