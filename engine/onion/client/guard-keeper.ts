import type { Clock, Random } from '../../runtime/port.ts';
import type { RouterStatus } from '../directory/consensus-types.ts';
import { consensusAge } from '../directory/consensus-verify.ts';
import { guardCandidates } from '../guard/candidates.ts';
import type { GuardAlarm } from '../guard/guard-alarm.ts';
import { GuardManager } from '../guard/guard-manager.ts';
import { guardParams } from '../guard/guard-params.ts';
import type { GuardTerms } from '../guard/guard-sample.ts';
import { chooseGuardSelection, type GuardSelection } from '../guard/guard-selection.ts';
import type { GuardAttempt, GuardPurpose } from '../guard/guard-types.ts';
import {
  noteBuildAttempt,
  noteBuildSuccess,
  noteCutOff,
  noteUseAttempt,
  noteUseSuccess,
  pathBiasParams,
} from '../guard/path-bias.ts';
import type { GuardSource } from '../path/choose-path.ts';
import type { Ipv6Choice } from './address-choice.ts';
import type { NetworkDocuments } from './documents.ts';
import { ipv6Of } from './hop-plan.ts';
import { STORE_KEYS } from './stored-documents.ts';
import type { GuardStatus, KeyValueStore } from './types.ts';

/** Guards are written to the store so long after a change, so that many changes are one write. */
const SAVE_DELAY_MS = 1000;

/** Takes a guard for one path; the attempt that it made is in {@link attempt}. */
export interface PathGuards extends GuardSource {
  readonly attempt: GuardAttempt | undefined;
}

const SELECTIONS: readonly GuardSelection[] = ['default', 'restricted'];
const STORE_KEY = { default: STORE_KEYS.guards, restricted: STORE_KEYS.guardsRestricted } as const;

/**
 * The guards of a client: which to use, what became of them, and their place in the store. Settings that allow few
 * guards have a sample of their own, so that the one that holds for months is there again when they are gone.
 */
export class GuardKeeper {
  readonly #managers: Readonly<Record<GuardSelection, GuardManager>>;
  /** Circuits outlive a change of the sample, and count for the one that they began with. */
  readonly #managerOf = new WeakMap<GuardAttempt, GuardManager>();
  readonly #ipv6: Ipv6Choice;
  readonly #clock: Clock;
  readonly #documents: NetworkDocuments;
  readonly #store: KeyValueStore;
  #terms: GuardTerms;
  /** Undefined: no valid consensus has been seen yet. */
  #selection: GuardSelection | undefined;
  #isSaveDue = false;
  #openBuilds = 0;
  #openUses = 0;

