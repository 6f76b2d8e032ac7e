import type { VegasParams } from './vegas-params.ts';

/** What congestion control remembers of one circuit: plain data. Proposal 324. */
export interface VegasState {
  /** Cells that one SENDME answers, as agreed on in the handshake. */
  readonly increment: number;
  /** The congestion window, cells. */
  cwnd: number;
  /** Cells sent and not answered. */
  inflight: number;
  isSlowStart: boolean;
  isFull: boolean;
  /** At the last SENDME the channel took no cells. */
  isBlocked: boolean;
  /** SENDMEs until the window is looked at again. */
  untilUpdate: number;
  /** SENDMEs until a whole window has been answered. */
  untilWindow: number;
  /** Round-trip times, microseconds; 0: none yet. */
  rttMinUs: number;
  rttEwmaUs: number;
  rttMaxUs: number;
  /** Cells that the path holds without queueing: the bandwidth-delay product. */
  bdp: number;
}

/** Whether the clock stood still or jumped; one for all circuits of an event loop. Proposal 324, 2.1.1. */
export interface ClockHealth {
  isStalled: boolean;
}

/** A round-trip time this many times longer or shorter than usual is the clock's fault. */
const JUMP_RATIO = 5000;

/** The state of a new circuit. `increment`: from the handshake. */
export function vegasStart(params: VegasParams, increment: number): VegasState {
  const state: VegasState = {
    increment,
    cwnd: Math.max(params.cwndInit, increment),
    inflight: 0,
    isSlowStart: true,
    isFull: false,
    isBlocked: false,
    untilUpdate: 1,
    untilWindow: 0,
    rttMinUs: 0,
    rttEwmaUs: 0,
    rttMaxUs: 0,
    bdp: 0,
  };
  state.untilWindow = sendmesPerWindow(state);
  return state;
}

/**
 * A SENDME came for the cell sent at `sentMs`. Changes `state` in place: round-trip times, bandwidth-delay product,
 * window and cells in flight. `isBlocked`: the channel takes no more cells now.
 */
export function vegasOnSendme(
  state: VegasState,
  params: VegasParams,
  clock: ClockHealth,
  sentMs: number,
  nowMs: number,
  isBlocked: boolean,
): void {
  if (state.untilUpdate > 0) state.untilUpdate -= 1;
  if (state.untilWindow > 0) state.untilWindow -= 1;
  const isMeasured = measureRtt(state, params, clock, Math.round((nowMs - sentMs) * 1000));
  if (updateBdp(state, isMeasured, isBlocked)) updateWindow(state, params);
  if (state.cwnd > params.cwndMax) state.cwnd = params.cwndMax;
  state.inflight -= state.increment;
}

/** N-EWMA with integers, rounded as all others do. Proposal 324, 2.1.2. */
export function ewma(value: number, previous: number, n: number): number {
  return previous === 0 ? value : Math.floor((2 * value + (n - 1) * previous) / (n + 1));
}

function sendmesPerWindow(state: VegasState): number {
  return Math.floor((state.cwnd + Math.floor(state.increment / 2)) / state.increment);
}

/** SENDMEs between two looks at the window. */
function updateRate(state: VegasState, params: VegasParams): number {
  if (state.isSlowStart) return 1;
  const cells = params.cwndIncRate * state.increment;
  return Math.floor((state.cwnd + Math.floor(cells / 2)) / cells);
}

/** False: the time says nothing, because the clock stood still or jumped. */
function measureRtt(state: VegasState, params: VegasParams, clock: ClockHealth, rttUs: number): boolean {
  if (isClockWrong(state, clock, rttUs)) return false;
  const smoothing = state.isSlowStart
    ? params.ewmaSlowStart
    : Math.min(Math.floor((updateRate(state, params) * params.ewmaPercent) / 100), params.ewmaMax);
  state.rttEwmaUs = ewma(rttUs, state.rttEwmaUs, Math.max(smoothing, 2));
  state.rttMaxUs = Math.max(state.rttMaxUs, rttUs);
  if (state.rttMinUs === 0) {
    state.rttMinUs = state.rttEwmaUs;
  } else if (state.cwnd === params.cwndMin && !state.isSlowStart) {
    // A least time that was a fluke would hold the window at its floor for ever.
    state.rttMinUs = mixTowardsMax(state.rttEwmaUs, state.rttMinUs, params.rttResetPercent);
  } else if (state.rttEwmaUs < state.rttMinUs) {
    state.rttMinUs = state.rttEwmaUs;
  }
  return true;
}

