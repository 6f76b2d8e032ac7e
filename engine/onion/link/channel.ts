import { writeUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Runtime, StreamEnd, StreamHandler, Timer, TlsStream } from '../../runtime/port.ts';
import { CELL, CELL_BODY_AT, CELL_BODY_BYTES, CELL_BYTES, type CellCommand } from '../cell/command.ts';
import { decodeLinkPadding, encodeLinkPadding } from '../cell/link-messages.ts';
import type { LinkPadding } from '../cell/messages.ts';
import { type CellHead, isPadding } from '../cell/peek.ts';
import { type CircuitId, LINK_CIRCUIT } from '../units.ts';
import type { CellMemory } from './cell-memory.ts';
import { LinkHandshake } from './handshake.ts';
import { KeepAlive } from './keep-alive.ts';
import { LinkPadder, PADDING_TIMES, type PaddingTimes } from './padding.ts';
import { CellReceiver, type ReceiverSink } from './receiver.ts';
import { CellSender } from './sender.ts';
import type { LinkStats } from './stats.ts';
import type {
  CellBatch,
  Channel,
  ChannelEnd,
  ChannelHandler,
  ExpectedPeer,
  LinkCredentials,
  LinkFault,
  LinkPeer,
} from './types.ts';

export interface ChannelOptions {
  readonly initiated: boolean;
  /** A relay's; an initiator without is a client. */
  readonly credentials?: LinkCredentials;
  readonly expected?: ExpectedPeer;
  /** Our own addresses, for NETINFO; none for a client. */
  readonly ownHosts: readonly string[];
  /** From the open TLS stream to the open link. */
  readonly handshakeTimeoutMs: number;
  /** Above it {@link Channel.writable} is false, until {@link queueLowBytes} is reached. */
  readonly queueHighBytes: number;
  readonly queueLowBytes: number;
  /** Idle times of padding between clients and first relays; undefined: the network's default. */
  readonly padding?: PaddingTimes;
}

export interface ChannelModules {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>;
  readonly memory: CellMemory;
  readonly stats: LinkStats;
}

/**
 * What may wait for a peer that makes us answer and does not read. A client has some hundred circuits, a relay can lose
 * ten thousand at once.
 */
export const UNREAD_BYTES_MAX = { client: 1 << 20, relay: 16 << 20 } as const;
/** Bytes of chance for a handshake. */
const HANDSHAKE_RANDOM_BYTES = 56;

/** A {@link Channel} over a TLS stream, whose owner it is. */
export class TlsChannel implements Channel, StreamHandler, ReceiverSink {
  readonly initiated: boolean;
  peer: LinkPeer | undefined;
  readonly #options: ChannelOptions;
  readonly #modules: ChannelModules;
  readonly #receiver: CellReceiver;
  readonly #sender: CellSender;
  readonly #padder: LinkPadder;
  readonly #keepAlive: KeepAlive;
  #handler: ChannelHandler | undefined;
  #stream: TlsStream | undefined;
  #handshake: LinkHandshake | undefined;
  #timer: Timer | undefined;
  #flushTimer: Timer | undefined;
  #end: ChannelEnd | undefined;
  #closed = false;
  #blocked = false;
  #stalled = false;
  #held = false;

