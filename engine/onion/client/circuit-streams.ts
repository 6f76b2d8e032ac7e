import type { Random } from '../../runtime/port.ts';
import { encodeXoff, encodeXon } from '../cell/flow-messages.ts';
import { END_REASON } from '../cell/reason.ts';
import { RELAY } from '../cell/relay-command.ts';
import { encodeResolve } from '../cell/resolve-messages.ts';
import { encodeBegin, encodeEnd } from '../cell/stream-messages.ts';
import { type StreamId, streamId } from '../units.ts';
import { HalfClosedStreams } from './half-closed.ts';
import type { ClientStream, StreamPlace } from './stream.ts';
import type { StreamFlow, StreamFlowMessage } from './stream-flow.ts';
import type { StreamReason } from './types.ts';

/** Streams on one circuit; a circuit with as many takes no more. */
export const STREAMS_PER_CIRCUIT_MAX = 2048;

const EMPTY = new Uint8Array(0);

/** What the streams of a circuit need of it. */
export interface StreamsCircuit {
  /** Queues a message to the last hop. */
  sendMessage(command: number, stream: StreamId, data: Uint8Array): void;
  /** There is data to send. */
  wake(): void;
  now(): number;
  /** Calls `action` once, after a while. */
  later(action: () => void, delayMs: number): void;
  newFlow(): StreamFlow;
}

/** The streams of one circuit: their numbers, who has data to send, and those that were closed. */
export class CircuitStreams implements StreamPlace {
  readonly halfClosed = new HalfClosedStreams();
  readonly #circuit: StreamsCircuit;
  readonly #random: Random;
  readonly #byId = new Map<StreamId, ClientStream>();
  /** Who has something to send and may, in turn. */
  readonly #senders = new Set<ClientStream>();
  /** Held to a rate, with a timer running. */
  readonly #delayed = new Set<ClientStream>();
  #nextId = 0;

  constructor(modules: { readonly circuit: StreamsCircuit; readonly random: Random }) {
    this.#circuit = modules.circuit;
    this.#random = modules.random;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Whether one more may be attached. */
  get hasRoom(): boolean {
    return this.#byId.size < STREAMS_PER_CIRCUIT_MAX && !this.halfClosed.isFull;
  }

  get(id: StreamId): ClientStream | undefined {
    return this.#byId.get(id);
  }

  /** Sends BEGIN, BEGIN_DIR or RESOLVE for it. To be asked only while {@link hasRoom}. */
  attach(stream: ClientStream): void {
    const id = this.#freeId();
    stream.place = this;
    stream.streamId = id;
    stream.flow = this.#circuit.newFlow();
    stream.state = 'connecting';
    this.#byId.set(id, stream);
    const [command, data] = beginOf(stream);
    this.#circuit.sendMessage(command, id, data);
  }

  wake(stream: ClientStream): void {
    if (!stream.wantsToSend || stream.flow === undefined || this.#senders.has(stream)) return;
    // An END needs no window.
    const waitMs = stream.queuedBytes === 0 ? 0 : stream.flow.waitMs(this.#circuit.now());
    if (waitMs === Number.POSITIVE_INFINITY) return;
    if (waitMs > 0) {
      this.#wakeLater(stream, waitMs);
      return;
    }
    this.#senders.add(stream);
    this.#circuit.wake();
  }

  /** Whose turn it is to send; undefined: nobody has anything. */
  nextSender(): ClientStream | undefined {
    for (const stream of this.#senders) {
      if (stream.wantsToSend && stream.streamId !== undefined) return stream;
      this.#senders.delete(stream);
    }
    return undefined;
  }

  /** That stream has had its turn; it may have another behind the others. */
  endTurn(stream: ClientStream): void {
    this.#senders.delete(stream);
    this.wake(stream);
  }

  endStream(stream: ClientStream, reason: 'done' | 'misc'): void {
    const id = stream.streamId;
    if (id === undefined || this.#byId.get(id) !== stream) return;
    const isOpen = stream.state === 'open';
    this.#forget(stream, id);
    this.halfClosed.add(id, stream.flow?.cellsToCome ?? 0, !isOpen);
    this.#circuit.sendMessage(
      RELAY.end,
      id,
      encodeEnd({ reason: END_REASON[reason], host: undefined, ttlSec: 0 }),
    );
  }

  onConsumed(stream: ClientStream, byteLength: number): void {
    const { flow } = stream;
    if (flow === undefined) return;
    for (const message of flow.onConsumed(byteLength, stream.waitingBytes, this.#circuit.now())) {
      this.sendFlow(stream, message);
    }
  }

  sendFlow(stream: ClientStream, message: StreamFlowMessage): void {
    const id = stream.streamId;
    if (id === undefined) return;
    if (message.kind === 'sendme') this.#circuit.sendMessage(RELAY.sendme, id, EMPTY);
    else if (message.kind === 'xoff') this.#circuit.sendMessage(RELAY.xoff, id, encodeXoff());
    else this.#circuit.sendMessage(RELAY.xon, id, encodeXon({ rateKbPerSec: message.kbps }));
  }

  /** END came for it. */
  onEnded(stream: ClientStream, reason: StreamReason): void {
    if (stream.streamId !== undefined) this.#forget(stream, stream.streamId);
    stream.onGone(reason);
  }

  /** It has its answer (RESOLVED); nothing more is to come. */
  forget(stream: ClientStream): void {
    if (stream.streamId !== undefined) this.#forget(stream, stream.streamId);
  }

  /** The circuit is gone. */
  failAll(reason: StreamReason): void {
    const streams = [...this.#byId.values()];
    this.#byId.clear();
    this.#senders.clear();
    for (const stream of streams) stream.onGone(reason);
  }

  #wakeLater(stream: ClientStream, delayMs: number): void {
    if (this.#delayed.has(stream)) return;
    this.#delayed.add(stream);
    this.#circuit.later(() => {
      this.#delayed.delete(stream);
      if (stream.streamId !== undefined && this.#byId.get(stream.streamId) === stream) this.wake(stream);
    }, delayMs);
  }

  #forget(stream: ClientStream, id: StreamId): void {
    this.#byId.delete(id);
    this.#senders.delete(stream);
  }

  /** Numbers begin by chance and go up; one is used again only when its stream is long gone. */
  #freeId(): StreamId {
    if (this.#nextId === 0) this.#nextId = 1 + this.#random.below(0xffff);
    for (;;) {
      const id = streamId(this.#nextId);
      this.#nextId = this.#nextId === 0xffff ? 1 : this.#nextId + 1;
      if (!this.#byId.has(id) && !this.halfClosed.has(id)) return id;
    }
  }
}

function beginOf(stream: ClientStream): readonly [command: number, data: Uint8Array] {
  const { kind, host, port } = stream;
  if (kind === 'directory') return [RELAY.beginDir, EMPTY];
  if (kind === 'resolve') return [RELAY.resolve, encodeResolve(host)];
  return [RELAY.begin, encodeBegin({ host, port, ipv6Ok: true, ipv4NotOk: false, ipv6Preferred: false })];
}
