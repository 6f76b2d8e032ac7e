import type { ClientCipherId, ClientCiphers } from '../../kernels/relay-cells.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { decodeCreated2, decodeDestroyReason } from '../cell/circuit-messages.ts';
import { CELL } from '../cell/command.ts';
import { encodeSendme } from '../cell/flow-messages.ts';
import type { Sendme } from '../cell/messages.ts';
import { RELAY } from '../cell/relay-command.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import type { ClockHealth } from '../flow/vegas.ts';
import { CIRCUIT_STREAM, type CircuitId, type StreamId } from '../units.ts';
import { type CircuitFlow, circuitFlow } from './circuit-flow.ts';
import { CircuitStreams } from './circuit-streams.ts';
import type { CircuitEnd, CircuitFault, CircuitHandler, Hop, HopPlan } from './circuit-types.ts';
import { formatOf } from './circuit-types.ts';
import type { HandshakeTurns } from './handshake-turns.ts';
import { type Greeting, greetFirst, greetNext, type NewHop } from './hop-handshake.ts';
import type { CellOutbox } from './outbox.ts';
import { destroyReasonName } from './reasons.ts';
import type { SendingCircuit } from './sending.ts';
import type { ClientStream } from './stream.ts';

/** Messages that wait for room in the slab; a circuit with more of them is closed. */
export const CIRCUIT_MESSAGES_MAX = 4096;
/** DATA cells of one stream before the next one has its turn. */
const CELLS_PER_TURN = 16;

interface Message {
  readonly hop: number;
  readonly command: number;
  readonly streamId: StreamId;
  readonly data: Uint8Array;
  readonly isEarly: boolean;
}

/** What a circuit needs of its link. */
export interface CircuitLink {
  sendControl(circuit: CircuitId, command: number, body: Uint8Array): void;
  /** The circuit has cells to send. */
  wake(circuit: ClientCircuit): void;
  /** The circuit is closed; its cipher is given back when this turn's cells are out. */
  release(circuit: ClientCircuit, isDestroyDue: boolean): void;
  /** The link takes no more cells now. */
  readonly isBlocked: boolean;
  /** It was silent when it should have spoken, and still is. */
  readonly isDoubtful: boolean;
  /** An answer is overdue: doubts the link if nothing at all has come since `sinceMs`. */
  doubt(sinceMs: number): void;
}

export interface ClientCircuitOptions {
  readonly id: CircuitId;
  readonly plans: readonly HopPlan[];
  readonly params: ConsensusParams;
}

export interface CircuitModules {
  readonly link: CircuitLink;
  readonly ciphers: ClientCiphers;
  readonly clock: Clock;
  readonly random: Random;
  readonly clockHealth: ClockHealth;
  readonly handshakes: HandshakeTurns;
  readonly handler: CircuitHandler;
}

/** A circuit of ours: builds itself hop by hop, carries streams to the last hop. What comes in: circuit-inbox.ts. */
export class ClientCircuit implements SendingCircuit {
  readonly id: CircuitId;
  readonly cipher: ClientCipherId;
  readonly plans: readonly HopPlan[];
  readonly hops: Hop[] = [];
  readonly streams: CircuitStreams;
  state: 'new' | 'building' | 'open' | 'closed' = 'new';
  /** Set once it is open. */
  flow: CircuitFlow | undefined;
  readonly #params: ConsensusParams;
  readonly #modules: CircuitModules;
  readonly #messages: Message[] = [];
  #greeting: Greeting | undefined;
  /** DATA cells written and not enciphered yet. */
  #unsentData = 0;

  constructor(options: ClientCircuitOptions, modules: CircuitModules) {
    this.id = options.id;
    this.plans = options.plans;
    this.#params = options.params;
    this.#modules = modules;
    this.cipher = modules.ciphers.open();
    this.streams = new CircuitStreams({
      circuit: {
        sendMessage: (command, stream, data) => this.sendMessage(command, stream, data),
        wake: () => modules.link.wake(this),
        now: () => modules.clock.now(),
        later: (action, delayMs) => {
          modules.clock.setTimer(Math.ceil(delayMs), action);
        },
        newFlow: () => this.flow!.newStream(),
      },
      random: modules.random,
    });
  }

