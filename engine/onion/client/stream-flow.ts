import { streamOnData, streamOnSendme, streamSendmesDue, streamWindow } from '../flow/fixed-window.ts';
import { setTokenRate, spendTokens, tokenBucket, waitForTokensMs } from '../flow/token-bucket.ts';
import { noteStreamSent, obeyState, onXoff, onXon } from '../flow/xon-received.ts';
import { drainState, onStreamData, onStreamDrained, type XonParams } from '../flow/xon-xoff.ts';

/** A message that the flow of a stream makes us send. */
export type StreamFlowMessage =
  | { readonly kind: 'sendme' }
  | { readonly kind: 'xoff' }
  | { readonly kind: 'xon'; readonly kbps: number };

/** Flow control of one stream at a client's end. Methods that judge the other end say false when the circuit must go. */
export interface StreamFlow {
  /** 0: a cell may be sent now; Infinity: not before the other end says so; else milliseconds to wait. */
  waitMs(nowMs: number): number;
  /** A DATA cell with that much went out. */
  onSent(byteLength: number): void;
  /** A DATA cell came. */
  onData(): boolean;
  onSendme(): boolean;
  onXoff(): boolean;
  onXon(kbps: number): boolean;
  /** Data was handed to the owner, which now holds `waitingBytes`. */
  onDelivered(waitingBytes: number, nowMs: number): StreamFlowMessage | undefined;
  /** The owner is done with `takenBytes` and still holds `waitingBytes`. */
  onConsumed(takenBytes: number, waitingBytes: number, nowMs: number): readonly StreamFlowMessage[];
  /** DATA cells that may still come after we have closed the stream; Infinity: windows do not say. */
  readonly cellsToCome: number;
}

/** A cell's worth, for the rate that an XON allows. */
const CELL_DATA_BYTES = 498;
const NONE: readonly StreamFlowMessage[] = [];

/** FlowCtrl=1: windows of 500 cells, and a SENDME for every 50. tor-spec, stream-level flow control. */
export function windowFlow(): StreamFlow {
  const window = streamWindow();
  return {
    waitMs: () => (window.packageCells > 0 ? 0 : Number.POSITIVE_INFINITY),
    onSent: () => {
      window.packageCells -= 1;
    },
    onData: () => streamOnData(window) === undefined,
    onSendme: () => streamOnSendme(window) === undefined,
    onXoff: () => false,
    onXon: () => false,
    onDelivered: () => undefined,
    onConsumed: (_taken, waitingBytes) => {
      const due = streamSendmesDue(window, waitingBytes);
      return due === 0 ? NONE : new Array<StreamFlowMessage>(due).fill({ kind: 'sendme' });
    },
    get cellsToCome() {
      return window.deliverCells;
    },
  };
}

/** FlowCtrl=2: no windows on streams; each end says stop and go. Proposal 324, section 4. */
export function xonFlow(params: XonParams): StreamFlow {
  const drain = drainState(params, false);
  const obey = obeyState();
  const bucket = tokenBucket(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0);
  let nowMsLast = 0;
  return {
    waitMs(nowMs) {
      nowMsLast = nowMs;
      if (obey.isStopped) return Number.POSITIVE_INFINITY;
      if (obey.rateBytesPerSec === Number.POSITIVE_INFINITY) return 0;
      return waitForTokensMs(bucket, CELL_DATA_BYTES, nowMs);
    },
    onSent(byteLength) {
      noteStreamSent(obey, byteLength);
      if (obey.rateBytesPerSec !== Number.POSITIVE_INFINITY) spendTokens(bucket, byteLength);
    },
    onData: () => true,
    onSendme: () => false,
    onXoff: () => onXoff(obey, params.xoffExitLeastBytes) === undefined,
    onXon(kbps) {
      const fault = onXon(obey, params, kbps, params.xoffExitLeastBytes);
      const rate = obey.rateBytesPerSec;
      if (rate !== Number.POSITIVE_INFINITY) {
        setTokenRate(bucket, rate, Math.max(rate / 10, 32 * CELL_DATA_BYTES), nowMsLast);
      }
      return fault === undefined;
    },
    onDelivered: (waitingBytes, nowMs) => onStreamData(drain, params, waitingBytes, nowMs),
    onConsumed(takenBytes, waitingBytes, nowMs) {
      const message = onStreamDrained(drain, params, waitingBytes, takenBytes, nowMs);
      return message === undefined ? NONE : [message];
    },
    cellsToCome: Number.POSITIVE_INFINITY,
  };
}