  constructor(
    options: { readonly ipv6: Ipv6Choice },
    modules: {
      readonly clock: Clock;
      readonly random: Random;
      readonly documents: NetworkDocuments;
      readonly store: KeyValueStore;
    },
  ) {
    this.#ipv6 = options.ipv6;
    this.#clock = modules.clock;
    this.#documents = modules.documents;
    this.#store = modules.store;
    this.#terms = termsOf(new Map());
    this.#managers = {
      default: new GuardManager(this.#terms, modules),
      restricted: new GuardManager({ ...this.#terms, selection: 'restricted' }, modules),
    };
  }

  /** Takes over what the store has; a state that is damaged is left aside, and what is wrong with it given back. */
  async restore(): Promise<string | undefined> {
    let problem: string | undefined;
    for (const selection of SELECTIONS) problem ??= await this.#restore(selection);
    return problem;
  }

  /** The consensus, the settings or the microdescriptors have changed. */
  update(): void {
    const { network, consensus } = this.#documents;
    if (network === undefined || consensus === undefined) return;
    this.#terms = termsOf(consensus.params);
    const age = consensusAge(consensus, this.#now());
    const isLive = age === 'fresh' || age === 'valid';
    const documents = this.#documents;
    const isReachable = (status: RouterStatus): boolean =>
      this.#ipv6 !== 'only' || ipv6Of(status, documents.descriptorOf(status)) !== undefined;
    const seen = { isLive, candidates: guardCandidates(network, isReachable) };
    const selection = chooseGuardSelection(this.#selection, seen);
    if (isLive) this.#selection = selection;
    // The other one stays as it is until it is used again.
    this.#managers[selection].update(seen, this.#now(), { ...this.#terms, selection });
    this.save();
  }

  /** Whether the guards that traffic would use have their descriptors here. */
  get hasDescriptors(): boolean {
    return this.#manager.awaitedDescriptors.length === 0;
  }

  /** For one path; each call of `take` gives up what the one before took. */
  forPath(purpose: GuardPurpose): PathGuards {
    const manager = this.#manager;
    const note = (taken: GuardAttempt | undefined): void => {
      if (taken !== undefined) this.#managerOf.set(taken, manager);
    };
    const now = (): number => this.#now();
    let attempt: GuardAttempt | undefined;
    return {
      get attempt() {
        return attempt;
      },
      preferred: () => manager.preferred(now()),
      take(isAllowed) {
        if (attempt !== undefined) manager.close(attempt, now());
        attempt = manager.select(now(), purpose, isAllowed);
        note(attempt);
        return attempt?.fingerprint;
      },
    };
  }

  /** Its circuit is built. `waiting`: a better guard may still answer, see {@link ready}. */
  succeed(attempt: GuardAttempt): 'complete' | 'waiting' {
    const verdict = this.#of(attempt).succeed(attempt, this.#now());
    this.save();
    return verdict;
  }

  /** The guard could not be reached. */
  fail(attempt: GuardAttempt): void {
    this.#of(attempt).fail(attempt, this.#now());
    this.save();
  }

  /** The circuit is gone for other reasons. */
  close(attempt: GuardAttempt): void {
    if (attempt.state !== 'closed') this.#of(attempt).close(attempt, this.#now());
  }

  /** Which waiting circuits may be used now, and which have waited too long. */
  ready(): ReturnType<GuardManager['ready']> {
    const [one, other] = SELECTIONS.map((selection) => this.#managers[selection].ready(this.#now()));
    return {
      complete: [...one!.complete, ...other!.complete],
      expired: [...one!.expired, ...other!.expired],
    };
  }

  /** The primary guards, in order of preference. */
  get primary(): readonly GuardStatus[] {
    const { network } = this.#documents;
    return this.#manager.primary.map(({ fingerprint, reachable, confirmedMs }) => ({
      fingerprint,
      reachable,
      nickname: network?.find(fingerprint)?.status.nickname ?? '',
      isConfirmed: confirmedMs !== undefined,
    }));
  }

  alarm(): GuardAlarm | undefined {
    return this.#manager.alarm(this.#now());
  }

  /** A circuit has got to its second hop; path-spec 7: from there on a guard could be choosy. */
  noteBuildAttempt(attempt: GuardAttempt): void {
    const record = this.#of(attempt).record(attempt.fingerprint);
    if (record !== undefined) noteBuildAttempt(record.bias, this.#terms.bias, this.#openBuilds);
    this.#openBuilds += 1;
  }

  /** The outcome of what {@link noteBuildAttempt} began. */
  noteBuild(attempt: GuardAttempt, isBuilt: boolean): void {
    this.#openBuilds = Math.max(0, this.#openBuilds - 1);
    const record = this.#of(attempt).record(attempt.fingerprint);
    if (record !== undefined && isBuilt) noteBuildSuccess(record.bias);
  }

  /** A complete circuit was cut off by the relays. */
  noteCutOff(attempt: GuardAttempt): void {
    const record = this.#of(attempt).record(attempt.fingerprint);
    if (record !== undefined) noteCutOff(record.bias);
  }

  /** A stream was attached to the circuit for the first time. */
  noteUseAttempt(attempt: GuardAttempt): void {
    const record = this.#of(attempt).record(attempt.fingerprint);
    if (record !== undefined) noteUseAttempt(record.bias, this.#terms.bias, this.#openUses);
    this.#openUses += 1;
  }

  /** A circuit with streams is closed. `isGood`: something came back on it. */
  noteUse(attempt: GuardAttempt, isGood: boolean): void {
    this.#openUses = Math.max(0, this.#openUses - 1);
    const record = this.#of(attempt).record(attempt.fingerprint);
    if (record !== undefined && isGood) noteUseSuccess(record.bias);
    this.save();
  }

  /** Writes them to the store, soon. */
  save(): void {
    if (this.#isSaveDue) return;
    this.#isSaveDue = true;
    this.#clock.setTimer(SAVE_DELAY_MS, () => void this.saveNow());
  }

  async saveNow(): Promise<void> {
    this.#isSaveDue = false;
    for (const selection of SELECTIONS) {
      const manager = this.#managers[selection];
      // A client that never had a use for it leaves no file.
      if (manager.sampled.length === 0 && selection === 'restricted') continue;
      const text = JSON.stringify(manager.save());
      await this.#store.set(STORE_KEY[selection], new TextEncoder().encode(text)).catch(() => {});
    }
  }

  /** That of the sample in use. */
  get #manager(): GuardManager {
    return this.#managers[this.#selection ?? 'default'];
  }

  #of(attempt: GuardAttempt): GuardManager {
    return this.#managerOf.get(attempt) ?? this.#manager;
  }

  async #restore(selection: GuardSelection): Promise<string | undefined> {
    const bytes = await this.#store.get(STORE_KEY[selection]);
    if (bytes === undefined) return undefined;
    let state: unknown;
    try {
      state = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return 'the saved guards are damaged: no JSON';
    }
    const restored = this.#managers[selection].restore(state, this.#now());
    return restored.ok ? undefined : restored.reason;
  }

  #now(): number {
    return this.#clock.wallClock();
  }
}

function termsOf(params: ReadonlyMap<string, number>): GuardTerms {
  return { guards: guardParams(params), bias: pathBiasParams(params) };
}
