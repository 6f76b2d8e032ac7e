import { isLoopbackHost } from '../../codec/address.ts';
import type {
  ByteStream,
  Clock,
  ConnectOptions,
  Endpoint,
  Random,
  StreamEnd,
  StreamHandler,
} from '../../runtime/port.ts';
import { SYN_SEQ, UtpConnection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import type { ConnectionModules } from './connection-types.ts';
import { Deadlines } from './deadlines.ts';
import { type HalfOpen, HalfOpenTable } from './half-open.ts';
import { type DatagramPort, Outlet } from './outlet.ts';
import { PACKET_TYPE, readPacket, UtpPacket } from './packet.ts';
import { PacketPool } from './packet-pool.ts';
import { ReceiveBudget } from './receive-budget.ts';
import { sequenceAdd } from './sequence.ts';

export interface UtpOptions {
  /** Connections, those included that are closing. */
  readonly connectionsMax: number;
  /** Requests of strangers that have not shown that our answer reaches them. */
  readonly halfOpenMax: number;
  /** Longest datagram, without the headers of IP and UDP: passes nearly every path in one piece. */
  readonly datagramBytes: number;
  /** The same within one machine, for peers that say that they take it; 0 keeps to the other one. */
  readonly loopbackDatagramBytes: number;
  /** What a connection keeps of what came and is not read, and may have under way. */
  readonly receiveWindowBytes: number;
  readonly sendWindowBytes: number;
  /** The same for all connections together. */
  readonly receivedBytesMax: number;
  readonly sentBytesMax: number;
  /** How far a packet may come before its turn, and how many may be under way; a power of two. */
  readonly packetsMax: number;
  /** How long the end of a stream goes on without progress. */
  readonly closeTimeoutMs: number;
  /** Refusals sent in a second. */
  readonly resetsPerSecMax: number;
}

export const UTP_DEFAULTS: UtpOptions = {
  connectionsMax: 2000,
  halfOpenMax: 256,
  datagramBytes: 1400,
  loopbackDatagramBytes: 16_384,
  receiveWindowBytes: 2 * 1024 * 1024,
  sendWindowBytes: 2 * 1024 * 1024,
  receivedBytesMax: 64 * 1024 * 1024,
  sentBytesMax: 64 * 1024 * 1024,
  packetsMax: 2048,
  closeTimeoutMs: 5000,
  resetsPerSecMax: 100,
};

export interface UtpModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly port: DatagramPort;
}

const SPARE_BYTES_MAX = 8 * 1024 * 1024;
const IDS_TRIED = 16;

/**
 * All connections of uTP over one UDP port. Datagrams come in by {@link onDatagram}; what they bring is handed out,
 * answered and acknowledged together, when all that lay in the socket has been read.
 */
export class UtpEndpoint {
  readonly stats = { malformed: 0, stray: 0, resetsSent: 0 };
  private readonly options: UtpOptions;
  private readonly modules: UtpModules;
  private readonly connectionModules: ConnectionModules;
  private readonly outlet: Outlet;
  private readonly connections = new ConnectionTable();
  private readonly halfOpen: HalfOpenTable;
  private readonly deadlines: Deadlines;
  private readonly packet = new UtpPacket();
  private accept: ((stream: ByteStream) => StreamHandler | undefined) | undefined;
  private awake: UtpConnection[] = [];
  private isScheduled = false;
  private nowMs = 0;
  private resetsLeft = 0;
  private resetsUntilMs = 0;
  private closed = false;

