import type { Random } from '../../runtime/port.ts';
import type { Result } from '../directory/result.ts';
import { success } from '../directory/result.ts';
import { type GuardAlarm, guardAlarm } from './guard-alarm.ts';
import { GuardSample, type GuardTerms } from './guard-sample.ts';
import { type GuardState, readGuardState, saveGuardState } from './guard-state.ts';
import type { GuardAttempt, GuardConsensus, GuardPurpose, GuardRecord } from './guard-types.ts';
import { retryAfterMs } from './retry.ts';
import { isBlocked, isHigherPriority } from './waiting.ts';

const ANY = (): boolean => true;

/**
 * Chooses guards as guard-spec says: holds on to few of them for months, uses others only while these are down, and
 * lets a restriction of one circuit never change what it holds. All times are Unix milliseconds passed in.
 */
export class GuardManager {
  readonly #sample: GuardSample;
  readonly #random: Random;
  /** Circuits over guards that are not primary, which may have to wait for one another. */
  readonly #attempts = new Set<GuardAttempt>();
  #lastSuccessMs = Number.NEGATIVE_INFINITY;
  #isExhausted = false;

  constructor(terms: GuardTerms, modules: { readonly random: Random }) {
    this.#sample = new GuardSample(terms, modules);
    this.#random = modules.random;
  }

  /** A new consensus or new settings; `terms` where the consensus has other parameters. */
  update(consensus: GuardConsensus, nowMs: number, terms: GuardTerms = this.#sample.terms): void {
    this.#sample.terms = terms;
    this.#sample.update(consensus, nowMs);
  }

  /** In the order in which they were sampled. */
  get sampled(): readonly Readonly<GuardRecord>[] {
    return this.#sample.sampled;
  }

  /** In order of first use. */
  get confirmed(): readonly Readonly<GuardRecord>[] {
    return this.#sample.confirmed;
  }

  /** In order of preference. */
  get primary(): readonly Readonly<GuardRecord>[] {
    return this.#sample.primary;
  }

  /** The record of a guard, for its path-bias counts. */
  record(fingerprint: string): GuardRecord | undefined {
    return this.#sample.sampled.find((record) => record.fingerprint === fingerprint);
  }