  constructor(options: ChannelOptions, modules: ChannelModules) {
    this.initiated = options.initiated;
    this.#options = options;
    this.#modules = modules;
    const { memory, runtime } = modules;
    this.#receiver = new CellReceiver({ memory, sink: this, clock: runtime.clock });
    this.#sender = new CellSender({
      slab: memory.slab.bytes,
      buffers: memory.gatherBuffers,
      stream: () => this.#stream,
      onSent: () => this.#onSent(),
    });
    this.#padder = new LinkPadder(
      { times: options.padding ?? PADDING_TIMES },
      { ...runtime, sendPadding: () => this.#sendPadding() },
    );
    this.#keepAlive = new KeepAlive({ clock: runtime.clock, sendPadding: () => this.#sendPadding() });
  }

  /** Gives it its stream; before that can call. */
  attach(stream: TlsStream): void {
    this.#stream = stream;
  }

  /** Gives it its owner, who may look at {@link remoteHost} before; likewise. */
  own(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  get remoteHost(): string {
    return this.#stream?.remote.host ?? '';
  }

  get remotePort(): number {
    return this.#stream?.remote.port ?? 0;
  }

  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  get writable(): boolean {
    return this.peer !== undefined && this.#end === undefined && !this.#blocked;
  }

  sendRange(lease: Lease, offset: number, byteLength: number): void {
    if (this.#end !== undefined) return;
    this.#sender.addRange(lease, offset, byteLength);
    this.#added();
  }

  sendControl(circuit: CircuitId, command: CellCommand, body: Uint8Array): void {
    if (this.#end !== undefined) return;
    const isClients = !this.initiated && this.peer?.rsaFingerprint === undefined;
    if (this.#sender.queuedBytes >= UNREAD_BYTES_MAX[isClients ? 'client' : 'relay']) {
      this.#fault('unread');
      return;
    }
    this.#sender.addBytes(fixedCell(circuit, command, body));
    this.#added();
  }

  /** As a client asks its first relay: less padding, or none. */
  negotiatePadding(message: LinkPadding): void {
    if (this.peer?.linkVersion !== 5 || !this.#isClient) return;
    this.sendControl(LINK_CIRCUIT, CELL.paddingNegotiate, encodeLinkPadding(message));
    this.#padder.negotiate(message);
  }

  flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#sender.flush();
  }

  pauseReading(): void {
    this.#held = true;
    this.#stream?.pause();
  }

  resumeReading(): void {
    this.#held = false;
    if (!this.#stalled) this.#stream?.resume();
  }

  close(reason: string): void {
    if (this.#end !== undefined) return;
    this.flush();
    this.#stop({ kind: 'closed', reason });
    this.#stream?.end();
  }

  destroy(reason: string): void {
    this.#destroy({ kind: 'closed', reason });
  }

  onOpen(): void {
    const stream = this.#stream!;
    const { runtime } = this.#modules;
    const { initiated, credentials, expected, ownHosts, handshakeTimeoutMs } = this.#options;
    this.#handshake = new LinkHandshake({
      role: initiated ? 'initiator' : 'responder',
      ...(credentials && { credentials }),
      ...(expected && { expected }),
      ownHosts,
      remoteHost: stream.remote.host,
      nowMs: runtime.clock.wallClock(),
      random: runtime.random.bytes(HANDSHAKE_RANDOM_BYTES),
      tls: stream,
    });
    this.#timer = runtime.clock.setTimer(handshakeTimeoutMs, () => this.#fault('handshake-timeout'));
    this.#say(this.#handshake.start());
  }

  readTarget(): Uint8Array {
    return this.#receiver.target();
  }

  onRead(length: number): void {
    this.#receiver.onRead(length);
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    this.#receiver.flush();
    this.#stop({ kind: end.kind, reason: end.code });
    this.#closed = true;
    this.#receiver.close();
    this.#handler?.onClose(this.#end!);
  }

  onBatch(batch: CellBatch): void {
    this.#padder.touch();
    this.#handler!.onCells(batch);
  }

  onCell(head: CellHead, whole: Uint8Array, body: Uint8Array): void {
    if (this.#handshake !== undefined) this.#onHandshakeCell(this.#handshake, head.command, whole, body);
    else this.#onOpenCell(head, body);
  }

  onTooLong(): void {
    this.#fault('too-long');
  }

  onStall(): void {
    this.#stalled = true;
    this.#stream?.pause();
  }

  onRoom(): void {
    this.#stalled = false;
    if (!this.#held) this.#stream?.resume();
  }

  #onHandshakeCell(
    handshake: LinkHandshake,
    command: CellCommand,
    whole: Uint8Array,
    body: Uint8Array,
  ): void {
    const step = handshake.onCell(command, whole, body);
    if (step.kind === 'failed') {
      this.#fault(step.fault, step.why);
      return;
    }
    this.#receiver.isNarrow = handshake.isNarrow;
    this.#say(step.send);
    if (step.kind !== 'open') return;
    this.#timer?.cancel();
    this.#handshake = undefined;
    this.#receiver.isOpen = true;
    this.peer = step.peer;
    this.#modules.stats.opened++;
    if (this.#pads) this.#padder.start();
    this.#keepAlive.start();
    this.#handler!.onOpen(step.peer);
  }

  #onOpenCell(head: CellHead, body: Uint8Array): void {
    const { stats } = this.#modules;
    const { command, circuitId } = head;
    switch (command) {
      case CELL.create2:
      case CELL.created2:
      case CELL.createFast:
      case CELL.createdFast:
      case CELL.destroy:
        if (circuitId === LINK_CIRCUIT) this.#fault('circuit-zero');
        else {
          this.#padder.touch();
          this.#handler!.onControl({ circuitId, command, body });
        }
        break;
      case CELL.paddingNegotiate:
        this.#onPaddingNegotiate(body);
        break;
      case CELL.versions:
      case CELL.netinfo:
      case CELL.certs:
      case CELL.authChallenge:
      case CELL.authenticate:
        this.#fault('handshake-cell-when-open');
        break;
      default:
        if (isPadding(command)) stats.paddingReceived++;
        else stats.unknownCells++;
    }
  }

  /** Only a client may ask for padding, and only its first relay listens. */
  #onPaddingNegotiate(body: Uint8Array): void {
    const message = decodeLinkPadding(body);
    if (!message.ok || this.#isClient) this.#fault('bad-padding-negotiate');
    else if (this.#pads) this.#padder.negotiate(message.value);
  }

  get #isClient(): boolean {
    return this.initiated && this.#options.credentials === undefined;
  }

  /** padding-spec: link version 5, and one end is a client. */
  get #pads(): boolean {
    if (this.peer?.linkVersion !== 5) return false;
    return this.#isClient || (!this.initiated && this.peer.rsaFingerprint === undefined);
  }

  #sendPadding(): void {
    this.#modules.stats.paddingSent++;
    this.#sender.addBytes(fixedCell(LINK_CIRCUIT, CELL.padding, new Uint8Array(0)));
    this.#keepAlive.touch();
    this.#scheduleFlush();
  }

  #say(cells: readonly Uint8Array[]): void {
    if (cells.length === 0) return;
    for (const cell of cells) this.#sender.addBytes(cell);
    this.flush();
  }

  #added(): void {
    this.#padder.touch();
    this.#keepAlive.touch();
    if (this.#sender.queuedBytes >= this.#options.queueHighBytes) this.#blocked = true;
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    this.#flushTimer ??= this.#modules.runtime.clock.setTimer(0, () => {
      this.#flushTimer = undefined;
      this.#sender.flush();
    });
  }

  #onSent(): void {
    if (!this.#blocked || this.#sender.queuedBytes > this.#options.queueLowBytes) return;
    this.#blocked = false;
    if (this.writable) this.#handler!.onWritable();
  }

  #fault(fault: LinkFault, detail?: string): void {
    if (this.#end !== undefined) return;
    const { faults } = this.#modules.stats;
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
    this.#destroy({ kind: 'protocol', reason: fault, ...(detail !== undefined && { detail }) });
  }

  #destroy(end: ChannelEnd): void {
    if (this.#closed) return;
    this.#stop(end);
    this.#stream?.destroy();
  }

  /** Nothing more is sent or handed out; the stream may still be sending what it has. */
  #stop(end: ChannelEnd): void {
    this.#end ??= end;
    this.#timer?.cancel();
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#padder.stop();
    this.#keepAlive.stop();
    this.#sender.close();
    this.#receiver.stop();
  }
}

function fixedCell(circuit: CircuitId, command: CellCommand, body: Uint8Array): Uint8Array {
  const cell = new Uint8Array(CELL_BYTES);
  writeUint32(cell, 0, circuit);
  cell[4] = command;
  cell.set(body.length > CELL_BODY_BYTES ? body.subarray(0, CELL_BODY_BYTES) : body, CELL_BODY_AT);
  return cell;
}
