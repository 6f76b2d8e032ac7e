import { type ConsensusParams, readParam } from './consensus-param.ts';
import { ewma } from './vegas.ts';

/** Parameters of flow control on streams, bytes unless named otherwise. Proposal 324, section 4. */
export interface XonParams {
  /** Waiting for a client's or service's application before XOFF goes out. */
  readonly xoffClientBytes: number;
  /** Waiting for an exit's connection before XOFF goes out. */
  readonly xoffExitBytes: number;
  /** What an exit must at least have been sent for each of its XOFFs. */
  readonly xoffExitLeastBytes: number;
  /** Change of the drain rate that is worth an XON. */
  readonly changePercent: number;
  /** Bytes drained between two looks at the rate. */
  readonly rateBytes: number;
  readonly ewmaCount: number;
}

/** Data in a relay cell of the old form; the parameters count in it. */
const DATA_BYTES = 498;
/** Data in one of the new form: C tor 0.4.9 counts XOFF in these, 0.4.8 in the others. */
const DATA_BYTES_MIN = 488;
/**
 * XOFF goes out when too much has waited for this long, as C tor 0.4.9 does it: what came in one go may be gone with the
 * next turn of the loop, and each XOFF costs the stream a round trip.
 */
const XOFF_GRACE_MS = 5;
/** Cells that come in one go; more waiting than that means that it does not drain. */
const BURST_CELLS = 32;
const RATE_MAX = 2 ** 31 - 1;

/** From the consensus, clamped. */
export function xonParams(params: ConsensusParams): XonParams {
  const cells = { fallback: 500, min: 1, max: 10_000 };
  const xoffExitCells = readParam(params, 'cc_xoff_exit', cells);
  return {
    // The larger of the two forms where we send, the smaller where we judge: right for either version.
    xoffClientBytes: readParam(params, 'cc_xoff_client', cells) * DATA_BYTES,
    xoffExitBytes: xoffExitCells * DATA_BYTES,
    xoffExitLeastBytes: xoffExitCells * DATA_BYTES_MIN,
    changePercent: readParam(params, 'cc_xon_change_pct', { fallback: 25, min: 1, max: 99 }),
    rateBytes: readParam(params, 'cc_xon_rate', { fallback: 500, min: 1, max: 5000 }) * DATA_BYTES,
    ewmaCount: readParam(params, 'cc_xon_ewma_cnt', { fallback: 2, min: 2, max: 100 }),
  };
}

/** What one end remembers of a stream to tell the other when to stop and how fast to go; plain data. */
export interface DrainState {
  /** Bytes waiting above which XOFF goes out. */
  readonly xoffBytes: number;
  isXoffSent: boolean;
  /** Since when more than that has been waiting, milliseconds; undefined: it is not, or XOFF was sent. */
  overSinceMs: number | undefined;
  /** Since when what drains is measured, milliseconds; undefined: nothing waits. */
  drainSinceMs: number | undefined;
  drainedBytes: number;
  /** Kilobytes (1000 bytes) a second, smoothed; 0: not known. */
  rateKbps: number;
  /** As told in the last XON; 0: none was sent. */
  toldKbps: number;
}

/** What to send for a stream. `kbps` 0 means no limit. */
export type FlowMessage = { readonly kind: 'xoff' } | { readonly kind: 'xon'; readonly kbps: number };

/** `isExit`: an exit's end of the stream; else a client's or onion service's. */
export function drainState(params: XonParams, isExit: boolean): DrainState {
  return {
    xoffBytes: isExit ? params.xoffExitBytes : params.xoffClientBytes,
    isXoffSent: false,
    overSinceMs: undefined,
    drainSinceMs: undefined,
    drainedBytes: 0,
    rateKbps: 0,
    toldKbps: 0,
  };
}

/** Data came from the circuit and `waitingBytes` now wait for the application. What to send, if anything. */
export function onStreamData(
  state: DrainState,
  params: XonParams,
  waitingBytes: number,
  nowMs: number,
): FlowMessage | undefined {
  if (isXoffDue(state, waitingBytes, nowMs)) {
    state.isXoffSent = true;
    state.overSinceMs = undefined;
    state.rateKbps = 0;
    return { kind: 'xoff' };
  }
  // Writes only happen when the socket takes more, so waiting data has to be noticed here.
  return waitingBytes > BURST_CELLS * DATA_BYTES
    ? onStreamDrained(state, params, waitingBytes, 0, nowMs)
    : undefined;
}

/** The application took `takenBytes` and `waitingBytes` are left. What to send, if anything. */
export function onStreamDrained(
  state: DrainState,
  params: XonParams,
  waitingBytes: number,
  takenBytes: number,
  nowMs: number,
): FlowMessage | undefined {
  // How long it stood still says nothing of how fast it goes on: a paused program would get a trickle for minutes.
  if (state.isXoffSent && takenBytes > 0 && state.drainedBytes === 0 && state.drainSinceMs !== undefined) {
    state.drainSinceMs = nowMs;
  }
  if (waitingBytes <= state.xoffBytes) state.overSinceMs = undefined;
  state.drainedBytes += takenBytes;
  if (state.drainSinceMs === undefined && waitingBytes > 0) {
    state.drainSinceMs = nowMs;
    state.drainedBytes = 0;
  }
  measureDrain(state, params, nowMs);
  const isDue = state.isXoffSent ? waitingBytes === 0 : hasRateChanged(state, params);
  if (isDue) {
    state.isXoffSent = false;
    state.toldKbps = state.rateKbps;
  }
  const message: FlowMessage | undefined = isDue ? { kind: 'xon', kbps: state.rateKbps } : undefined;
  if (waitingBytes === 0) onEmpty(state, params);
  return message;
}

function isXoffDue(state: DrainState, waitingBytes: number, nowMs: number): boolean {
  if (state.isXoffSent) return false;
  if (waitingBytes <= state.xoffBytes) {
    state.overSinceMs = undefined;
    return false;
  }
  state.overSinceMs ??= nowMs;
  return nowMs - state.overSinceMs > XOFF_GRACE_MS;
}

function measureDrain(state: DrainState, params: XonParams, nowMs: number): void {
  if (state.drainSinceMs === undefined || state.drainedBytes <= params.rateBytes) return;
  const passedMs = nowMs - state.drainSinceMs;
  if (passedMs <= 0) return;
  const kbps = Math.min(RATE_MAX, Math.max(1, Math.floor(state.drainedBytes / passedMs)));
  state.rateKbps = ewma(kbps, state.rateKbps, params.ewmaCount);
  state.drainedBytes = 0;
  state.drainSinceMs = undefined;
}

/** Without waiting data the true rate is not known, only that it is higher than what was told. */
function onEmpty(state: DrainState, params: XonParams): void {
  state.drainSinceMs = undefined;
  if (state.drainedBytes < params.rateBytes || state.toldKbps === 0) return;
  state.rateKbps = Math.min(RATE_MAX, 2 * state.rateKbps);
  state.drainedBytes = 0;
}

function hasRateChanged(state: DrainState, params: XonParams): boolean {
  if (state.toldKbps === 0) return false;
  const change = Math.abs(state.rateKbps - state.toldKbps);
  return change * 100 > params.changePercent * state.toldKbps;
}
