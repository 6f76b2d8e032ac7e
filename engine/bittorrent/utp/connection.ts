import type { ByteStream, Endpoint, StreamEnd, StreamHandler } from '../../runtime/port.ts';
import type { ConnectionModules, ConnectionOptions } from './connection-types.ts';
import type { Due } from './deadlines.ts';
import { DelayHistory } from './delay-history.ts';
import { HEADER_BYTES, PACKET_TYPE, type UtpPacket } from './packet.ts';
import { UtpReceiver } from './receiver.ts';
import { UtpSender } from './sender.ts';
import { sequenceAdd, sequenceDistance } from './sequence.ts';
import { Voice } from './voice.ts';

/** BEP 29: the number of a connection request. */
export const SYN_SEQ = 1;
/** Most routers forget an idle UDP flow after 30 seconds or more (RFC 4787 asks for two minutes). */
const KEEP_ALIVE_MS = 29_000;
/** Silence of a peer that owes an acknowledgement: both must be exceeded. */
const TIMEOUTS_MAX = 5;
const SILENCE_MS_MAX = 30_000;
/** So far back may the packet lie that a refusal speaks of. */
const RESET_PACKETS_BACK = 4096;
const SYN_RETRY_MS = 1000;

type Phase = 'calling' | 'open' | 'gone';

/**
 * A connection of uTP (BEP 29), in either role, as its owner sees it: a stream. What goes on between two packets is
 * decided here; {@link flush} carries it out when a batch of datagrams is through.
 */
export class UtpConnection implements ByteStream, Due {
  readonly remote: Endpoint;
  readonly options: ConnectionOptions;
  queuedMs = Infinity;
  /** The next connection with the same id, of another peer. */
  nextSameId: UtpConnection | undefined;
  /** Waits in the endpoint's list for {@link flush}. */
  isAwake = false;
  private readonly modules: ConnectionModules;
  readonly delays = new DelayHistory();
  private readonly voice: Voice;
  private out: UtpSender;
  private in: UtpReceiver | undefined;
  private phase: Phase = 'calling';
  private handler: StreamHandler | undefined;
  private endOf: StreamEnd | undefined;
  private isTold = false;
  private reading = true;
  private corks = 0;
  private owesAck = false;
  private lastHeardMs = 0;
  private closeAtMs = Infinity;
  private synAtMs = Infinity;
  private synTries = 0;
  private wasQueued = false;
  private pausedEarly = false;
  private synSentMs = 0;

  constructor(options: ConnectionOptions, modules: ConnectionModules) {
    this.options = options;
    this.modules = modules;
    this.remote = options.remote;
    this.voice = new Voice(options, modules);
    this.out = this.createSender(options.datagramBytes);
  }

  get local(): Endpoint {
    return this.modules.outlet.local;
  }

  get queuedBytes(): number {
    return this.out.writes.byteLength;
  }

  get dueMs(): number {
    return Math.min(this.out.deadlineMs, this.keepAliveMs, this.closeAtMs, this.synAtMs);
  }

  /** For tests and figures. */
  get sender(): UtpSender {
    return this.out;
  }

  get receiver(): UtpReceiver | undefined {
    return this.in;
  }

  get isGone(): boolean {
    return this.phase === 'gone';
  }

  /** Asks the peer for a connection; gives up at `giveUpAtMs`. */
  call(handler: StreamHandler, nowMs: number, giveUpAtMs: number): void {
    this.handler = handler;
    this.closeAtMs = giveUpAtMs;
    this.sendSyn(nowMs);
  }

  /** For a connection that cannot even be tried. */
  fail(handler: StreamHandler, end: StreamEnd): void {
    this.handler = handler;
    this.vanish(end);
  }

  /** The peer asked and has proved that it hears us; `ack` is the number of the last packet that it sent. */
  accepted(ack: number, windowBytes: number, nowMs: number): void {
    this.begin(ack, nowMs);
    this.voice.lastSentMs = nowMs;
    this.out.peerWindowBytes = windowBytes;
    this.voice.saidWindowBytes = this.in!.windowBytes;
  }

  /** Gives an accepted connection its owner. */
  open(handler: StreamHandler): void {
    this.handler = handler;
    handler.onOpen();
    if (this.reading) this.in!.open(handler);
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (!this.reading) {
      if (written !== undefined) queueMicrotask(() => written(false));
      return;
    }
    this.out.writes.push(bytes, written);
    this.wasQueued = true;
    this.wake();
  }

  cork(): void {
    this.corks++;
  }

  uncork(): void {
    this.corks = Math.max(0, this.corks - 1);
    this.wake();
  }

  pause(): void {
    this.in?.pause();
    this.pausedEarly = true;
  }

  resume(): void {
    this.in?.resume();
    this.pausedEarly = false;
    this.wake();
  }

