import { AlliumError } from '../../../codec/error.ts';
import type { Lease } from '../../../kernels/lease.ts';
import type { Slab } from '../../../kernels/slab.ts';
import type { Clock } from '../../../runtime/port.ts';
import { encodeSendme } from '../../cell/flow-messages.ts';
import { END_REASON, type EndReason } from '../../cell/reason.ts';
import { RELAY } from '../../cell/relay-command.ts';
import { encodeEnd } from '../../cell/stream-messages.ts';
import { spendTokens, type TokenBucket, waitForTokensMs } from '../../flow/token-bucket.ts';
import { noteStreamSent } from '../../flow/xon-received.ts';
import type { XonParams } from '../../flow/xon-xoff.ts';
import type { QueueRoom } from '../cell-queue.ts';
import type { RelayCounters } from '../counters.ts';
import type { Originator } from '../originator.ts';
import type { Turn } from '../turn.ts';
import type { EdgeStream } from './edge-stream.ts';

const SCRATCH_SLOTS = 4;
/** A stream that is held to a rate goes on in steps of this length. */
export const RATE_STEP_MS = 20;
const STREAM_SENDME = encodeSendme({ version: 0, digest: new Uint8Array(0) });

export interface EdgeModules {
  readonly slab: Slab;
  readonly room: QueueRoom;
  readonly clock: Clock;
  readonly counters: RelayCounters;
  readonly originator: Originator;
  readonly turn: Turn;
}

/**
 * What the streams of all circuits share: how much may be sent, how it is sent, and the one buffer that all their
 * connections read into. What was read is copied from there into cells, since 16 bytes of each cell are not data: a
 * read of 62 KiB and 127 copies of 498 bytes are far cheaper than 127 reads.
 */
export class EdgeRoom {
  readonly modules: EdgeModules;
  readonly streamQueueBytesMax: number;
  xon: XonParams;
  /** Streams of all circuits. */
  streamCount = 0;
  /** Connections of streams that their clients have ended, as long as something has still to go out. */
  lingering = 0;
  readonly #scratch: Lease;

  /** Throws AlliumError SLAB_FULL when there is no room for its buffer. */
  constructor(
    options: { readonly xon: XonParams; readonly streamQueueBytesMax: number },
    modules: EdgeModules,
  ) {
    this.modules = modules;
    this.xon = options.xon;
    this.streamQueueBytesMax = options.streamQueueBytesMax;
    const scratch = modules.slab.tryLease(SCRATCH_SLOTS, 'stream reads');
    if (scratch === undefined) {
      throw new AlliumError('SLAB_FULL', 'no room for reads of streams', {
        advice: 'Give the relay more memory.',
      });
    }
    this.#scratch = scratch;
  }

  /** Where reads and held data are put before they become cells: an address in the slab. */
  get scratchAt(): number {
    return this.#scratch.offset;
  }

  get scratchBytes(): number {
    return this.#scratch.byteLength;
  }

  /** Cells of data that a stream may send now. */
  sendable(stream: EdgeStream): number {
    const { circuit, window, obey } = stream;
    if (circuit.isClosed || circuit.prev.isClogged || obey.isStopped) return 0;
    const cells = circuit.crypto!.sender.sendable;
    if (stream.rate !== undefined) return Math.min(cells, this.#rateCells(stream, stream.rate));
    return window === undefined ? cells : Math.min(cells, window.packageCells);
  }

  /** Sends what lies at `from` in the slab, as far as it is allowed to; how many bytes that was. */
  send(stream: EdgeStream, from: number, length: number): number {
    const cells = this.sendable(stream);
    if (cells === 0 || length === 0) return 0;
    const { circuit, window, id } = stream;
    const cellBytes = circuit.format.dataBytesMax(RELAY.data);
    const sent = this.modules.originator.data(circuit, id, from, Math.min(length, cells * cellBytes));
    if (window !== undefined) window.packageCells -= Math.ceil(sent / cellBytes);
    if (stream.rate !== undefined) spendTokens(stream.rate, sent);
    noteStreamSent(stream.obey, sent);
    this.modules.counters.streamBytesIn += sent;
    return sent;
  }

  /** A stream SENDME, `count` times. */
  sendStreamSendmes(stream: EdgeStream, count: number): void {
    for (let i = 0; i < count; i += 1) this.message(stream, RELAY.sendme, STREAM_SENDME);
  }

  message(stream: EdgeStream, command: number, data: Uint8Array): void {
    if (!stream.circuit.isClosed) this.modules.originator.message(stream.circuit, command, stream.id, data);
  }

  /** Takes the stream from its circuit. */
  forget(stream: EdgeStream): void {
    const { circuit, id } = stream;
    if (circuit.streams?.get(id) !== stream) return;
    circuit.streams.delete(id);
    this.streamCount -= 1;
  }

  /** Ends the stream from this side. */
  end(stream: EdgeStream, reason: EndReason, host?: string): void {
    this.forget(stream);
    const ttlSec = host === undefined ? 0 : TTL_SEC;
    this.message(stream, RELAY.end, encodeEnd({ reason, host, ttlSec }));
  }

  /** What the rate allows now; when that is nothing, the stream is woken later. */
  #rateCells(stream: EdgeStream, rate: TokenBucket): number {
    const { clock, turn } = this.modules;
    const cellBytes = stream.circuit.format.dataBytesMax(RELAY.data);
    const waitMs = waitForTokensMs(rate, cellBytes, clock.now());
    if (waitMs === 0) return Math.floor(rate.tokens / cellBytes);
    if (!stream.isRateAwaited) {
      stream.isRateAwaited = true;
      clock.setTimer(Math.max(waitMs, RATE_STEP_MS), () => {
        stream.isRateAwaited = false;
        turn.wake(stream.circuit);
        turn.end();
      });
    }
    return 0;
  }

  dispose(): void {
    this.#scratch.release();
  }
}

/** C tor 0.4.9 tells one time to live for all names, so that nobody can probe what others looked up. */
export const TTL_SEC = 60;

/** The END reason for a connection that could not be made or broke. */
export function endReasonOf(kind: string, code: string): EndReason {
  if (kind === 'ended') return END_REASON.done;
  if (kind === 'refused') return END_REASON.connectRefused;
  if (kind === 'timeout') return END_REASON.timeout;
  if (kind === 'reset') return END_REASON.connectionReset;
  return code === 'EHOSTUNREACH' || code === 'ENETUNREACH' ? END_REASON.noRoute : END_REASON.misc;
}
