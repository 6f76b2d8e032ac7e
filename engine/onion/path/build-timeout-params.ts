import { type ConsensusParams, PARAM_MAX, readParam } from '../flow/consensus-param.ts';

/** Parameters of the learned time-out for building circuits. path-spec 2.4. */
export interface BuildTimeoutParams {
  readonly isDisabled: boolean;
  /** Most frequent bins that make up the start of the Pareto curve. */
  readonly modeCount: number;
  /** Outcomes that are looked at to notice that the network has changed, and time-outs among them that say so. */
  readonly recentCount: number;
  readonly recentTimeoutsMax: number;
  /** Circuits before anything is computed. */
  readonly circuitsMin: number;
  /** Part of all circuits that the time-out lets through, and that are let come to their end; 0 … 1. */
  readonly quantile: number;
  readonly closeQuantile: number;
  readonly timeoutMinMs: number;
  readonly initialMs: number;
}

/** Build times are counted in bins of this width. path-spec 2.4.2. */
export const BUILD_BIN_MS = 10;
/** Times that are remembered. */
export const BUILD_TIMES_MAX = 1000;

/** From the consensus, clamped. */
export function buildTimeoutParams(params: ConsensusParams): BuildTimeoutParams {
  const read = (name: string, fallback: number, min: number, max: number): number =>
    readParam(params, name, { fallback, min, max });
  const quantile = read('cbtquantile', 80, 10, 99);
  const timeoutMinMs = read('cbtmintimeout', 10, 10, PARAM_MAX);
  return {
    isDisabled: read('cbtdisabled', 0, 0, 1) === 1,
    modeCount: read('cbtnummodes', 10, 1, 20),
    recentCount: read('cbtrecentcount', 20, 3, 1000),
    recentTimeoutsMax: read('cbtmaxtimeouts', 18, 3, 10_000),
    circuitsMin: read('cbtmincircs', 100, 1, 10_000),
    quantile: quantile / 100,
    closeQuantile: Math.max(read('cbtclosequantile', 99, 10, 99), quantile) / 100,
    timeoutMinMs,
    initialMs: Math.max(read('cbtinitialtimeout', 60_000, 10, PARAM_MAX), timeoutMinMs),
  };
}
