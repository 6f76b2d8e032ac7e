import { readUint32 } from '../../codec/big-endian.ts';
import { FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import type { InboundRun } from './inbound-run.ts';
import { CARRY_BYTES_MAX, type ReceiveMemory, WINDOW_BLOCKS_MAX } from './receive-memory.ts';

const PIECE_ID = 7;
const LENGTH_PREFIX_BYTES = 4;
/** Reads in place after which a peer that mixed messages into its blocks is trusted with longer reads again. */
const CLEAN_READS_TO_WIDEN = 8;

/** What a {@link Receiver} tells its connection. */
export interface ReceiverEvents {
  /**
   * A whole message that is not a block: bytes[start, end) from its id on, empty for a keep-alive. Valid during the
   * call. Returns false when the connection is being closed.
   */
  onMessage(bytes: Uint8Array, start: number, end: number): boolean;
  /** The length a message of this kind may have, id included; longer ones end the connection. */
  lengthMax(id: number): number;
  /** Block `index` of `run` lies in its slot. Returns false when the connection is being closed. */
  onBlock(run: InboundRun, index: number): boolean;
  /** A block nobody waits for begins; its payload will be thrown away. */
  onUnwantedBlock(piece: number, begin: number, byteLength: number): boolean;
  onTooLong(id: number, byteLength: number): void;
}

/**
 * Turns the bytes of one peer into messages and puts blocks where they belong without copying them: while blocks
 * are outstanding the next read is aimed at the slots of the blocks expected next, header place included, so that a
 * peer that answers in order fills up to 16 slots with one read. Anything else that comes in between is understood
 * where it landed, and what follows it is moved to its place; such copies are counted.
 */
export class Receiver {
  private readonly memory: ReceiveMemory;
  private readonly events: ReceiverEvents;
  /** Runs asked for, in the order of the requests. */
  private readonly runs: InboundRun[] = [];
  private windowBlocks = WINDOW_BLOCKS_MAX;
  private cleanReads = 0;
  /** The run whose slots the target handed out last lies in; holds a reference of its lease. */
  private armed: InboundRun | undefined;
  /** Slab position of the next byte when a read is aimed at slots, else -1. */
  private fillAt = -1;
  /** Bytes of an unfinished message that lie in the slab before `fillAt`. */
  private pendingBytes = 0;
  /** The block whose payload is under way. */
  private current: InboundRun | undefined;
  private currentIndex = 0;
  private payloadLeft = 0;
  private payloadAt = 0;
  /** Payload bytes to throw away. */
  private skipLeft = 0;
  private carry = new Uint8Array(CARRY_BYTES_MAX);
  private carryLength = 0;
  private large: Uint8Array | undefined;
  private largeFilled = 0;
  private closed = false;

  constructor(modules: { readonly memory: ReceiveMemory; readonly events: ReceiverEvents }) {
    this.memory = modules.memory;
    this.events = modules.events;
  }

  /** Blocks asked for and not here yet. */
  get outstandingBlocks(): number {
    let count = 0;
    for (const run of this.runs) count += run.missingCount;
    return count;
  }

  get outstandingRuns(): readonly InboundRun[] {
    return this.runs;
  }

  /** The requests of `run` have been sent. The receiver takes over one reference of its lease. */
  expect(run: InboundRun): void {
    this.runs.push(run);
  }

  /** Stops waiting for `run`; blocks of it that still come are thrown away. */
  forget(run: InboundRun): void {
    const at = this.runs.indexOf(run);
    if (at === -1) return;
    this.runs.splice(at, 1);
    run.lease.release();
  }

  /** Returns all leases. The stream must not read any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const run of this.runs.splice(0)) run.lease.release();
    this.disarm();
    this.dropCurrent();
  }

  /** Where the next bytes shall go. */
  readTarget(): Uint8Array {
    if (this.large !== undefined) return this.scratchOr(this.large.subarray(this.largeFilled));
    if (this.skipLeft > 0) return this.scratchOr(this.memory.scratchTarget);
    if (this.payloadLeft > 0) return this.aimAtPayload();
    if (this.fillAt >= 0 && this.pendingBytes > 0) return this.aimAtRest();
    const run = this.runs[0];
    if (run === undefined || this.carryLength > 0) return this.scratchOr(this.memory.scratchTarget);
    return this.aimAtRun(run, run.firstFreeSlot(), 0);
  }

  /** `length` bytes have come into the target handed out last. */
  onRead(length: number): void {
    if (this.closed) return;
    if (this.large !== undefined) {
      this.largeFilled += length;
      if (this.largeFilled === this.large.length) this.finishLarge();
      return;
    }
    if (this.fillAt >= 0) {
      const start = this.fillAt - this.pendingBytes;
      const end = this.fillAt + length;
      this.pendingBytes = 0;
      this.parse(this.memory.slab, start, end);
      return;
    }
    const start = CARRY_BYTES_MAX - this.carryLength;
    this.memory.scratch.set(this.carry.subarray(0, this.carryLength), start);
    this.carryLength = 0;
    this.parse(this.memory.scratch, start, CARRY_BYTES_MAX + length);
  }

  private scratchOr(target: Uint8Array): Uint8Array {
    this.disarm();
    this.fillAt = -1;
    return target;
  }

  /** The rest of the current block, and the slots of the blocks that follow it. */
  private aimAtPayload(): Uint8Array {
    const run = this.current;
    if (run === undefined) throw new Error('payload without a block');
    const until = run.freeUntil(run.slotOf(this.currentIndex) + 1, this.windowBlocks - 1);
    this.arm(run);
    this.fillAt = this.payloadAt;
    return this.memory.slab.subarray(this.payloadAt, run.frameEnd(until - 1));
  }

  private aimAtRun(run: InboundRun, slot: number, pendingBytes: number): Uint8Array {
    const until = run.freeUntil(slot, this.windowBlocks);
    this.arm(run);
    this.fillAt = run.frameAt(slot) + pendingBytes;
    return this.memory.slab.subarray(this.fillAt, run.frameEnd(until - 1));
  }

  /** An unfinished message lies at the head of a free slot of the armed run: read on behind it. */
  private aimAtRest(): Uint8Array {
    const run = this.armed;
    if (run === undefined) throw new Error('pending bytes without slots');
    return this.aimAtRun(run, run.freeSlotAt(this.fillAt - this.pendingBytes), this.pendingBytes);
  }

  private arm(run: InboundRun): void {
    if (this.armed === run) return;
    this.disarm();
    run.lease.retain();
    this.armed = run;
  }

  private disarm(): void {
    this.armed?.lease.release();
    this.armed = undefined;
  }

  /** Takes bytes[start, end) apart. In the slab the bytes may already be where they belong. */
  private parse(source: Uint8Array, start: number, end: number): void {
    let bytes = source;
    let at = start;
    let until = end;
    if (this.payloadLeft > 0) at = this.takePayload(bytes, at, until);
    else if (this.skipLeft > 0) at = this.skip(at, until);
    while (!this.closed && at < until && this.payloadLeft === 0 && this.skipLeft === 0) {
      const available = until - at;
      if (available < LENGTH_PREFIX_BYTES) break;
      const byteLength = readUint32(bytes, at);
      const id = available > LENGTH_PREFIX_BYTES ? bytes[at + LENGTH_PREFIX_BYTES]! : -1;
      if (byteLength > 0 && id === -1) break;
      if (byteLength > 0 && byteLength > this.events.lengthMax(id)) {
        this.events.onTooLong(id, byteLength);
        return;
      }
      if (id === PIECE_ID && byteLength >= FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES) {
        if (available < FRAME_HEADER_BYTES) break;
        if (bytes === this.memory.slab && !this.staysInPlace(bytes, at, byteLength)) {
          bytes = this.memory.spill(at, until);
          until -= at;
          at = 0;
          this.narrow();
        }
        at = this.beginBlock(bytes, at, until, byteLength);
        continue;
      }
      const next = at + LENGTH_PREFIX_BYTES + byteLength;
      if (next > until) break;
      if (!this.events.onMessage(bytes, at + LENGTH_PREFIX_BYTES, next)) return;
      at = next;
    }
    if (!this.closed) this.keepRest(bytes, at, until);
  }

  /** Whether the block whose header lies at `at` was read straight into a slot where it can stay. */
  private staysInPlace(bytes: Uint8Array, at: number, byteLength: number): boolean {
    const run = this.armed;
    if (run === undefined || !this.runs.includes(run)) return false;
    const payload = byteLength - (FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES);
    const index = run.indexOf(readUint32(bytes, at + 5), readUint32(bytes, at + 9), payload);
    const slot = index === -1 ? -1 : run.freeSlotAt(at);
    return slot !== -1 && run.settle(index, slot);
  }

  /** A block's header lies at `at`. Returns where the bytes go on. */
  private beginBlock(bytes: Uint8Array, at: number, until: number, byteLength: number): number {
    const piece = readUint32(bytes, at + 5);
    const begin = readUint32(bytes, at + 9);
    const payload = byteLength - (FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES);
    const body = at + FRAME_HEADER_BYTES;
    for (const run of this.runs) {
      const index = run.indexOf(piece, begin, payload);
      if (index === -1) continue;
      run.lease.retain();
      this.current = run;
      this.currentIndex = index;
      this.payloadLeft = payload;
      this.payloadAt = run.payloadOffset(index);
      return this.takePayload(bytes, body, until);
    }
    if (!this.events.onUnwantedBlock(piece, begin, payload)) return until;
    this.skipLeft = payload;
    return this.skip(body, until);
  }

  private takePayload(bytes: Uint8Array, at: number, until: number): number {
    const length = Math.min(this.payloadLeft, until - at);
    if (bytes !== this.memory.slab || at !== this.payloadAt) {
      this.memory.slab.set(bytes.subarray(at, at + length), this.payloadAt);
      this.memory.stats.copiedBytes += length;
    } else if (++this.cleanReads >= CLEAN_READS_TO_WIDEN) {
      this.cleanReads = 0;
      this.windowBlocks = Math.min(WINDOW_BLOCKS_MAX, this.windowBlocks * 2);
    }
    this.memory.stats.payloadBytes += length;
    this.payloadAt += length;
    this.payloadLeft -= length;
    if (this.payloadLeft === 0) this.finishBlock();
    return at + length;
  }

  private finishBlock(): void {
    const run = this.current;
    if (run === undefined) throw new Error('payload without a block');
    // Forgotten or dismissed while it was under way: nobody waits for it any more.
    if (this.runs.includes(run) && !run.hasArrived(this.currentIndex)) {
      run.markArrived(this.currentIndex);
      this.events.onBlock(run, this.currentIndex);
      if (run.complete) this.forget(run);
    }
    this.dropCurrent();
  }

  private dropCurrent(): void {
    this.current?.lease.release();
    this.current = undefined;
    this.payloadLeft = 0;
  }

  private skip(at: number, until: number): number {
    const length = Math.min(this.skipLeft, until - at);
    this.skipLeft -= length;
    return at + length;
  }

  /** Keeps the beginning of a message that is not whole yet. */
  private keepRest(bytes: Uint8Array, at: number, until: number): void {
    const rest = until - at;
    if (rest === 0) return;
    const total = rest >= LENGTH_PREFIX_BYTES ? readUint32(bytes, at) + LENGTH_PREFIX_BYTES : 0;
    const there = bytes === this.memory.slab ? this.freeSlotAt(at) : -1;
    const run = there === -1 ? this.runs[0] : this.armed;
    if (run !== undefined) {
      const slot = there === -1 ? run.firstFreeSlot() : there;
      const frame = run.frameAt(slot);
      if (total <= run.frameEnd(slot) - frame) {
        if (bytes !== this.memory.slab || at !== frame) {
          this.memory.slab.set(bytes.subarray(at, until), frame);
          this.memory.stats.copiedBytes += rest;
        }
        this.arm(run);
        this.pendingBytes = rest;
        this.fillAt = frame + rest;
        return;
      }
    }
    if (rest > CARRY_BYTES_MAX || total > CARRY_BYTES_MAX) this.beginLarge(bytes, at, until, total);
    else this.carryOver(bytes, at, until);
  }

  /** The free slot of the armed run that begins at this place of the slab, or -1. */
  private freeSlotAt(at: number): number {
    const run = this.armed;
    return run === undefined || !this.runs.includes(run) ? -1 : run.freeSlotAt(at);
  }

  private carryOver(bytes: Uint8Array, at: number, until: number): void {
    this.carry.set(bytes.subarray(at, until));
    this.carryLength = until - at;
  }

  private beginLarge(bytes: Uint8Array, at: number, until: number, total: number): void {
    // A block's header cut short: 13 bytes are enough to know where the rest goes.
    const isBlock = until - at > LENGTH_PREFIX_BYTES && bytes[at + LENGTH_PREFIX_BYTES] === PIECE_ID;
    if (until - at < FRAME_HEADER_BYTES && (isBlock || until - at === LENGTH_PREFIX_BYTES)) {
      this.carryOver(bytes, at, until);
      return;
    }
    this.large = new Uint8Array(total);
    this.large.set(bytes.subarray(at, until));
    this.largeFilled = until - at;
  }

  private finishLarge(): void {
    const message = this.large;
    if (message === undefined) throw new Error('no message under way');
    this.large = undefined;
    this.largeFilled = 0;
    this.events.onMessage(message, LENGTH_PREFIX_BYTES, message.length);
  }

  private narrow(): void {
    this.cleanReads = 0;
    this.windowBlocks = Math.max(1, this.windowBlocks >>> 1);
  }
}
