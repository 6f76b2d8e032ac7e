import type { XonParams } from './xon-xoff.ts';

/** What an end remembers of the XON and XOFF it got for a stream; plain data. */
export interface ObeyState {
  /** Nothing more may be sent until an XON comes. */
  isStopped: boolean;
  /** Bytes a second that may be sent; Infinity: no limit. */
  rateBytesPerSec: number;
  /** For the check against marked streams: bytes sent, XOFFs and XONs received, all halved now and then. */
  sentBytes: number;
  xoffCount: number;
  xonCount: number;
}

export function obeyState(): ObeyState {
  return {
    isStopped: false,
    rateBytesPerSec: Number.POSITIVE_INFINITY,
    sentBytes: 0,
    xoffCount: 0,
    xonCount: 0,
  };
}

/** Why a circuit has to be closed: the other end sends what it cannot have a reason for (proposal 324, 4.1.4). */
export type XonFault = 'xoff-twice' | 'xoff-too-many' | 'xon-too-many';

/** Halved beyond these, so that long streams do not earn the right to thousands of idle messages. */
const COUNT_MAX = 200;
const SENT_BYTES_MAX = 10 * 2 ** 20;

/** `byteCount` bytes of DATA went out on the stream. */
export function noteStreamSent(state: ObeyState, byteCount: number): void {
  state.sentBytes += byteCount;
  if (state.sentBytes > SENT_BYTES_MAX) halve(state);
}

/**
 * XOFF came: nothing more may be sent. `peerXoffBytes`: what the other end must have waiting before it may say so;
 * undefined at an exit, which does not check.
 */
export function onXoff(state: ObeyState, peerXoffBytes: number | undefined): XonFault | undefined {
  if (state.isStopped) return 'xoff-twice';
  if (state.xoffCount >= COUNT_MAX) halve(state);
  state.xoffCount += 1;
  state.isStopped = true;
  if (peerXoffBytes !== undefined && state.sentBytes < peerXoffBytes * state.xoffCount)
    return 'xoff-too-many';
  return undefined;
}

/** XON came with `kbps` (1000 bytes a second; 0: no limit). `peerXoffBytes` as for {@link onXoff}. */
export function onXon(
  state: ObeyState,
  params: XonParams,
  kbps: number,
  peerXoffBytes: number | undefined,
): XonFault | undefined {
  if (state.xonCount >= COUNT_MAX) halve(state);
  state.xonCount += 1;
  state.isStopped = false;
  state.rateBytesPerSec = kbps === 0 ? Number.POSITIVE_INFINITY : kbps * 1000;
  if (peerXoffBytes === undefined) return undefined;
  const leastBytes = Math.min(peerXoffBytes, params.rateBytes) * state.xonCount;
  return state.sentBytes < leastBytes ? 'xon-too-many' : undefined;
}

function halve(state: ObeyState): void {
  state.sentBytes = Math.floor(state.sentBytes / 2);
  state.xoffCount = Math.floor(state.xoffCount / 2);
  state.xonCount = Math.floor(state.xonCount / 2);
}
