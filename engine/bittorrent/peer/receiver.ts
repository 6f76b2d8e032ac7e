import { readUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import { FRAME_HEADER_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { InboundRun } from './inbound-run.ts';
import { Landing } from './landing.ts';
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
  /**
   * Block `index` of `run` lies in `slot`, behind the place of its header; who keeps it retains the slot. Returns false
   * when the connection is being closed.
   */
  onBlock(run: InboundRun, index: number, slot: Lease): boolean;
  /** A block nobody waits for begins; its payload will be thrown away. */
  onUnwantedBlock(piece: number, begin: number, byteLength: number): boolean;
  onTooLong(id: number, byteLength: number): void;
}

/**
 * Turns the bytes of one peer into messages and takes blocks where they land, without copying them: while blocks are
 * outstanding the next read is aimed at slots, one for each block that may come, header place included, so that up to 16
 * blocks come with one read, in whatever order. When a message comes in between it is understood where it landed, and
 * what follows it is moved to the beginning of a slot; such copies are counted.
 */
export class Receiver {
  private readonly memory: ReceiveMemory;
  private readonly events: ReceiverEvents;
  /** Runs asked for, in the order of the requests. */
  private readonly runs: InboundRun[] = [];
  /** Blocks of `runs` still to come: as many slots are in `landing`, the one of the current block counted. */
  private outstanding = 0;
  private readonly landing = new Landing();
  private windowBlocks = WINDOW_BLOCKS_MAX;
  private cleanReads = 0;
  /** Slab position of the next byte when a read is aimed at slots, else -1. */
  private fillAt = -1;
  /** Bytes of an unfinished message that lie in the slab before `fillAt`. */
  private pendingBytes = 0;
  /** The block whose payload is under way. */
  private current: InboundRun | undefined;
  private currentIndex = 0;
  private currentSlot: Lease | undefined;
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
    return this.outstanding;
  }

  get outstandingRuns(): readonly InboundRun[] {
    return this.runs;
  }

  /** The requests of `run` have been sent. `slots`: one for each of its blocks; the receiver takes over a reference of each. */
  expect(run: InboundRun, slots: readonly Lease[]): void {
    this.runs.push(run);
    this.outstanding += run.missingCount;
    this.landing.add(slots);
  }

  /** Stops waiting for `run`; blocks of it that still come are thrown away. */
  forget(run: InboundRun): void {
    const at = this.runs.indexOf(run);
    if (at === -1) return;
    this.runs.splice(at, 1);
    this.outstanding -= run.missingCount;
    this.returnSlots();
  }

  /** Stops waiting for one block; false when it was not awaited. */
  dismiss(piece: number, block: number): boolean {
    const run = this.runs.find((candidate) => candidate.awaits(piece, block));
    if (run === undefined) return false;
    run.markArrived(block - run.firstBlock);
    this.outstanding--;
    this.returnSlots();
    if (run.complete) this.forget(run);
    return true;
  }

  /** Returns all leases. The stream must not read any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.runs.length = 0;
    this.outstanding = 0;
    this.currentSlot?.release();
    this.currentSlot = undefined;
    this.current = undefined;
    this.payloadLeft = 0;
    this.landing.close();
  }

  /** Where the next bytes shall go. */
  readTarget(): Uint8Array {
    if (this.large !== undefined) return this.scratchOr(this.large.subarray(this.largeFilled));
    if (this.skipLeft > 0) return this.scratchOr(this.memory.scratchTarget);
    if (this.payloadLeft > 0) return this.aimAtPayload();
    if (this.fillAt >= 0 && this.pendingBytes > 0)
      return this.aimAtSlots(this.fillAt - this.pendingBytes, this.pendingBytes);
    if (this.landing.freeCount === 0 || this.carryLength > 0)
      return this.scratchOr(this.memory.scratchTarget);
    return this.aimAtSlots(this.landing.firstOffset, 0);
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

  /** Slots that no block is awaited for any more go back. */
  private returnSlots(): void {
    this.landing.trim(Math.max(0, this.outstanding - (this.currentSlot === undefined ? 0 : 1)));
  }

  private scratchOr(target: Uint8Array): Uint8Array {
    this.landing.unlend();
    this.fillAt = -1;
    return target;
  }

  /** The rest of the current block, and the slots behind it. */
  private aimAtPayload(): Uint8Array {
    const slot = this.currentSlot;
    if (slot === undefined) throw new Error('payload without a slot');
    const rest = this.payloadAt + this.payloadLeft;
    const next = slot.offset + SLOT_BYTES;
    const count = this.landing.lend(next, rest === next ? this.windowBlocks - 1 : 0, slot);
    this.fillAt = this.payloadAt;
    const end = count === 0 ? rest : next + this.framesAhead(count + 1) - SLOT_BYTES;
    return this.memory.slab.subarray(this.payloadAt, Math.max(rest, end));
  }

  /** The slots from this place on, of which the first holds `pendingBytes` of an unfinished message. */
  private aimAtSlots(offset: number, pendingBytes: number): Uint8Array {
    const held = this.landing.isFree(offset) ? undefined : this.landing.lentAt(offset);
    const count = this.landing.lend(offset, this.windowBlocks, held);
    const ahead = this.framesAhead(count);
    this.fillAt = offset + pendingBytes;
    return this.memory.slab.subarray(this.fillAt, offset + (ahead > pendingBytes ? ahead : SLOT_BYTES));
  }

  /**
   * Bytes of the next `blocksMax` frames if they come in the order of the requests, ending with the first that does not
   * fill its slot: what is read behind that one would not lie at the beginning of a slot.
   */
  private framesAhead(blocksMax: number): number {
    let blocks = 0;
    for (const run of this.runs) {
      if (blocks + run.missingCount > blocksMax) break;
      blocks += run.missingCount;
      if (run.endsShort)
        return (blocks - 1) * SLOT_BYTES + FRAME_HEADER_BYTES + run.bytesOf(run.blockCount - 1);
    }
    return blocksMax * SLOT_BYTES;
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
        const found = this.findBlock(bytes, at, byteLength);
        if (found && bytes === this.memory.slab && !this.landing.isFree(at)) {
          bytes = this.memory.spill(at, until);
          until -= at;
          at = 0;
          this.narrow();
        }
        at = found ? this.beginBlock(bytes, at, until) : this.refuseBlock(bytes, at, until, byteLength);
        continue;
      }
      const next = at + LENGTH_PREFIX_BYTES + byteLength;
      if (next > until) break;
      if (!this.events.onMessage(bytes, at + LENGTH_PREFIX_BYTES, next)) return;
      at = next;
    }
    if (!this.closed) this.keepRest(bytes, at, until);
  }

  /** Whether the block whose header lies at `at` is awaited: it is the current one then. */
  private findBlock(bytes: Uint8Array, at: number, byteLength: number): boolean {
    const piece = readUint32(bytes, at + 5);
    const begin = readUint32(bytes, at + 9);
    const payload = byteLength - (FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES);
    for (const run of this.runs) {
      const index = run.indexOf(piece, begin, payload);
      if (index === -1) continue;
      this.current = run;
      this.currentIndex = index;
      this.payloadLeft = payload;
      return true;
    }
    return false;
  }

  /** The header of the current block lies at `at`. Returns where the bytes go on. */
  private beginBlock(bytes: Uint8Array, at: number, until: number): number {
    const there = bytes === this.memory.slab ? this.landing.takeAt(at) : undefined;
    const slot = there ?? this.landing.takeFirst();
    if (slot === undefined) throw new Error('a block without a slot');
    this.currentSlot = slot;
    this.payloadAt = slot.offset + FRAME_HEADER_BYTES;
    return this.takePayload(bytes, at + FRAME_HEADER_BYTES, until);
  }

  /** The header of a block that nobody waits for lies at `at`. Returns where the bytes go on. */
  private refuseBlock(bytes: Uint8Array, at: number, until: number, byteLength: number): number {
    const payload = byteLength - (FRAME_HEADER_BYTES - LENGTH_PREFIX_BYTES);
    if (!this.events.onUnwantedBlock(readUint32(bytes, at + 5), readUint32(bytes, at + 9), payload))
      return until;
    this.skipLeft = payload;
    return this.skip(at + FRAME_HEADER_BYTES, until);
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
    const { current: run, currentIndex: index, currentSlot: slot } = this;
    if (run === undefined || slot === undefined) throw new Error('payload without a block');
    this.current = undefined;
    this.currentSlot = undefined;
    // Forgotten or dismissed while it was under way: nobody waits for it any more.
    if (run.hasArrived(index) || !this.runs.includes(run)) {
      this.landing.giveBack(slot);
      this.returnSlots();
      return;
    }
    run.markArrived(index);
    this.outstanding--;
    this.events.onBlock(run, index, slot);
    slot.release();
    if (run.complete) this.forget(run);
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
    if (this.landing.freeCount > 0 && total <= SLOT_BYTES) {
      const inPlace = bytes === this.memory.slab && this.landing.isFree(at);
      const frame = inPlace ? at : this.landing.firstOffset;
      if (!inPlace) {
        this.memory.slab.set(bytes.subarray(at, until), frame);
        this.memory.stats.copiedBytes += rest;
        this.landing.lend(frame, 1);
      }
      this.pendingBytes = rest;
      this.fillAt = frame + rest;
      return;
    }
    if (rest > CARRY_BYTES_MAX || total > CARRY_BYTES_MAX) this.beginLarge(bytes, at, until, total);
    else this.carryOver(bytes, at, until);
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