  end(): void {
    if (!this.reading) return;
    this.reading = false;
    this.corks = 0;
    this.in?.discard();
    this.out.finish();
    this.wake();
    if (this.phase === 'open') this.closeAtMs = this.now + this.options.closeTimeoutMs;
  }

  destroy(): void {
    if (this.phase === 'gone' || this.endOf !== undefined) return;
    const end: StreamEnd = { kind: 'closed', code: '' };
    // As with TCP: what lies here unread is lost, and the peer must know.
    if (this.phase === 'open' && this.in?.hasUnread === true) this.voice.sendReset(this.in.ack);
    else if (this.phase === 'open') {
      this.linger(end);
      return;
    }
    this.vanish(end);
  }

  /** Closes without a word to the peer. */
  vanish(end: StreamEnd): void {
    if (this.phase === 'gone') return;
    this.endOf ??= end;
    this.phase = 'gone';
    this.reading = false;
    this.in?.discard();
    this.out.close();
    this.wake(); // the owner is told when this turn is over
  }

  /** A packet with our id from our peer. */
  onPacket(packet: UtpPacket, bytes: Uint8Array, nowMs: number): void {
    if (this.phase === 'gone') return;
    if (packet.type === PACKET_TYPE.reset) {
      this.onReset(packet);
      return;
    }
    if (this.phase === 'calling' && !this.onAnswer(packet, nowMs)) return;
    const { out } = this;
    this.lastHeardMs = nowMs;
    this.voice.heard(packet.timestampUs);
    if (packet.differenceUs !== 0) this.delays.add(packet.differenceUs, nowMs);
    const { first } = out.ring;
    if (!out.onAck(packet, bytes, nowMs)) return; // it acknowledges what was never sent: not of this connection
    const isProgress = out.ring.first !== first;
    if (packet.type === PACKET_TYPE.data || packet.type === PACKET_TYPE.fin) this.onNumbered(packet, bytes);
    else if (packet.type === PACKET_TYPE.syn) this.owesAck = true; // our answer was lost
    if (isProgress && !this.reading) this.closeAtMs = nowMs + this.options.closeTimeoutMs;
    this.wake();
  }

  /** Does what has come up: hands bytes out, sends what may be sent, acknowledges, closes. */
  flush(nowMs: number): void {
    if (this.phase === 'open') {
      this.in!.flush();
      this.checkEnd(nowMs);
    }
    // The owner's calls may have closed it.
    if (this.isOpen()) this.send(nowMs);
    this.tell();
    if (this.isOpen() && this.out.isFinished && this.in!.isEnded) this.finish();
  }

  /** {@link Due} */
  onDue(nowMs: number): void {
    if (this.closeAtMs <= nowMs) this.onCloseTimeout();
    else if (this.synAtMs <= nowMs) this.sendSyn(nowMs);
    if (this.phase === 'open' && this.out.deadlineMs <= nowMs) this.onTimeout(nowMs);
    if (this.phase === 'open' && this.keepAliveMs <= nowMs) this.owesAck = true;
    this.wake();
  }

  private get keepAliveMs(): number {
    return this.isOpen() ? this.voice.lastSentMs + KEEP_ALIVE_MS : Infinity;
  }

  private get now(): number {
    return this.modules.outlet.nowMs();
  }

  private isOpen(): boolean {
    return this.phase === 'open';
  }

  private wake(): void {
    this.modules.wake(this);
  }

  private createSender(datagramBytes: number): UtpSender {
    const { seq, sendWindowBytes, packetsMax } = this.options;
    const { outlet, pool } = this.modules;
    return new UtpSender(
      {
        firstSeq: seq,
        packetBytes: datagramBytes - HEADER_BYTES,
        windowBytesMax: sendWindowBytes,
        packetsMax,
      },
      {
        pool,
        delays: this.delays,
        transmit: (packet, byteLength, type, number) => this.voice.send(packet, byteLength, type, number),
        isBlocked: () => outlet.isBlocked,
        isHeld: () => outlet.isHeld,
      },
    );
  }

  private begin(ack: number, nowMs: number): void {
    const { receiveWindowBytes: windowBytesMax, packetsMax } = this.options;
    this.phase = 'open';
    this.synAtMs = Infinity;
    this.closeAtMs = this.reading ? Infinity : nowMs + this.options.closeTimeoutMs;
    this.lastHeardMs = nowMs;
    this.in = new UtpReceiver({ ack, windowBytesMax, packetsMax }, { budget: this.modules.budget });
    this.voice.receiver = this.in;
    if (this.pausedEarly) this.in.pause();
    if (!this.reading) this.in.discard();
  }