  get lastHop(): number {
    return this.hops.length - 1;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isLinkDoubtful(): boolean {
    return this.#modules.link.isDoubtful;
  }

  /** An answer of an exit is overdue: doubts the link if it has been silent since `sinceMs`. */
  doubtLink(sinceMs: number): void {
    this.#modules.link.doubt(sinceMs);
  }

  /** The link is open: greets the first hop. */
  begin(): void {
    if (this.state !== 'new') return;
    this.state = 'building';
    this.#modules.handshakes.run(() => {
      if (this.state === 'building') this.#greetFirst();
    });
  }

  #greetFirst(): void {
    const greeting = greetFirst(this.plans[0]!, this.#modules.random);
    if (greeting === undefined) {
      this.fail('bad-handshake');
      return;
    }
    this.#greeting = greeting;
    this.#modules.link.sendControl(this.id, greeting.command, greeting.body);
  }

  /** CREATED2, CREATED_FAST, DESTROY, or something that has no place here. */
  onControl(command: number, body: Uint8Array): void {
    if (this.state === 'closed') return;
    if (command === CELL.destroy) {
      this.end({ kind: 'destroyed', reason: destroyReasonName(decodeDestroyReason(body)) }, false);
      return;
    }
    const sent = this.hops.length === 0 ? this.#greeting?.command : undefined;
    if (command === CELL.createdFast && sent === CELL.createFast) {
      this.#onAnswer(body.subarray(0, 40));
    } else if (command === CELL.created2 && sent === CELL.create2) {
      const answer = decodeCreated2(body);
      if (answer.ok) this.#onAnswer(answer.value);
      else this.fail('bad-cell');
    } else {
      this.fail('unexpected-message');
    }
  }

  /** EXTENDED2 came from that hop. */
  onExtended(hop: number, data: Uint8Array): void {
    if (this.state !== 'building' || hop !== this.lastHop || this.#greeting === undefined) {
      this.fail('unexpected-message');
      return;
    }
    const answer = decodeCreated2(data);
    if (answer.ok) this.#onAnswer(answer.value);
    else this.fail('bad-cell');
  }

  /** The hop in turn has answered; `answer` is valid during the call. */
  #onAnswer(answer: Uint8Array): void {
    const greeting = this.#greeting!;
    this.#greeting = undefined;
    const kept = answer.slice();
    this.#modules.handshakes.run(() => {
      if (this.state === 'building') this.#addHop(greeting.finish(kept));
    });
  }

  #addHop(made: NewHop | undefined): void {
    if (made === undefined) {
      this.fail('bad-handshake');
      return;
    }
    const { ciphers, handler } = this.#modules;
    const plan = this.plans[this.hops.length]!;
    ciphers.extend(this.cipher, made.cipher, made.keys);
    made.keys.fill(0);
    this.hops.push({ plan, cipher: made.cipher, format: formatOf(made.cipher) });
    const isLast = this.hops.length === this.plans.length;
    if (isLast) {
      this.flow = circuitFlow(made.cipher, made.sendmeIncrement, this.#params, this.#modules.clockHealth);
      if (this.flow === undefined) {
        this.fail('bad-handshake');
        return;
      }
    }
    handler.onHop?.(this.hops.length);
    if (this.state !== 'building') return;
    if (isLast) {
      this.state = 'open';
      handler.onBuilt();
    } else {
      this.#extend();
    }
  }

  #extend(): void {
    const greeting = greetNext(this.plans[this.hops.length]!, this.#modules.random);
    if (greeting === undefined) {
      this.fail('bad-handshake');
      return;
    }
    this.#greeting = greeting;
    const { lastHop: hop } = this;
    this.#push({ hop, command: RELAY.extend2, streamId: CIRCUIT_STREAM, data: greeting.body, isEarly: true });
  }

  /** Queues a message to the last hop. */
  sendMessage(command: number, streamId: StreamId, data: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#push({ hop: this.lastHop, command, streamId, data, isEarly: false });
  }

  #push(message: Message): void {
    if (this.#messages.length >= CIRCUIT_MESSAGES_MAX) {
      this.fail('too-many-messages');
      return;
    }
    this.#messages.push(message);
    this.#modules.link.wake(this);
  }

  /** Puts a stream on it; to be asked only while it is open and has room. */
  attach(stream: ClientStream): void {
    this.streams.attach(stream);
  }

  /** A DATA cell came. True: its tag is to be taken for {@link acknowledge}. */
  onDataReceived(): boolean {
    return this.flow!.receiver.onReceived(1) === 'sendme';
  }

  acknowledge(tag: Uint8Array): void {
    this.sendMessage(RELAY.sendme, CIRCUIT_STREAM, encodeSendme({ version: 1, digest: tag }));
  }

  /** A SENDME of the circuit came. False: not as agreed. */
  onSendme(sendme: Sendme): boolean {
    const { clock, link } = this.#modules;
    const fault = this.flow!.sender.onSendme(
      { version: sendme.version, tag: sendme.digest },
      clock.now(),
      link.isBlocked,
    );
    if (fault === undefined) link.wake(this);
    return fault === undefined;
  }

  onDataEnciphered(nowMs: number): boolean {
    this.#unsentData -= 1;
    return this.flow!.sender.onSent(1, nowMs);
  }

  onTag(tag: Uint8Array): void {
    this.flow!.sender.expectTag(tag);
  }

  /** Whether there is something to send that the windows let through. */
  get hasWork(): boolean {
    if (this.state === 'closed') return false;
    if (this.#messages.length > 0) return true;
    const sender = this.streams.nextSender();
    return sender !== undefined && (sender.queuedBytes === 0 || this.#sendable > 0);
  }

  get #sendable(): number {
    return this.flow === undefined ? 0 : this.flow.sender.sendable - this.#unsentData;
  }

  /**
   * Writes up to `cellsMax` cells. `isBlocked`: messages only, no data. False: the slab has no room.
   */
  fill(outbox: CellOutbox, cellsMax: number, isBlocked: boolean, bytes: Uint8Array): boolean {
    let left = cellsMax;
    while (left > 0 && this.#messages.length > 0) {
      if (!outbox.prepare()) return false;
      this.#writeMessage(outbox, this.#messages.shift()!, bytes);
      left -= 1;
    }
    while (left > 0 && !isBlocked && this.state === 'open') {
      const stream = this.streams.nextSender();
      if (stream === undefined) return true;
      if (stream.queuedBytes > 0) {
        const count = Math.min(left, CELLS_PER_TURN, this.#sendable);
        if (count <= 0) return true;
        if (!this.#writeData(outbox, stream, count, bytes)) return false;
        left -= count;
      }
      this.streams.endTurn(stream);
      if (stream.queuedBytes === 0 && stream.state === 'open') stream.onEmptied();
    }
    return true;
  }

  #writeMessage(outbox: CellOutbox, message: Message, bytes: Uint8Array): void {
    const { hop, command, streamId, data, isEarly } = message;
    const { format } = this.hops[hop]!;
    const draft = { circuit: this, hop, format, command, streamId, dataLength: data.length, isEarly };
    const dataAt = outbox.open(draft);
    bytes.set(data, dataAt);
    outbox.close(format, dataAt, data.length, false);
  }

  #writeData(outbox: CellOutbox, stream: ClientStream, count: number, bytes: Uint8Array): boolean {
    const hop = this.lastHop;
    const { format } = this.hops[hop]!;
    const dataBytesMax = format.dataBytesMax(RELAY.data);
    const streamId = stream.streamId!;
    const flow = stream.flow!;
    const nowMs = this.#modules.clock.now();
    for (let i = 0; i < count && stream.queuedBytes > 0; i++) {
      if (flow.waitMs(nowMs) > 0) break;
      if (!outbox.prepare()) return false;
      const dataLength = Math.min(dataBytesMax, stream.queuedBytes);
      const command = RELAY.data;
      const dataAt = outbox.open({
        circuit: this,
        hop,
        format,
        command,
        streamId,
        dataLength,
        isEarly: false,
      });
      stream.fillCell(bytes, dataAt, dataLength);
      outbox.close(format, dataAt, dataLength, true);
      flow.onSent(dataLength);
      this.#unsentData += 1;
    }
    return true;
  }

  /** The relays broke the rules. */
  fail(fault: CircuitFault): void {
    this.end({ kind: 'protocol', reason: fault }, true);
  }

  /** Closes it: DESTROY to the first hop. */
  close(reason: string): void {
    this.end({ kind: 'closed', reason }, true);
  }

  /** Ends it; streams hear first. `isDestroyDue`: the first hop has to be told. */
  end(end: Pick<CircuitEnd, 'kind' | 'reason'>, isDestroyDue: boolean): void {
    if (this.state === 'closed') return;
    const hasBegun = this.state !== 'new';
    this.state = 'closed';
    this.#messages.length = 0;
    this.#greeting = undefined;
    this.streams.failAll('circuit-closed');
    this.#modules.link.release(this, isDestroyDue && hasBegun);
    this.#modules.handler.onClosed({ ...end, hopCount: this.hops.length });
  }
}
