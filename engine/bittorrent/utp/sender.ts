import type { DelayHistory } from './delay-history.ts';
import { Ledbat } from './ledbat.ts';
import { HEADER_BYTES, PACKET_TYPE, type PacketType, type UtpPacket } from './packet.ts';
import type { PacketPool } from './packet-pool.ts';
import { RoundTrip } from './round-trip.ts';
import { SENT, SendRing } from './send-ring.ts';
import { sequenceAdd, sequenceDistance } from './sequence.ts';
import { WriteList } from './write-list.ts';

/** BEP 29: so many packets behind a missing one have come: it is lost. */
const LATER_PACKETS = 3;
/** A peer that says it has no room is asked again after so long, then ever less often. */
const PROBE_MS_MIN = 500;

export interface SenderOptions {
  readonly firstSeq: number;
  /** Payload of a full packet. */
  readonly packetBytes: number;
  readonly windowBytesMax: number;
  /** Under way at once; a power of two below 32,768. */
  readonly packetsMax: number;
}

export interface SenderModules {
  readonly pool: PacketPool;
  readonly delays: DelayHistory;
  /** Sends `packet` up to `byteLength`: fills the header in and gives it to the socket. */
  readonly transmit: (packet: Uint8Array, byteLength: number, type: PacketType, seq: number) => void;
  /** The socket has enough to do. */
  readonly isBlocked: () => boolean;
  /** Whether the system may still hold on to packets that were sent. */
  readonly isHeld: () => boolean;
}

/**
 * The sending half of a connection: what was written is cut into packets, and each is kept until the peer has it.
 * Decides when to send, and when to send again.
 */
export class UtpSender {
  readonly ring: SendRing;
  /** What waits to be cut into packets. */
  writes = new WriteList();
  readonly window: Ledbat;
  readonly roundTrip = new RoundTrip();
  /** Packets sent again. */
  resentPackets = 0;
  sentPackets = 0;
  private readonly options: SenderOptions;
  private readonly modules: SenderModules;
  /** Payload that is under way, as far as is known. */
  private flightBytes = 0;
  private lostPackets = 0;
  private sackedPackets = 0;
  /** BEP 29, wnd_size: what the peer said last that it takes. */
  peerWindowBytes = 0;
  private orders = 0;
  private newestAckedOrder = 0;
  private duplicates = 0;
  private isLimited = false;
  /** A packet was sent though the peer had no room. */
  private isProbing = false;
  private timeoutAtMs = Infinity;
  /** The round in which losses are counted: until this number is acknowledged. */
  private roundEnd = -1;
  private roundLost = 0;
  private roundOutstanding = 0;
  private roundJudged = false;
  private finSeq = -1;
  private finishing = false;

  constructor(options: SenderOptions, modules: SenderModules) {
    this.options = options;
    this.modules = modules;
    this.ring = new SendRing(options.firstSeq);
    this.window = new Ledbat(options);
  }

  /** When {@link onTimeout} is due; Infinity when nothing is under way. */
  get deadlineMs(): number {
    return this.timeoutAtMs;
  }

  /** All that was written, and the end, have arrived. */
  get isFinished(): boolean {
    return this.finSeq !== -1 && this.ring.count === 0;
  }

  /** {@link finish} was called. */
  get isFinishing(): boolean {
    return this.finishing;
  }

  get outstandingBytes(): number {
    return this.flightBytes;
  }

  /** Nothing follows what is written; BEP 29: the end has a number of its own. */
  finish(): void {
    this.finishing = true;
  }

  /** Sends what may be sent now. True when anything was, so that the peer knows what we have of it. */
  pump(nowMs: number): boolean {
    this.isLimited = false;
    const before = this.orders;
    if (this.lostPackets > 0) this.resend(nowMs);
    if (this.lostPackets === 0) this.sendNew(nowMs);
    // Nothing is under way that would tell of room at the peer: it is asked now and then.
    const waits = this.ring.count === 0 && this.writes.byteLength > 0;
    if (waits && this.timeoutAtMs === Infinity) {
      this.timeoutAtMs = nowMs + Math.max(PROBE_MS_MIN, this.roundTrip.timeoutMs);
    }
    return this.orders > before;
  }

