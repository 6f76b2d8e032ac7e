import type { Lease } from '../../kernels/lease.ts';
import { BLOCK_BYTES, FRAME_HEADER_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { PieceIndex } from '../units.ts';

/**
 * Consecutive blocks of one piece asked of one peer, and the run of slots they will land in, the wire header of each
 * in the first 13 bytes of its slot. Block i is meant for slot i; when another one comes there, the two swap slots. The
 * run owns one reference of `lease`.
 */
export class InboundRun {
  readonly piece: PieceIndex;
  readonly firstBlock: number;
  readonly blockCount: number;
  readonly lease: Lease;
  /** When the requests were sent, ms of the runtime's clock. */
  readonly requestedAtMs: number;
  private readonly lastBlockBytes: number;
  private arrived = 0;
  private arrivedCount = 0;
  /** Slot by block and block by slot; undefined while all are where they were meant to be. */
  private slots: Uint8Array | undefined;
  private blocks: Uint8Array | undefined;

  constructor(options: {
    readonly piece: PieceIndex;
    readonly firstBlock: number;
    /** 1 to 16, so that arrivals fit the bits of a small integer. */
    readonly blockCount: number;
    /** Bytes of the last block of the run; 16 KiB but at the end of a piece. */
    readonly lastBlockBytes: number;
    readonly lease: Lease;
    readonly requestedAtMs: number;
  }) {
    this.piece = options.piece;
    this.firstBlock = options.firstBlock;
    this.blockCount = options.blockCount;
    this.lastBlockBytes = options.lastBlockBytes;
    this.lease = options.lease;
    this.requestedAtMs = options.requestedAtMs;
  }

  get complete(): boolean {
    return this.arrivedCount === this.blockCount;
  }

  get missingCount(): number {
    return this.blockCount - this.arrivedCount;
  }

  bytesOf(index: number): number {
    return index === this.blockCount - 1 ? this.lastBlockBytes : BLOCK_BYTES;
  }

  /** Where in the slab the frame of block `index` begins: its header. */
  payloadOffset(index: number): number {
    return this.frameAt(this.slotOf(index)) + FRAME_HEADER_BYTES;
  }

  slotOf(index: number): number {
    return this.slots === undefined ? index : this.slots[index]!;
  }

  /** Where in the slab the frame in this slot begins: its header. */
  frameAt(slot: number): number {
    return this.lease.offset + slot * SLOT_BYTES;
  }

  /** Where the frame that is expected in this slot ends. */
  frameEnd(slot: number): number {
    return this.frameAt(slot) + FRAME_HEADER_BYTES + this.bytesOf(this.blockIn(slot));
  }

  /** The slot whose frame begins at this place of the slab and whose block has not come, or -1. */
  freeSlotAt(offset: number): number {
    const slot = (offset - this.lease.offset) / SLOT_BYTES;
    return Number.isInteger(slot) && slot >= 0 && slot < this.blockCount && this.isFree(slot) ? slot : -1;
  }

  /** The first slot whose block is still to come. */
  firstFreeSlot(): number {
    let slot = 0;
    while (slot < this.blockCount && !this.isFree(slot)) slot++;
    return slot;
  }

  /** One past the last of the slots that are free without a gap from `slot` on, at most `slotsMax` of them. */
  freeUntil(slot: number, slotsMax: number): number {
    let end = slot;
    while (end < this.blockCount && end - slot < slotsMax && this.isFree(end)) end++;
    return end;
  }

  /** Gives block `index` the free slot that it came in. False when it cannot stay there: only full blocks may swap. */
  settle(index: number, slot: number): boolean {
    const own = this.slotOf(index);
    if (own === slot) return true;
    const other = this.blockIn(slot);
    if (this.bytesOf(index) !== BLOCK_BYTES || this.bytesOf(other) !== BLOCK_BYTES) return false;
    this.slots ??= Uint8Array.from({ length: this.blockCount }, (_, i) => i);
    this.blocks ??= Uint8Array.from(this.slots);
    this.slots[index] = slot;
    this.slots[other] = own;
    this.blocks[slot] = index;
    this.blocks[own] = other;
    return true;
  }

  private blockIn(slot: number): number {
    return this.blocks === undefined ? slot : this.blocks[slot]!;
  }

  private isFree(slot: number): boolean {
    return !this.hasArrived(this.blockIn(slot));
  }

  /** Whether this block of the torrent is one still to come. */
  awaits(piece: number, block: number): boolean {
    const index = block - this.firstBlock;
    return piece === this.piece && index >= 0 && index < this.blockCount && !this.hasArrived(index);
  }

  hasArrived(index: number): boolean {
    return ((this.arrived >>> index) & 1) === 1;
  }

  markArrived(index: number): void {
    this.arrived |= 1 << index;
    this.arrivedCount++;
  }

  /** The first block still to come; `blockCount` when complete. */
  nextMissing(from = 0): number {
    let index = from;
    while (index < this.blockCount && this.hasArrived(index)) index++;
    return index;
  }

  /** The index in the run of the block at `begin` with `byteLength`, or -1 when it is not one still missing. */
  indexOf(piece: number, begin: number, byteLength: number): number {
    if (piece !== this.piece || begin % BLOCK_BYTES !== 0) return -1;
    const index = begin / BLOCK_BYTES - this.firstBlock;
    if (index < 0 || index >= this.blockCount || this.hasArrived(index)) return -1;
    return byteLength === this.bytesOf(index) ? index : -1;
  }
}