function mixTowardsMax(a: number, b: number, percent: number): number {
  const high = Math.max(a, b);
  const low = Math.min(a, b);
  return Math.floor((percent * high + (100 - percent) * low) / 100);
}

function isClockWrong(state: VegasState, clock: ClockHealth, rttUs: number): boolean {
  if (rttUs <= 0) {
    clock.isStalled = true;
    return true;
  }
  if (state.isSlowStart || state.rttEwmaUs === 0) return false;
  if (state.rttEwmaUs > rttUs * JUMP_RATIO) return clock.isStalled;
  if (rttUs > state.rttEwmaUs * JUMP_RATIO) return true;
  clock.isStalled = false;
  return false;
}

/** True: there is something to decide the window by. */
function updateBdp(state: VegasState, isMeasured: boolean, isBlocked: boolean): boolean {
  if (state.rttEwmaUs === 0) {
    state.bdp = state.cwnd;
    state.isBlocked = isBlocked;
    return isBlocked;
  }
  state.bdp = Math.floor((state.cwnd * state.rttMinUs) / state.rttEwmaUs);
  if (state.isBlocked !== isBlocked) {
    // A change of the channel is looked at right away, and then once a window.
    state.isBlocked = isBlocked;
    state.untilUpdate = 0;
  }
  return isBlocked || isMeasured;
}

function updateWindow(state: VegasState, params: VegasParams): void {
  const queued = Math.max(0, state.cwnd - state.bdp);
  if (state.inflight + params.fullGap * state.increment >= state.cwnd) state.isFull = true;
  else if (100 * state.inflight < params.fullPercentMin * state.cwnd) state.isFull = false;

  if (state.isSlowStart) slowStart(state, params, queued);
  else if (state.untilUpdate === 0) steady(state, params, queued);

  if (state.untilWindow === 0) state.untilWindow = sendmesPerWindow(state);
  if (state.untilUpdate === 0) state.untilUpdate = updateRate(state, params);
  const isNewRound = params.isFullPerWindow
    ? state.untilWindow === sendmesPerWindow(state)
    : state.untilUpdate === updateRate(state, params);
  if (isNewRound) state.isFull = false;
}

/** RFC 3742, limited slow start, until a queue of gamma cells has built up. */
function slowStart(state: VegasState, params: VegasParams, queued: number): void {
  if (queued >= params.gamma || state.isBlocked) {
    state.cwnd = Math.max(state.bdp + params.gamma, params.cwndMin);
    state.isSlowStart = false;
  } else if (state.isFull) {
    const step = slowStartStep(state, params);
    state.cwnd += step;
    if (step * sendmesPerWindow(state) <= params.cwndInc * params.cwndIncRate) state.isSlowStart = false;
  }
  if (state.cwnd >= params.slowStartMax) {
    state.cwnd = params.slowStartMax;
    state.isSlowStart = false;
  }
}

function slowStartStep(state: VegasState, params: VegasParams): number {
  if (state.cwnd <= params.slowStartCap) {
    return Math.floor((params.slowStartPercent * state.increment + 50) / 100);
  }
  return Math.max(1, Math.floor((state.increment * params.slowStartCap + state.cwnd) / (2 * state.cwnd)));
}

/** TCP Vegas: keeps between alpha and beta cells in the queues of the path. */
function steady(state: VegasState, params: VegasParams, queued: number): void {
  if (queued > params.delta) state.cwnd = state.bdp + params.delta - params.cwndInc;
  else if (queued > params.beta || state.isBlocked) state.cwnd -= params.cwndInc;
  else if (state.isFull && queued < params.alpha) state.cwnd += params.cwndInc;
  state.cwnd = Math.max(state.cwnd, params.cwndMin);
}
