import { type ConsensusParams, PARAM_MAX, readParam } from '../flow/consensus-param.ts';

/** Parameters of guard selection. guard-spec, appendix A.1. */
export interface GuardParams {
  /** The sample holds at most this part of all guards, 0 … 1, and at most that many. */
  readonly samplePartMax: number;
  readonly sampleMax: number;
  /** While fewer of the sample are usable, more are added. */
  readonly filteredMin: number;
  readonly lifetimeMs: number;
  readonly confirmedLifetimeMs: number;
  readonly unlistedRemoveMs: number;
  readonly primaryCount: number;
  /** Of the primary guards, how many are used side by side. */
  readonly usedCount: number;
  readonly usedForDirectoryCount: number;
  /** Without any success for this long, failures say nothing about guards. */
  readonly networkDownMs: number;
  /** How long a better guard has to answer before one that is not primary is used. */
  readonly betterGuardWaitMs: number;
  /** How long a circuit may wait for a better guard. */
  readonly waitingMaxMs: number;
}

const SECOND = 1000;
const DAY = 86_400_000;

/** From the consensus, each clamped. */
export function guardParams(params: ConsensusParams): GuardParams {
  const read = (name: string, fallback: number, min: number, max: number): number =>
    readParam(params, `guard-${name}`, { fallback, min, max });
  const days = (name: string, fallback: number): number => read(name, fallback, 1, 3650) * DAY;
  return {
    samplePartMax: read('max-sample-threshold-percent', 20, 1, 100) / 100,
    sampleMax: Math.min(read('max-sample-size', 60, 1, PARAM_MAX), SAMPLE_HARD_MAX),
    filteredMin: Math.min(read('min-filtered-sample-size', 20, 1, PARAM_MAX), SAMPLE_HARD_MAX),
    lifetimeMs: days('lifetime-days', 120),
    confirmedLifetimeMs: days('confirmed-min-lifetime-days', 60),
    unlistedRemoveMs: days('remove-unlisted-guards-after-days', 20),
    primaryCount: Math.min(read('n-primary-guards', 3, 1, PARAM_MAX), SAMPLE_HARD_MAX),
    usedCount: read('n-primary-guards-to-use', 1, 1, PARAM_MAX),
    usedForDirectoryCount: read('n-primary-dir-guards-to-use', 3, 1, PARAM_MAX),
    networkDownMs: read('internet-likely-down-interval', 600, 1, PARAM_MAX) * SECOND,
    betterGuardWaitMs: read('nonprimary-guard-connect-timeout', 15, 1, PARAM_MAX) * SECOND,
    waitingMaxMs: read('nonprimary-guard-idle-timeout', 600, 1, PARAM_MAX) * SECOND,
  };
}

/** No consensus can make a client know more guards than these. */
export const SAMPLE_HARD_MAX = 250;