  /** Primary guards that traffic would use and whose descriptors must be fetched before any circuit is built. */
  get awaitedDescriptors(): readonly string[] {
    return this.#sample.primary
      .slice(0, this.#sample.terms.guards.usedCount)
      .map((record) => record.fingerprint)
      .filter((fingerprint) => this.#sample.candidate(fingerprint)?.hasDescriptor === false);
  }

  /** Who would be the guard now if nothing stood against it. Changes nothing; `GuardSource.preferred`. */
  preferred(nowMs: number): string | undefined {
    const isWorthTrying = (record: GuardRecord): boolean =>
      record.reachable !== 'no' || isRetryDue(record, true, nowMs);
    return this.#sample.primary.find(isWorthTrying)?.fingerprint;
  }

  /**
   * The guard for one circuit, among those that `isAllowed` lets through for this circuit only. Undefined: there is
   * none. The attempt must end in {@link succeed}, {@link fail} or {@link close}. guard-spec 4.6.
   */
  select(
    nowMs: number,
    purpose: GuardPurpose,
    isAllowed: (fingerprint: string) => boolean = ANY,
  ): GuardAttempt | undefined {
    this.#retry(nowMs);
    const primary = this.#selectPrimary(purpose, isAllowed);
    if (primary !== undefined) return this.#begin(primary, purpose, isAllowed, 'usable-on-completion', nowMs);
    this.#sample.extend(nowMs);
    const other = this.#selectOther(isAllowed);
    if (other === undefined) {
      this.#giveAllAnotherTry();
      return undefined;
    }
    other.isPending = true;
    const attempt = this.#begin(other, purpose, isAllowed, 'usable-if-no-better', nowMs);
    this.#attempts.add(attempt);
    return attempt;
  }

  /** The circuit is built: its guard can be reached. `complete`: use it; `waiting`: see {@link ready}. guard-spec 4.8. */
  succeed(attempt: GuardAttempt, nowMs: number): 'complete' | 'waiting' {
    const wasDown = nowMs - this.#lastSuccessMs > this.#sample.terms.guards.networkDownMs;
    this.#lastSuccessMs = nowMs;
    this.#isExhausted = false;
    const record = this.record(attempt.fingerprint);
    if (record !== undefined) {
      record.reachable = 'yes';
      record.failingSinceMs = undefined;
      record.isPending = false;
      this.#sample.confirm(record, nowMs);
    }
    if (attempt.state === 'usable-on-completion') {
      move(attempt, 'complete', nowMs);
      return 'complete';
    }
    move(attempt, 'waiting', nowMs);
    // The network was down: that primary guards failed meanwhile says nothing about them.
    if (wasDown)
      for (const guard of this.#sample.primary) if (guard.reachable === 'no') guard.reachable = 'maybe';
    return 'waiting';
  }

  /** The circuit failed in a way that says that its guard cannot be reached. guard-spec 4.7. */
  fail(attempt: GuardAttempt, nowMs: number): void {
    const record = this.record(attempt.fingerprint);
    if (record !== undefined) {
      record.reachable = 'no';
      record.failingSinceMs ??= nowMs;
    }
    this.close(attempt, nowMs);
  }

  /** The circuit is gone, and that says nothing about its guard. Also for circuits that were complete. */
  close(attempt: GuardAttempt, nowMs: number): void {
    this.#attempts.delete(attempt);
    const record = this.record(attempt.fingerprint);
    if (record !== undefined && attempt.state === 'usable-if-no-better') record.isPending = false;
    move(attempt, 'closed', nowMs);
  }

  /**
   * Which waiting circuits may be used now (their state is `complete`), and which have waited for too long and are
   * closed. To be asked when a circuit was built or failed, and every second while one waits. guard-spec 4.9.
   */
  ready(nowMs: number): {
    readonly complete: readonly GuardAttempt[];
    readonly expired: readonly GuardAttempt[];
  } {
    this.#retry(nowMs);
    const { betterGuardWaitMs, waitingMaxMs } = this.#sample.terms.guards;
    const waiting = [...this.#attempts].filter((attempt) => attempt.state === 'waiting');
    const expired = waiting.filter((attempt) => nowMs - attempt.sinceMs > waitingMaxMs);
    for (const attempt of expired) this.close(attempt, nowMs);
    const complete: GuardAttempt[] = [];
    for (const attempt of waiting) {
      if (attempt.state !== 'waiting' || this.#hasPrimaryHope(attempt)) continue;
      const order = (a: GuardAttempt, b: GuardAttempt): boolean => this.#isBetter(a, b);
      if (isBlocked(attempt, this.#attempts, { betterGuardWaitMs, nowMs, isBetter: order })) continue;
      move(attempt, 'complete', nowMs);
      complete.push(attempt);
    }
    return { complete, expired };
  }

  /** What the user should be told about guards that cannot be reached. */
  alarm(nowMs: number): GuardAlarm | undefined {
    const { sampled, primary, sizeMax, terms } = this.#sample;
    const filtered = sampled.filter((record) => this.#sample.isFiltered(record));
    const isNetworkUp = nowMs - this.#lastSuccessMs <= terms.guards.networkDownMs;
    return guardAlarm({
      sampled,
      filtered,
      primary,
      sampleMax: sizeMax,
      isNetworkUp,
      isExhausted: this.#isExhausted,
    });
  }

  /** What to keep on disk. */
  save(): GuardState {
    return saveGuardState(this.#sample.sampled, this.#sample.confirmed);
  }

  /** Takes over what was kept; the reason says why a state is refused, and then nothing has changed. */
  restore(state: unknown, nowMs: number): Result<undefined> {
    const read = readGuardState(state, nowMs);
    if (!read.ok) return read;
    this.#sample.load(read.value.sampled, read.value.confirmed);
    return success(undefined);
  }

  #begin(
    record: GuardRecord,
    purpose: GuardPurpose,
    isAllowed: (fingerprint: string) => boolean,
    state: GuardAttempt['state'],
    nowMs: number,
  ): GuardAttempt {
    record.lastTriedMs = nowMs;
    return { fingerprint: record.fingerprint, purpose, isAllowed, state, sinceMs: nowMs };
  }

  #selectPrimary(
    purpose: GuardPurpose,
    isAllowed: (fingerprint: string) => boolean,
  ): GuardRecord | undefined {
    const { usedCount, usedForDirectoryCount } = this.#sample.terms.guards;
    const usable = this.#sample.primary
      .filter((record) => record.reachable !== 'no' && isAllowed(record.fingerprint))
      .slice(0, purpose === 'traffic' ? usedCount : usedForDirectoryCount);
    return usable.length === 0 ? undefined : usable[this.#random.below(usable.length)];
  }

  #selectOther(isAllowed: (fingerprint: string) => boolean): GuardRecord | undefined {
    const isGood = (record: GuardRecord): boolean =>
      this.#sample.isUsable(record) &&
      isAllowed(record.fingerprint) &&
      !this.#sample.primary.includes(record);
    const confirmed = this.#sample.confirmed.filter(isGood);
    const sampled = this.#sample.sampled.filter(
      (record) => record.confirmedMs === undefined && isGood(record),
    );
    const isFree = (record: GuardRecord): boolean => !record.isPending;
    return confirmed.find(isFree) ?? confirmed[0] ?? sampled.find(isFree) ?? sampled[0];
  }

  /** Everything was tried: rather start over than wait for the schedule. guard-spec 4.6, last point. */
  #giveAllAnotherTry(): void {
    if (this.#sample.sampled.some((record) => this.#sample.isUsable(record))) return;
    this.#isExhausted = true;
    for (const record of this.#sample.sampled) record.reachable = 'maybe';
  }

  #retry(nowMs: number): void {
    for (const record of this.#sample.sampled) {
      if (record.reachable !== 'no') continue;
      if (isRetryDue(record, this.#sample.primary.includes(record), nowMs)) record.reachable = 'maybe';
    }
  }

  #hasPrimaryHope(attempt: GuardAttempt): boolean {
    return this.#sample.primary.some(
      (record) =>
        record.reachable !== 'no' &&
        record.fingerprint !== attempt.fingerprint &&
        attempt.isAllowed(record.fingerprint),
    );
  }

  #isBetter(a: GuardAttempt, b: GuardAttempt): boolean {
    return isHigherPriority(this.record(a.fingerprint), this.record(b.fingerprint), this.#sample.confirmed);
  }
}

function isRetryDue(record: GuardRecord, isPrimary: boolean, nowMs: number): boolean {
  const failingForMs = nowMs - (record.failingSinceMs ?? nowMs);
  return nowMs - (record.lastTriedMs ?? 0) >= retryAfterMs(failingForMs, isPrimary);
}

function move(attempt: GuardAttempt, state: GuardAttempt['state'], nowMs: number): void {
  attempt.state = state;
  attempt.sinceMs = nowMs;
}
