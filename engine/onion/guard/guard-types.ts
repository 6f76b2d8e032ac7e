import type { PathBiasCounts } from './path-bias.ts';

/** A relay that the consensus lists as a guard. */
export interface GuardCandidate {
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** Bandwidth times the weight of the guard position. */
  readonly weight: number;
  /** The settings let it be used (ExcludeNodes, EntryNodes, reachable addresses). Does not decide about sampling. */
  readonly isAllowed: boolean;
  /** Its descriptor is here, so that circuits can go over it. */
  readonly hasDescriptor: boolean;
}

/** What a consensus says about guards. */
export interface GuardConsensus {
  /** It is valid now; an old one adds and removes nothing. */
  readonly isLive: boolean;
  readonly candidates: readonly GuardCandidate[];
}

/** A sampled guard. All times are Unix milliseconds. The upper part is kept on disk. */
export interface GuardRecord {
  readonly fingerprint: string;
  /** Set back by chance, so that nobody can tell the moment from when it ends. */
  addedMs: number;
  isListed: boolean;
  unlistedSinceMs: number | undefined;
  confirmedMs: number | undefined;
  readonly bias: PathBiasCounts;

  lastTriedMs: number | undefined;
  reachable: 'yes' | 'no' | 'maybe';
  failingSinceMs: number | undefined;
  isPending: boolean;
}

/** What a circuit is for: traffic uses one primary guard, directory requests any of three. */
export type GuardPurpose = 'traffic' | 'directory';

/** A circuit through a guard, from the choice of the guard to its end. guard-spec 4.6. */
export interface GuardAttempt {
  readonly fingerprint: string;
  readonly purpose: GuardPurpose;
  /** The restriction under which the guard was chosen. */
  readonly isAllowed: (fingerprint: string) => boolean;
  /**
   * `usable-on-completion`: once built, use it. `usable-if-no-better`: once built, it waits. `waiting`: built, a
   * better guard may still answer; no streams. `complete`: use it. `closed`: gone.
   */
  state: 'usable-on-completion' | 'usable-if-no-better' | 'waiting' | 'complete' | 'closed';
  /** Since when it is in this state. */
  sinceMs: number;
}

/** A record of a guard that has just been sampled. */
export function guardRecord(fingerprint: string, addedMs: number, bias: PathBiasCounts): GuardRecord {
  return {
    fingerprint,
    addedMs,
    isListed: true,
    unlistedSinceMs: undefined,
    confirmedMs: undefined,
    bias,
    lastTriedMs: undefined,
    reachable: 'maybe',
    failingSinceMs: undefined,
    isPending: false,
  };
}
