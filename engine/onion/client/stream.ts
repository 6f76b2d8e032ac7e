import type { Lease } from '../../kernels/lease.ts';
import type { ResolvedAnswer } from '../cell/messages.ts';
import type { StreamId } from '../units.ts';
import type { StreamFlow } from './stream-flow.ts';
import type { OnionStream, OnionStreamEnd, OnionStreamHandler, StreamReason } from './types.ts';
import { WriteBacklog } from './write-backlog.ts';

/** What a stream asks the exit for: BEGIN, BEGIN_DIR or RESOLVE. */
export type StreamKind = 'connect' | 'directory' | 'resolve';

/** Where a stream is attached: its circuit, as far as the stream needs it. */
export interface StreamPlace {
  /** There is something to send, or one more thing may be sent. */
  wake(stream: ClientStream): void;
  /** Sends END and forgets the stream. */
  endStream(stream: ClientStream, reason: 'done' | 'misc'): void;
  /** The owner has taken what was handed to it. */
  onConsumed(stream: ClientStream, byteLength: number): void;
}

/** Who looks after a stream until it is open: it may be tried on another circuit. */
export interface StreamKeeper {
  /** CONNECTED or RESOLVED came. */
  onStreamOpen(stream: ClientStream): void;
  /** It failed before it was open; the stream is detached. Undefined when nothing more is to be told to its owner. */
  onStreamRefused(stream: ClientStream, reason: StreamReason): void;
  /** It is over. */
  onStreamClosed(stream: ClientStream): void;
}

export interface ClientStreamOptions {
  readonly kind: StreamKind;
  readonly host: string;
  readonly port: number;
  /** Streams with other keys never share a circuit. */
  readonly isolationKey: string;
  readonly queueBytesMax: number;
}

/** One stream, from the wish for it to its end; see {@link OnionStream}. Attached to at most one circuit at a time. */
export class ClientStream implements OnionStream {
  readonly kind: StreamKind;
  readonly host: string;
  readonly port: number;
  readonly isolationKey: string;
  readonly #queueBytesMax: number;
  readonly #handler: OnionStreamHandler;
  readonly #keeper: StreamKeeper;
  readonly #backlog = new WriteBacklog();
  state: 'waiting' | 'connecting' | 'open' | 'closed' = 'waiting';
  /** Set while attached. */
  place: StreamPlace | undefined;
  streamId: StreamId | undefined;
  flow: StreamFlow | undefined;
  /** Handed to the owner and not consumed yet. */
  waitingBytes = 0;
  /** Since it was asked last: whether anything came or went. */
  #isActive = true;
  #quietSinceMs = 0;
  /** What RESOLVED said. */
  answers: readonly ResolvedAnswer[] = [];
  #isEnding = false;

  constructor(
    options: ClientStreamOptions,
    modules: { readonly handler: OnionStreamHandler; readonly keeper: StreamKeeper },
  ) {
    this.kind = options.kind;
    this.host = options.host;
    this.port = options.port;
    this.isolationKey = options.isolationKey;
    this.#queueBytesMax = options.queueBytesMax;
    this.#handler = modules.handler;
    this.#keeper = modules.keeper;
  }

  get queuedBytes(): number {
    return this.#backlog.byteLength;
  }

  /** Whether there is data for cells, or an END to send behind it. */
  get wantsToSend(): boolean {
    return this.state === 'open' && (this.#backlog.byteLength > 0 || this.#isEnding);
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.state === 'closed' || this.#isEnding) {
      written?.(false);
      return;
    }
    this.#backlog.push(bytes, written);
    if (this.#backlog.byteLength > this.#queueBytesMax) this.abort('too-many');
    else if (this.state === 'open') this.place?.wake(this);
  }

  consumed(byteLength: number): void {
    this.waitingBytes = Math.max(0, this.waitingBytes - byteLength);
    if (this.state === 'open') this.place?.onConsumed(this, byteLength);
  }

  end(): void {
    if (this.state === 'closed' || this.#isEnding) return;
    this.#isEnding = true;
    if (this.state !== 'open') this.abort('closed');
    else this.place?.wake(this);
  }

  destroy(): void {
    this.abort('closed');
  }

  /** Ends it from our side with that reason. */
  abort(reason: StreamReason): void {
    if (this.state === 'closed') return;
    this.place?.endStream(this, 'misc');
    this.finish({ kind: reason === 'closed' ? 'closed' : 'failed', reason });
  }

  /** For how long nothing has come or gone, as far as earlier calls can tell; milliseconds. */
  quietMs(nowMs: number): number {
    // What waits for its owner is not the network's silence.
    if (this.#isActive || this.state !== 'open' || this.waitingBytes > 0) this.#quietSinceMs = nowMs;
    this.#isActive = false;
    return nowMs - this.#quietSinceMs;
  }

  /** Copies data into a cell; how much. To be called while {@link queuedBytes} > 0. */
  fillCell(out: Uint8Array, at: number, byteLength: number): void {
    this.#isActive = true;
    this.#backlog.take(out, at, byteLength);
  }

  /** What was queued has gone out: END follows where it was asked for, and the owner hears of it. */
  onEmptied(): void {
    if (this.#isEnding) {
      this.place?.endStream(this, 'done');
      this.finish({ kind: 'closed', reason: 'closed' });
    } else {
      this.#handler.onDrain();
    }
  }

  onOpen(host: string | undefined): void {
    this.state = 'open';
    this.#keeper.onStreamOpen(this);
    this.#handler.onOpen(host);
    if (this.wantsToSend) this.place?.wake(this);
  }

  onResolved(answers: readonly ResolvedAnswer[]): void {
    this.answers = answers;
    this.#detach();
    this.#keeper.onStreamOpen(this);
    this.finish({ kind: 'ended', reason: 'done' });
  }

  onData(bytes: Uint8Array, lease: Lease): void {
    this.#isActive = true;
    this.waitingBytes += bytes.length;
    this.#handler.onData(bytes, lease);
  }

  /** END came, or the circuit is gone. The circuit has forgotten the stream. */
  onGone(reason: StreamReason): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.#detach();
    if (wasOpen) {
      this.finish({ kind: reason === 'done' ? 'ended' : 'failed', reason });
      return;
    }
    this.state = 'waiting';
    this.#keeper.onStreamRefused(this, reason);
  }

  /** It is over; the owner is told. */
  finish(end: OnionStreamEnd): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#detach();
    this.#backlog.drop();
    this.#keeper.onStreamClosed(this);
    this.#handler.onClose(end);
  }

  #detach(): void {
    this.place = undefined;
    this.streamId = undefined;
  }
}