  /** The peer says what it has, and what it can take. False when it speaks of what was never sent. */
  onAck(packet: UtpPacket, bytes: Uint8Array, nowMs: number): boolean {
    const { ring } = this;
    const acked = sequenceDistance(sequenceAdd(ring.first, -1), packet.ack);
    if (acked > ring.count) return acked >= 0x8000; // an old one that was overtaken says nothing new
    const before = this.flightBytes;
    const freed = this.takeAcked(acked, nowMs);
    const sacked = packet.sackBytes === 0 ? 0 : this.takeSacked(packet, bytes);
    const isSame = packet.windowBytes === this.peerWindowBytes && packet.sackBytes === 0;
    this.peerWindowBytes = packet.windowBytes;
    if (freed > 0 || sacked > 0) this.onProgress(before, freed + sacked, nowMs);
    else if (isSame && packet.type === PACKET_TYPE.state && ring.count > 0) this.duplicates++;
    if (acked > 0) this.duplicates = 0;
    if (this.isProbing && packet.windowBytes > 0) this.endProbe();
    this.findLost();
    if (ring.count === 0) this.timeoutAtMs = Infinity;
    return true;
  }

  /** BEP 29: nothing came for too long; all that is under way counts as lost, and one packet is sent. */
  onTimeout(nowMs: number): void {
    const { ring } = this;
    this.roundTrip.onTimeout();
    if (ring.count === 0) {
      this.isProbing = true; // lets one packet out to a peer that has no room
      this.timeoutAtMs = Infinity;
      return;
    }
    this.markAllLost();
    this.roundEnd = -1;
    this.window.onTimeout();
    this.timeoutAtMs = nowMs + this.roundTrip.timeoutMs;
  }

  /** Gives all memory back; answers nobody. */
  close(): void {
    const keep = !this.modules.isHeld();
    while (this.ring.count > 0) this.modules.pool.give(this.ring.shift(), keep);
    this.flightBytes = 0;
    this.timeoutAtMs = Infinity;
  }

  private resend(nowMs: number): void {
    const { ring } = this;
    for (let i = 0; i < ring.count && this.lostPackets > 0; i++) {
      const seq = sequenceAdd(ring.first, i);
      if (ring.state(seq) !== SENT.lost) continue;
      // The peer had room for it once; what came after it may fill that room now.
      if (!this.fitsWindow(ring.payloadBytes(seq))) return;
      this.lostPackets--;
      this.resentPackets++;
      ring.setState(seq, SENT.flying);
      this.transmit(seq, nowMs);
    }
  }

  private sendNew(nowMs: number): void {
    const { ring, writes } = this;
    const { packetBytes, packetsMax } = this.options;
    const { pool } = this.modules;
    while (writes.byteLength > 0) {
      const room = ring.count === 0 && !this.isProbing ? Math.max(1, this.peerWindowBytes) : packetBytes;
      const payloadBytes = Math.min(packetBytes, writes.byteLength, room);
      if (!this.mayFly(payloadBytes)) return;
      const isFull = ring.count >= packetsMax || (ring.count > 0 && (pool.isFull || this.isProbing));
      if (isFull) return;
      const packet = pool.take(HEADER_BYTES + packetBytes);
      writes.take(packet, HEADER_BYTES, payloadBytes);
      this.append(packet, payloadBytes, nowMs);
    }
    if (!this.finishing || this.finSeq !== -1 || ring.count >= packetsMax) return;
    this.finSeq = ring.next;
    this.append(pool.take(HEADER_BYTES), 0, nowMs);
  }

  private append(packet: Uint8Array, payloadBytes: number, nowMs: number): void {
    const seq = this.ring.next;
    this.ring.push(packet, payloadBytes);
    this.transmit(seq, nowMs);
  }

  private transmit(seq: number, nowMs: number): void {
    const { ring } = this;
    const payloadBytes = ring.payloadBytes(seq);
    const type = seq === this.finSeq ? PACKET_TYPE.fin : PACKET_TYPE.data;
    this.modules.transmit(ring.packet(seq), HEADER_BYTES + payloadBytes, type, seq);
    this.flightBytes += payloadBytes;
    this.sentPackets++;
    ring.onSent(seq, ++this.orders, nowMs);
    if (this.timeoutAtMs === Infinity) this.timeoutAtMs = nowMs + this.roundTrip.timeoutMs;
  }

  /** Whether both windows and the socket let `payloadBytes` more out. */
  private mayFly(payloadBytes: number): boolean {
    const bytes = this.flightBytes + payloadBytes;
    if (bytes > this.peerWindowBytes && !this.isProbing) return false;
    return this.fitsWindow(payloadBytes);
  }

  /** Whether our own window and the socket do. */
  private fitsWindow(payloadBytes: number): boolean {
    if (this.modules.isBlocked()) return false;
    const bytes = this.flightBytes + payloadBytes;
    if (this.flightBytes === 0 || bytes <= this.window.windowBytes) return true;
    this.isLimited = true;
    return false;
  }

