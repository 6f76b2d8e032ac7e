/** Why a circuit has to be closed with DESTROY reason 1 (protocol). tor-spec, flow control. */
export type FlowFault =
  | 'sendme-unexpected'
  | 'sendme-tag-wrong'
  | 'sendme-version-refused'
  | 'sendme-window-full'
  | 'data-beyond-window';

/** A SENDME as decoded. Version 0 has no tag. */
export interface Sendme {
  readonly version: number;
  /** 20 or 16 bytes; empty for version 0. */
  readonly tag: Uint8Array;
}

/**
 * How many DATA cells may go out on a circuit, towards one end. Made by {@link fixedSender} (FlowCtrl=1) or
 * {@link vegasSender} (FlowCtrl=2). Only DATA cells count.
 */
export interface CircuitSender {
  /** DATA cells that may be sent now; 0: wait for a SENDME. */
  readonly sendable: number;
  /** Cells until the one whose tag the other end has to prove, that one included; ≥ 1. A batch may not go beyond. */
  readonly untilTag: number;
  /**
   * `count` DATA cells went out, count ≤ untilTag and ≤ sendable. True: the last of them is one that a SENDME will
   * answer, and {@link expectTag} must be called with its tag.
   */
  onSent(count: number, nowMs: number): boolean;
  /** The digest (20 bytes) or CGO tag (16 bytes) of the cell for which {@link onSent} was true. */
  expectTag(tag: Uint8Array): void;
  /**
   * A circuit SENDME came. `isBlocked`: the channel takes no more cells at this moment, which is a sign of
   * congestion. Undefined: all well; else the circuit must be closed.
   */
  onSendme(sendme: Sendme, nowMs: number, isBlocked: boolean): FlowFault | undefined;
}

/** Counts DATA cells that came in on a circuit and says when a SENDME is due. */
export interface CircuitReceiver {
  /** Cells until the one that is to be answered, that one included; ≥ 1. A batch may not go beyond. */
  readonly untilSendme: number;
  /** `count` DATA cells came, count ≤ untilSendme. `sendme`: answer the last of them with its tag. */
  onReceived(count: number): 'none' | 'sendme';
}

/** tor-spec: the window of a circuit without congestion control, cells. */
export const CIRCUIT_WINDOW_CELLS = 1000;
/** tor-spec: a circuit SENDME answers this many cells. */
export const CIRCUIT_INCREMENT_CELLS = 100;
/** tor-spec: the window of a stream without congestion control, cells. */
export const STREAM_WINDOW_CELLS = 500;
/** tor-spec: a stream SENDME answers this many cells. */
export const STREAM_INCREMENT_CELLS = 50;

/** Options that both kinds of sender know. */
export interface SenderOptions {
  /** 20: SHA-1 digests; 16: CGO. */
  readonly tagBytes: number;
  /** Consensus parameter `sendme_accept_min_version`; SENDMEs below are refused. 0 … 255. */
  readonly acceptVersionMin: number;
}

/** Checks a SENDME against what is due, without changing anything. */
export function sendmeFault(
  sendme: Sendme,
  tags: { readonly count: number; matches(tag: Uint8Array): boolean },
  acceptVersionMin: number,
): FlowFault | undefined {
  if (tags.count === 0) return 'sendme-unexpected';
  if (sendme.version > 1 || sendme.version < acceptVersionMin) return 'sendme-version-refused';
  if (sendme.version === 1 && !tags.matches(sendme.tag)) return 'sendme-tag-wrong';
  return undefined;
}