  constructor(options: Partial<UtpOptions>, modules: UtpModules) {
    this.options = { ...UTP_DEFAULTS, ...options };
    this.modules = modules;
    this.outlet = new Outlet(modules);
    this.halfOpen = new HalfOpenTable({ lengthMax: this.options.halfOpenMax });
    this.deadlines = new Deadlines(modules);
    this.connectionModules = {
      outlet: this.outlet,
      pool: new PacketPool({ bytesMax: this.options.sentBytesMax, spareBytesMax: SPARE_BYTES_MAX }),
      budget: new ReceiveBudget({ bytesMax: this.options.receivedBytesMax }),
      wake: (connection) => this.wake(connection),
      gone: (connection) => this.connections.remove(connection),
    };
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  get halfOpenCount(): number {
    return this.halfOpen.size;
  }

  /** What is kept for all connections: received and not handed out, sent and not acknowledged. */
  get keptBytes(): { readonly received: number; readonly sent: number } {
    const { budget, pool } = this.connectionModules;
    return { received: budget.bytes, sent: pool.usedBytes };
  }

  /** Takes connections of others from now on; undefined refuses them. */
  listen(accept: ((stream: ByteStream) => StreamHandler | undefined) | undefined): void {
    this.accept = accept;
    if (accept === undefined) this.halfOpen.clear();
  }

  /** As `Network.connect`; `to` must be a literal address. */
  connect(to: Endpoint, handler: StreamHandler, options: ConnectOptions): ByteStream {
    const fault = this.faultOf(to);
    if (fault !== undefined) return this.refuse(to, handler, fault);
    const connection = this.outgoing(to);
    const nowMs = this.modules.clock.now();
    this.connections.add(connection);
    connection.call(handler, nowMs, nowMs + options.timeoutMs);
    this.deadlines.update(connection, nowMs);
    return connection;
  }

  /** A stream that comes to nothing: its owner hears `end`, after this call. */
  refuse(to: Endpoint, handler: StreamHandler, end: StreamEnd): ByteStream {
    const connection = this.outgoing(to);
    connection.fail(handler, end);
    return connection;
  }

  /** A datagram for uTP; its bytes are ours from now on. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    const { packet } = this;
    if (this.closed) return;
    if (!readPacket(bytes, packet)) {
      this.stats.malformed++;
      return;
    }
    this.nowMs = this.modules.clock.now();
    // A request carries the id that its sender listens to; the ids of the answers are one higher (BEP 29).
    const isSyn = packet.type === PACKET_TYPE.syn;
    const receiveId = isSyn ? (packet.connectionId + 1) & 0xffff : packet.connectionId;
    let connection = this.connections.find(receiveId, from);
    if (connection === undefined && packet.type === PACKET_TYPE.reset) {
      connection = this.findRefused(packet.connectionId, from);
    }
    if (connection !== undefined) connection.onPacket(packet, bytes, this.nowMs);
    else if (isSyn) this.onSyn(receiveId, from);
    else this.onStranger(bytes, from);
  }

  /** Closes all connections at once, without waiting for anybody. */
  close(): void {
    this.accept = undefined;
    this.halfOpen.clear();
    for (const connection of this.connections.list()) {
      connection.destroy();
      connection.flush(this.modules.clock.now());
      connection.vanish({ kind: 'closed', code: '' });
      connection.flush(this.modules.clock.now());
    }
    this.deadlines.close();
    this.closed = true;
  }

  private outgoing(to: Endpoint): UtpConnection {
    const receiveId = this.freeId(to);
    const ids = { receiveId, sendId: (receiveId + 1) & 0xffff, seq: SYN_SEQ + 1 };
    return new UtpConnection({ ...this.connectionOptions(to, 0), ...ids }, this.connectionModules);
  }

  private connectionOptions(
    remote: Endpoint,
    peerLongestBytes: number,
  ): Omit<UtpConnection['options'], 'receiveId' | 'sendId' | 'seq'> {
    const { options } = this;
    const longestBytes = isLoopbackHost(remote.host) ? options.loopbackDatagramBytes : 0;
    return {
      remote,
      datagramBytes: Math.max(options.datagramBytes, Math.min(longestBytes, peerLongestBytes)),
      longestBytes,
      receiveWindowBytes: options.receiveWindowBytes,
      sendWindowBytes: options.sendWindowBytes,
      packetsMax: options.packetsMax,
      closeTimeoutMs: options.closeTimeoutMs,
    };
  }

  /** Why `to` cannot be called. */
  private faultOf(to: Endpoint): StreamEnd | undefined {
    if (!Number.isInteger(to.port) || to.port < 1 || to.port > 65535)
      return { kind: 'failed', code: 'EINVAL' };
    if (!/^[\d.]+$|:/.test(to.host)) return { kind: 'failed', code: 'ENOTFOUND' };
    if (this.closed || this.connections.size >= this.options.connectionsMax)
      return { kind: 'failed', code: 'EMFILE' };
    return undefined;
  }

  /** BEP 29: drawn by chance; one that is in use with this peer will not do. */
  private freeId(to: Endpoint): number {
    let id = 0;
    for (let i = 0; i < IDS_TRIED; i++) {
      id = this.modules.random.below(65536);
      if (this.connections.find(id, to) === undefined) break;
    }
    return id;
  }

  /** BEP 29: who refuses may name the id that it got, which is the one that we send. */
  private findRefused(sendId: number, from: Endpoint): UtpConnection | undefined {
    for (const step of [-1, 1]) {
      const connection = this.connections.find((sendId + step) & 0xffff, from);
      if (connection?.options.sendId === sendId) return connection;
    }
    return undefined;
  }

  private onSyn(receiveId: number, from: Endpoint): void {
    const { packet, outlet } = this;
    const sendId = packet.connectionId;
    if (this.accept === undefined || this.connections.size >= this.options.connectionsMax) {
      this.sendReset(sendId, packet.seq, from);
      return;
    }
    const known = this.halfOpen.find(from, receiveId, this.nowMs);
    const entry: HalfOpen = known ?? {
      remote: from,
      receiveId,
      sendId,
      seq: this.modules.random.below(65536),
      ack: packet.seq,
      longestBytes: packet.longestBytes,
      bornMs: this.nowMs,
    };
    if (known === undefined) this.halfOpen.add(entry);
    const timestampUs = outlet.timestampUs();
    const fields = {
      type: PACKET_TYPE.state,
      connectionId: sendId,
      timestampUs,
      differenceUs: (timestampUs - packet.timestampUs) >>> 0,
      windowBytes: Math.min(this.options.receiveWindowBytes, this.connectionModules.budget.leftBytes),
      seq: entry.seq,
      ack: entry.ack,
    };
    const longestBytes = isLoopbackHost(from.host) ? this.options.loopbackDatagramBytes : 0;
    if (packet.longestBytes > 0 && longestBytes > 0) outlet.sendGreeting(fields, longestBytes, from);
    else outlet.sendBare(fields, from);
  }

  /** No connection has this id: the second packet of a caller, or a stray one. */
  private onStranger(bytes: Uint8Array, from: Endpoint): void {
    const { packet } = this;
    const entry = this.halfOpen.find(from, packet.connectionId, this.nowMs);
    if (entry !== undefined && packet.type !== PACKET_TYPE.reset) {
      // Programs in use acknowledge the number before our answer's; one that goes by the letter of BEP 29, its own.
      const isPlain = packet.ack === sequenceAdd(entry.seq, -1);
      if (isPlain || packet.ack === entry.seq) {
        this.admit(entry, isPlain ? entry.seq : sequenceAdd(entry.seq, 1), bytes);
        return;
      }
    }
    this.stats.stray++;
    const isNumbered = packet.type === PACKET_TYPE.data || packet.type === PACKET_TYPE.fin;
    if (isNumbered) this.sendReset(packet.connectionId, packet.seq, from);
  }

  private admit(entry: HalfOpen, seq: number, bytes: Uint8Array): void {
    const { packet } = this;
    const { remote, receiveId, sendId, ack, longestBytes } = entry;
    this.halfOpen.remove(entry);
    const connection = new UtpConnection(
      { ...this.connectionOptions(remote, longestBytes), receiveId, sendId, seq },
      this.connectionModules,
    );
    if (this.connections.size >= this.options.connectionsMax) {
      this.sendReset(sendId, packet.seq, remote);
      return;
    }
    this.connections.add(connection);
    connection.accepted(ack, packet.windowBytes, this.nowMs);
    const handler = this.accept?.(connection);
    if (handler === undefined) connection.destroy();
    else connection.open(handler);
    connection.onPacket(packet, bytes, this.nowMs);
  }

  private sendReset(connectionId: number, seq: number, to: Endpoint): void {
    if (this.nowMs >= this.resetsUntilMs) {
      this.resetsUntilMs = this.nowMs + 1000;
      this.resetsLeft = this.options.resetsPerSecMax;
    }
    if (this.resetsLeft <= 0) return;
    this.resetsLeft--;
    this.stats.resetsSent++;
    this.outlet.sendReset(connectionId, seq, to);
  }

  private wake(connection: UtpConnection): void {
    if (connection.isAwake || this.closed) return;
    connection.isAwake = true;
    this.awake.push(connection);
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.modules.clock.setTimer(0, () => this.flush());
  }

  private flush(): void {
    const awake = this.awake;
    const nowMs = this.modules.clock.now();
    this.awake = [];
    this.isScheduled = false;
    for (const connection of awake) {
      connection.isAwake = false;
      connection.flush(nowMs);
      if (!connection.isGone) this.deadlines.update(connection, nowMs);
    }
  }
}
