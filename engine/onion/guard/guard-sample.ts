import type { Random } from '../../runtime/port.ts';
import { randomFraction, WeightedSampler } from '../path/sampler.ts';
import type { GuardParams } from './guard-params.ts';
import type { GuardSelection } from './guard-selection.ts';
import { type GuardCandidate, type GuardConsensus, type GuardRecord, guardRecord } from './guard-types.ts';
import { type PathBiasParams, pathBiasCounts, pathBiasVerdict } from './path-bias.ts';

/** What the sets of guards are computed from. */
export interface GuardTerms {
  readonly guards: GuardParams;
  readonly bias: PathBiasParams;
  /** Default: `default`. With `restricted` only guards that the settings allow are sampled. */
  readonly selection?: GuardSelection;
}

/**
 * The persistent half of guard-spec: which guards this client knows (sampled, in the order in which they came), which
 * of them it has used (confirmed, in order of first use), and which it uses first (primary).
 */
export class GuardSample {
  sampled: GuardRecord[] = [];
  confirmed: GuardRecord[] = [];
  primary: GuardRecord[] = [];
  terms: GuardTerms;
  readonly #random: Random;
  #candidates: ReadonlyMap<string, GuardCandidate> = new Map();
  /** Those that may come into the sample. */
  #eligible: readonly GuardCandidate[] = [];

  constructor(terms: GuardTerms, modules: { readonly random: Random }) {
    this.terms = terms;
    this.#random = modules.random;
  }

  /** Takes over what was saved; in place of all that is there. */
  load(records: readonly GuardRecord[], confirmed: readonly GuardRecord[]): void {
    this.sampled = [...records];
    this.confirmed = [...confirmed];
    this.primary = [];
  }

  /** A new consensus, new settings or new parameters. guard-spec 4.10. */
  update(consensus: GuardConsensus, nowMs: number): void {
    this.#candidates = new Map(consensus.candidates.map((candidate) => [candidate.fingerprint, candidate]));
    // Few are allowed: a sample of all guards might hold none of them.
    const isRestricted = this.terms.selection === 'restricted';
    this.#eligible = consensus.candidates.filter(({ isAllowed }) => isAllowed || !isRestricted);
    if (consensus.isLive) {
      this.#noteListed(nowMs);
      this.#expire(nowMs);
    }
    this.extend(nowMs);
    this.refreshPrimary();
  }

  candidate(fingerprint: string): GuardCandidate | undefined {
    return this.#candidates.get(fingerprint);
  }

  /** FILTERED_GUARDS: listed, allowed by the settings, not dropped for path bias. guard-spec 4.2. */
  isFiltered(record: GuardRecord): boolean {
    return (
      record.isListed &&
      this.#candidates.get(record.fingerprint)?.isAllowed === true &&
      !pathBiasVerdict(record.bias, this.terms.bias).isDropped
    );
  }

  /** USABLE_FILTERED_GUARDS. */
  isUsable(record: GuardRecord): boolean {
    return record.reachable !== 'no' && this.isFiltered(record);
  }

  /** How many guards the sample may hold. guard-spec 4.1. */
  get sizeMax(): number {
    const { sampleMax, samplePartMax, filteredMin } = this.terms.guards;
    const part = Math.floor(this.#eligible.length * samplePartMax);
    return Math.max(filteredMin, Math.min(sampleMax, part));
  }

  /** Samples more guards while too few are usable; by weight, unless it is restricted whatever the settings say. guard-spec 4.2. */
  extend(nowMs: number): void {
    const { filteredMin, lifetimeMs } = this.terms.guards;
    let usable = this.sampled.filter((record) => this.isUsable(record)).length;
    if (usable >= filteredMin || this.sampled.length >= this.sizeMax) return;
    const known = new Set(this.sampled.map((record) => record.fingerprint));
    const candidates = this.#eligible;
    const sampler = new WeightedSampler(
      candidates.map((_, index) => index),
      candidates.map(({ weight }) => weight),
    );
    while (usable < filteredMin && this.sampled.length < this.sizeMax) {
      const index = sampler.draw(this.#random, (member) => !known.has(candidates[member]!.fingerprint));
      if (index === undefined) return;
      const { fingerprint } = candidates[index]!;
      known.add(fingerprint);
      const record = guardRecord(fingerprint, this.#before(nowMs, lifetimeMs / 10), pathBiasCounts());
      this.sampled.push(record);
      if (this.isUsable(record)) usable += 1;
    }
  }

  /** The guard carried traffic for the first time: it goes behind all confirmed ones. guard-spec 4.3. */
  confirm(record: GuardRecord, nowMs: number): void {
    if (record.confirmedMs !== undefined) return;
    record.confirmedMs = this.#before(nowMs, this.terms.guards.lifetimeMs / 10);
    this.confirmed.push(record);
    this.refreshPrimary();
  }

  /** PRIMARY_GUARDS: confirmed ones in order, then those that were primary, then in sample order. guard-spec 4.4. */
  refreshPrimary(): void {
    const ordered = [
      ...this.confirmed,
      ...this.primary.filter((record) => this.sampled.includes(record)),
      ...this.sampled,
    ];
    const filtered = [...new Set(ordered)].filter((record) => this.isFiltered(record));
    this.primary = filtered.slice(0, this.terms.guards.primaryCount);
  }

  #noteListed(nowMs: number): void {
    const { unlistedRemoveMs } = this.terms.guards;
    for (const record of this.sampled) {
      const isListed = this.#candidates.has(record.fingerprint);
      if (isListed) record.unlistedSinceMs = undefined;
      else record.unlistedSinceMs ??= this.#before(nowMs, unlistedRemoveMs / 5);
      record.isListed = isListed;
    }
  }

  #expire(nowMs: number): void {
    const { unlistedRemoveMs, lifetimeMs, confirmedLifetimeMs } = this.terms.guards;
    const isKept = (record: GuardRecord): boolean => {
      const { unlistedSinceMs, addedMs, confirmedMs } = record;
      if (unlistedSinceMs !== undefined && nowMs - unlistedSinceMs > unlistedRemoveMs) return false;
      if (nowMs - addedMs <= lifetimeMs) return true;
      return confirmedMs !== undefined && nowMs - confirmedMs <= confirmedLifetimeMs;
    };
    this.sampled = this.sampled.filter(isKept);
    this.confirmed = this.confirmed.filter(isKept);
  }

  /** A moment by chance in the last `intervalMs`. guard-spec A.2: RAND(now, interval). */
  #before(nowMs: number, intervalMs: number): number {
    return Math.floor(nowMs - randomFraction(this.#random) * intervalMs);
  }
}