  /** The answer to our request. BEP 29 counts it; the programs in use send their first data with the same number. */
  private onAnswer(packet: UtpPacket, nowMs: number): boolean {
    if (packet.type !== PACKET_TYPE.state || packet.ack !== SYN_SEQ) return false;
    const { longestBytes, datagramBytes } = this.options;
    const agreed = Math.min(longestBytes, packet.longestBytes);
    if (agreed > datagramBytes) {
      const writes = this.out.writes;
      const isEnding = this.out.isFinishing;
      this.out = this.createSender(agreed);
      this.out.writes = writes;
      if (isEnding) this.out.finish();
    }
    if (this.synTries === 1) this.out.roundTrip.sample(nowMs - this.synSentMs);
    this.begin(sequenceAdd(packet.seq, -1), nowMs);
    this.out.peerWindowBytes = packet.windowBytes;
    this.owesAck = true; // it shows the peer that its answer reaches us
    if (this.reading) this.handler!.onOpen();
    if (this.reading && this.isOpen()) this.in!.open(this.handler!);
    return this.isOpen();
  }

  private onReset(packet: UtpPacket): void {
    if (this.phase === 'calling') {
      if (packet.ack === SYN_SEQ) this.vanish({ kind: 'refused', code: 'ECONNREFUSED' });
      return;
    }
    // Whoever does not see our packets does not know their numbers.
    const back = sequenceDistance(packet.ack, this.out.ring.next);
    if (back > RESET_PACKETS_BACK) return;
    this.vanish(this.reading ? { kind: 'reset', code: 'ECONNRESET' } : { kind: 'closed', code: '' });
  }

  private onNumbered(packet: UtpPacket, bytes: Uint8Array): void {
    const input = this.in!;
    this.owesAck = true;
    if (packet.type === PACKET_TYPE.fin) input.onFin(packet.seq);
    else if (bytes.length > packet.payloadAt) {
      const isNew = input.onData(packet.seq, bytes.subarray(packet.payloadAt));
      // As with TCP: who sends to a stream that was destroyed is told.
      if (isNew && this.endOf !== undefined && this.endOf.kind === 'closed') {
        this.voice.sendReset(packet.seq);
        this.vanish(this.endOf);
      }
    }
  }

  private checkEnd(nowMs: number): void {
    const { isEnded, isPaused } = this.in!;
    // Half a connection is of no use to any protocol here.
    if (this.isOpen() && this.reading && isEnded && !isPaused)
      this.linger({ kind: 'ended', code: '' }, nowMs);
  }

  /** For its owner it is closed; what is under way, and the end, are still seen through. */
  private linger(end: StreamEnd, nowMs = this.now): void {
    this.endOf = end;
    this.reading = false;
    this.in!.discard();
    this.out.writes.drop();
    this.out.finish();
    this.closeAtMs = nowMs + this.options.closeTimeoutMs;
    this.wake();
  }

  private finish(): void {
    this.vanish({ kind: 'closed', code: '' });
    this.tell();
  }

  /** Calls back those who wait for an answer. */
  private tell(): void {
    const { out, handler } = this;
    out.writes.answer();
    if (this.endOf === undefined) {
      if (this.wasQueued && out.writes.byteLength === 0 && this.reading) {
        this.wasQueued = false;
        handler?.onDrain();
      }
    } else if (!this.isTold) {
      this.isTold = true;
      out.writes.fail();
      handler?.onClose(this.endOf);
    }
    if (this.phase === 'gone') this.modules.gone(this);
  }

  private send(nowMs: number): void {
    const { out } = this;
    const input = this.in!;
    if (this.corks === 0 && out.pump(nowMs)) this.owesAck = input.hasGap;
    const { windowBytes } = input;
    // BEP 29: a peer that was told of no room must learn that there is some again.
    const isWider = windowBytes - this.voice.saidWindowBytes >= this.options.receiveWindowBytes / 2;
    if (this.owesAck || isWider) this.voice.sendAck(out.ring.next);
    this.owesAck = false;
    if (out.writes.byteLength > 0 && this.modules.outlet.isBlocked) this.wake();
  }

  private sendSyn(nowMs: number): void {
    this.voice.sendSyn(SYN_SEQ, this.options.receiveId, this.options.longestBytes);
    this.synSentMs = nowMs;
    this.synAtMs = nowMs + SYN_RETRY_MS * 2 ** this.synTries++;
  }

  private onTimeout(nowMs: number): void {
    const isLost = this.out.roundTrip.timeouts >= TIMEOUTS_MAX && nowMs - this.lastHeardMs > SILENCE_MS_MAX;
    if (isLost) this.vanish({ kind: 'timeout', code: 'ETIMEDOUT' });
    else this.out.onTimeout(nowMs);
  }

  private onCloseTimeout(): void {
    const isCalling = this.phase === 'calling' && this.reading;
    if (this.phase === 'open' && !this.out.isFinished) this.voice.sendReset(this.in!.ack);
    this.vanish(isCalling ? { kind: 'timeout', code: 'ETIMEDOUT' } : { kind: 'closed', code: '' });
  }
}
