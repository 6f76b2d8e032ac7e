import type { StreamHandler } from '../../runtime/port.ts';
import type { ReceiveBudget } from './receive-budget.ts';
import { ReorderBuffer } from './reorder-buffer.ts';
import { sequenceAdd, sequenceDistance } from './sequence.ts';

const NOTHING = new Uint8Array(0);
/** What a payload that waits costs beside its bytes: a peer could send many that are tiny. */
const PACKET_OVERHEAD_BYTES = 200;

export interface ReceiverOptions {
  /** Of the last packet that came, before any payload. */
  readonly ack: number;
  /** What may wait for its turn or its owner. */
  readonly windowBytesMax: number;
  /** How far a packet may come before its turn; a power of two. */
  readonly packetsMax: number;
}

/**
 * The receiving half of a connection: brings packets into order and puts payloads where the owner says. Payloads of
 * one turn of the event loop are told of together.
 */
export class UtpReceiver {
  /** BEP 29, ack_nr: the last one up to which nothing is missing. */
  ack: number;
  readonly reorder: ReorderBuffer;
  private readonly options: ReceiverOptions;
  private readonly budget: ReceiveBudget;
  private handler: StreamHandler | undefined;
  private target: Uint8Array = NOTHING;
  private filled = 0;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private keptBytes = 0;
  private eofSeq = -1;
  private paused = false;
  private discarding = false;
  private delivering = false;

  constructor(options: ReceiverOptions, modules: { readonly budget: ReceiveBudget }) {
    this.options = options;
    this.ack = options.ack;
    this.budget = modules.budget;
    this.reorder = new ReorderBuffer(options);
  }

  /** BEP 29, wnd_size: what can still be taken. */
  get windowBytes(): number {
    const own = this.options.windowBytesMax - this.keptBytes - this.filled;
    return Math.max(0, Math.min(own, this.budget.leftBytes));
  }

  /** The peer has finished, and nothing is missing. */
  get isEnded(): boolean {
    return this.eofSeq === this.ack && this.waiting.length === 0 && this.filled === 0;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Bytes came that nobody has read. */
  get hasUnread(): boolean {
    return this.waiting.length > 0 || this.filled > 0 || this.reorder.byteLength > 0;
  }

  /** Something before what came is missing: BEP 29 wants a selective ack. */
  get hasGap(): boolean {
    return this.reorder.count > 0;
  }

  /** The owner wants bytes from now on. */
  open(handler: StreamHandler): void {
    this.handler = handler;
    this.target = handler.readTarget();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Nobody wants bytes any more; what comes is acknowledged and thrown away. */
  discard(): void {
    this.discarding = true;
    this.waiting = [];
    this.waitingBytes = 0;
    this.filled = 0;
    this.reorder.clear();
    this.count();
  }

  /** A packet with payload has come. False when it is none that can be used: known, too far ahead, or no room for it. */
  onData(seq: number, payload: Uint8Array): boolean {
    const ahead = sequenceDistance(this.ack, seq) - 1;
    if (ahead < 0 || ahead >= 0x8000) return false;
    if (this.eofSeq !== -1 && sequenceDistance(this.eofSeq, seq) < 0x8000) return false;
    // The awaited one goes straight to its owner, and frees what waits behind it.
    const isWelcome = ahead === 0 && !this.paused;
    if (this.windowBytes === 0 && !isWelcome && !this.discarding) return false;
    if (ahead > 0) return this.keep(seq, ahead, payload);
    this.ack = seq;
    this.deliver(payload);
    this.takeKept();
    return true;
  }

  /** BEP 29, ST_FIN: the last number there will be; earlier ones may be missing yet. */
  onFin(seq: number): void {
    const ahead = sequenceDistance(this.ack, seq) - 1;
    if (this.eofSeq !== -1 || ahead < 0 || ahead >= this.options.packetsMax) return;
    this.eofSeq = seq;
    this.takeKept();
  }

  /** Hands out what has come; to be called when a batch is through. */
  flush(): void {
    if (this.delivering || this.handler === undefined) return;
    this.delivering = true;
    while (this.waiting.length > 0 && !this.paused && !this.discarding) {
      const waiting = this.waiting;
      this.waiting = [];
      this.waitingBytes = 0;
      for (const payload of waiting) this.handOut(payload);
    }
    if (!this.paused) this.emit();
    this.delivering = false;
    this.count();
  }

  private keep(seq: number, ahead: number, payload: Uint8Array): boolean {
    const kept = this.discarding ? NOTHING : payload;
    const isNew = this.reorder.put(seq, ahead, kept);
    this.count();
    return isNew;
  }

  /** Goes on with packets that had come before their turn. */
  private takeKept(): void {
    for (;;) {
      const seq = sequenceAdd(this.ack, 1);
      if (seq === this.eofSeq) {
        this.ack = seq;
        break;
      }
      const payload = this.reorder.take(seq);
      if (payload === undefined) break;
      this.ack = seq;
      this.deliver(payload);
    }
    this.count();
  }

  /** It waits for the end of the batch: the owner may share its target with other connections, which are in between. */
  private deliver(payload: Uint8Array): void {
    if (this.discarding) return;
    this.waiting.push(payload);
    this.waitingBytes += payload.length;
  }

  /** Copies a payload to where the owner wants it, as far as it does. */
  private handOut(payload: Uint8Array): void {
    if (this.discarding) return;
    let at = 0;
    while (at < payload.length) {
      if (this.paused || this.handler === undefined || this.waiting.length > 0) {
        const rest = at === 0 ? payload : payload.subarray(at);
        this.waiting.push(rest);
        this.waitingBytes += rest.length;
        return;
      }
      const count = Math.min(payload.length - at, this.target.length - this.filled);
      const part = count === payload.length ? payload : payload.subarray(at, at + count);
      this.target.set(part, this.filled);
      this.filled += count;
      at += count;
      if (this.filled === this.target.length) this.emit();
      if (this.discarding) return;
    }
  }

  private emit(): void {
    if (this.filled === 0 || this.discarding) return;
    const length = this.filled;
    this.filled = 0;
    this.handler!.onRead(length);
    if (!this.discarding) this.target = this.handler!.readTarget();
  }

  /** Keeps the endpoint's sum up to date. */
  private count(): void {
    const packets = this.waiting.length + this.reorder.count;
    const bytes = this.waitingBytes + this.reorder.byteLength + packets * PACKET_OVERHEAD_BYTES;
    this.budget.bytes += bytes - this.keptBytes;
    this.keptBytes = bytes;
  }
}