  /** Takes the oldest `count` packets out; the payload of those that had not been acknowledged selectively. */
  private takeAcked(count: number, nowMs: number): number {
    if (count === 0) return 0;
    const { ring, modules } = this;
    const keep = !modules.isHeld();
    let freed = 0;
    for (let i = 0; i < count; i++) {
      const seq = ring.first;
      const state = ring.state(seq);
      const payloadBytes = ring.payloadBytes(seq);
      if (state === SENT.sacked) this.sackedPackets--;
      else {
        if (state === SENT.flying) this.flightBytes -= payloadBytes;
        else this.lostPackets--;
        freed += payloadBytes;
        this.newestAckedOrder = Math.max(this.newestAckedOrder, ring.order(seq));
        // BEP 29: a packet that was sent twice tells nothing about the way.
        if (i === count - 1 && ring.sendCount(seq) === 1) this.roundTrip.sample(nowMs - ring.sentAtMs(seq));
      }
      modules.pool.give(ring.shift(), keep);
    }
    this.timeoutAtMs = ring.count === 0 ? Infinity : nowMs + this.roundTrip.timeoutMs;
    this.roundTrip.onProgress();
    return Math.max(1, freed); // the end has no payload and is progress all the same
  }

  /** BEP 29, selective ack: the first bit stands for the packet after the one that is missing. */
  private takeSacked(packet: UtpPacket, bytes: Uint8Array): number {
    const { ring } = this;
    const first = ring.indexOf(sequenceAdd(packet.ack, 2));
    let sacked = 0;
    for (let i = 0; i < packet.sackBytes; i++) {
      const mask = bytes[packet.sackAt + i]!;
      if (mask === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        if ((mask & (1 << bit)) === 0) continue;
        const index = first + 8 * i + bit;
        if (index >= ring.count) return sacked;
        sacked += this.sack(sequenceAdd(ring.first, index));
      }
    }
    return sacked;
  }

  private sack(seq: number): number {
    const { ring } = this;
    const state = ring.state(seq);
    if (state !== SENT.flying && state !== SENT.lost) return 0;
    const payloadBytes = ring.payloadBytes(seq);
    if (state === SENT.flying) this.flightBytes -= payloadBytes;
    else this.lostPackets--;
    ring.setState(seq, SENT.sacked);
    this.sackedPackets++;
    this.newestAckedOrder = Math.max(this.newestAckedOrder, ring.order(seq));
    return payloadBytes;
  }

  private onProgress(flightBefore: number, bytes: number, nowMs: number): void {
    this.window.onAck(bytes, flightBefore, this.modules.delays.currentMs, this.isLimited);
    if (this.ring.count > 0) this.timeoutAtMs = nowMs + this.roundTrip.timeoutMs;
    if (this.roundEnd !== -1 && isBehind(this.ring.indexOf(this.roundEnd))) this.roundEnd = -1;
  }

  /** BEP 29: three packets behind it have come, or the same acknowledgement came three times more. */
  private findLost(): void {
    const { ring } = this;
    if (this.duplicates >= LATER_PACKETS) {
      this.duplicates = 0;
      if (ring.state(ring.first) === SENT.flying) this.onLost(ring.first);
    }
    if (this.sackedPackets === 0) return;
    let later = 0;
    for (let i = ring.count - 1; i >= 0; i--) {
      const seq = sequenceAdd(ring.first, i);
      const state = ring.state(seq);
      if (state === SENT.sacked) later++;
      // By the order of sending, so that the loss of one that was sent again is seen as well.
      else if (state === SENT.flying && later >= LATER_PACKETS) {
        if (ring.order(seq) + LATER_PACKETS <= this.newestAckedOrder) this.onLost(seq);
      }
    }
  }

  private onLost(seq: number): void {
    if (this.roundEnd === -1) {
      this.roundEnd = this.ring.next;
      this.roundLost = 0;
      this.roundOutstanding = this.ring.count;
      this.roundJudged = false;
    }
    this.roundLost++;
    this.markLost(seq);
    if (this.roundJudged) return;
    const { currentMs: queueMs, longestQueueMs } = this.modules.delays;
    const loss = { queueMs, longestQueueMs, lost: this.roundLost, outstanding: this.roundOutstanding };
    this.roundJudged = this.window.onLoss(loss);
  }

  /** There is room again; what was sent without may have been thrown away. */
  private endProbe(): void {
    this.isProbing = false;
    this.markAllLost();
  }

  private markAllLost(): void {
    const { ring } = this;
    for (let i = 0; i < ring.count; i++) {
      const seq = sequenceAdd(ring.first, i);
      if (ring.state(seq) === SENT.flying) this.markLost(seq);
    }
  }

  private markLost(seq: number): void {
    this.ring.setState(seq, SENT.lost);
    this.flightBytes -= this.ring.payloadBytes(seq);
    this.lostPackets++;
  }
}

/** Of a number's place in the ring: all before it has been acknowledged. */
function isBehind(index: number): boolean {
  return index === 0 || index >= 0x8000;
}
