import { type ConsensusParams, PARAM_MAX, readParam } from './consensus-param.ts';

/** What a circuit is for; each has thresholds of its own (proposal 324, `cc_vegas_*_{exit,onion,sbws}`). */
export type VegasPath = 'exit' | 'onion' | 'sbws';

/** Parameters of congestion control, cells unless named otherwise. Proposal 324, section 6.5. */
export interface VegasParams {
  readonly cwndInit: number;
  readonly cwndMin: number;
  readonly cwndMax: number;
  readonly cwndInc: number;
  /** Updates of the window for each window of acknowledged cells. */
  readonly cwndIncRate: number;
  /** Growth in slow start, percent of the acknowledged cells. */
  readonly slowStartPercent: number;
  /** Above this many cells slow start is limited (RFC 3742). */
  readonly slowStartCap: number;
  readonly slowStartMax: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly delta: number;
  /** Smoothing of the round-trip time: percent of the SENDMEs of a window, at most `ewmaMax`. */
  readonly ewmaPercent: number;
  readonly ewmaMax: number;
  readonly ewmaSlowStart: number;
  /** Where between least and present round-trip time the least one is set when the window is at its floor. */
  readonly rttResetPercent: number;
  /** The window counts as full up to this many SENDMEs below it. */
  readonly fullGap: number;
  /** Below this many percent in flight it is not full. */
  readonly fullPercentMin: number;
  /** Whether “full” is forgotten once a window rather than once an update. */
  readonly isFullPerWindow: boolean;
}

/**
 * No consensus can make the window larger: 131,072 cells are 64 MiB in flight on one circuit, and the queue of
 * expected tags is sized by it.
 */
export const CWND_CELLS_MAX = 131_072;

/** Cells of one TLS record; the defaults are multiples of it. */
const RECORD = 31;
const OUTBUF = 2 * RECORD;

const THRESHOLDS = {
  exit: { alpha: 3 * OUTBUF, beta: 4 * OUTBUF, gamma: 3 * OUTBUF, delta: 5 * OUTBUF, cap: 600 },
  onion: { alpha: 3 * OUTBUF, beta: 6 * OUTBUF, gamma: 4 * OUTBUF, delta: 7 * OUTBUF, cap: 475 },
  sbws: { alpha: 3 * RECORD, beta: 5 * RECORD, gamma: 2 * OUTBUF, delta: 4 * OUTBUF, cap: 400 },
} as const;

/** Cells that one SENDME answers, as this end proposes it: `cc_sendme_inc`. */
export function sendmeIncrement(params: ConsensusParams): number {
  return readParam(params, 'cc_sendme_inc', { fallback: RECORD, min: 1, max: 254 });
}

/**
 * Whether an increment named by the other end may be used: not 0, and within a factor of two of what the consensus
 * says (proposal 324, section 10.3), so that no end can make another one hold back or flood.
 */
export function isSendmeIncrementValid(increment: number, params: ConsensusParams): boolean {
  const own = sendmeIncrement(params);
  return increment > 0 && increment <= 2 * own && increment >= own / 2;
}

/** Whether the consensus wants congestion control: `cc_alg` 2; other algorithms than Vegas are not known. */
export function isVegasWanted(params: ConsensusParams): boolean {
  return readParam(params, 'cc_alg', { fallback: 2, min: 0, max: 3 }) !== 0;
}

/** All of it from the consensus, each clamped to its bounds. */
export function vegasParams(params: ConsensusParams, path: VegasPath): VegasParams {
  const own = THRESHOLDS[path];
  const read = (name: string, fallback: number, min: number, max: number): number =>
    readParam(params, name, { fallback, min, max });
  return {
    cwndInit: read('cc_cwnd_init', 4 * RECORD, RECORD, 10_000),
    cwndMin: read('cc_cwnd_min', 4 * RECORD, RECORD, 1000),
    cwndMax: Math.min(read('cc_cwnd_max', PARAM_MAX, 500, PARAM_MAX), CWND_CELLS_MAX),
    cwndInc: read('cc_cwnd_inc', 1, 1, 1000),
    cwndIncRate: read('cc_cwnd_inc_rate', RECORD, 1, 250),
    slowStartPercent: read('cc_cwnd_inc_pct_ss', 100, 1, 500),
    slowStartCap: read(`cc_sscap_${path}`, own.cap, 100, PARAM_MAX),
    slowStartMax: read('cc_ss_max', 5000, 500, PARAM_MAX),
    alpha: read(`cc_vegas_alpha_${path}`, own.alpha, 0, 1000),
    beta: read(`cc_vegas_beta_${path}`, own.beta, 0, 1000),
    gamma: read(`cc_vegas_gamma_${path}`, own.gamma, 0, 1000),
    delta: read(`cc_vegas_delta_${path}`, own.delta, 0, PARAM_MAX),
    ewmaPercent: read('cc_ewma_cwnd_pct', 50, 1, 255),
    ewmaMax: read('cc_ewma_max', 10, 2, PARAM_MAX),
    ewmaSlowStart: read('cc_ewma_ss', 2, 2, PARAM_MAX),
    rttResetPercent: read('cc_rtt_reset_pct', 100, 0, 100),
    fullGap: read('cc_cwnd_full_gap', 4, 0, 32_767),
    fullPercentMin: read('cc_cwnd_full_minpct', 25, 0, 100),
    isFullPerWindow: read('cc_cwnd_full_per_cwnd', 1, 0, 1) === 1,
  };
}
