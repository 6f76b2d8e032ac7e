import type { Lease } from '../../kernels/lease.ts';
import { BLOCK_BYTES, FRAME_HEADER_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { PieceIndex } from '../units.ts';

/**
 * Consecutive blocks of one piece asked of one peer, and the run of slots they will land in: block i in slot i,
 * its wire header in the slot's first 13 bytes. The run owns one reference of `lease`.
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
  frameOffset(index: number): number {
    return this.lease.offset + index * SLOT_BYTES;
  }

  payloadOffset(index: number): number {
    return this.frameOffset(index) + FRAME_HEADER_BYTES;
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

  /** One past the last of the blocks that are missing without a gap from `index` on, at most `blocksMax` of them. */
  missingUntil(index: number, blocksMax: number): number {
    let end = index;
    while (end < this.blockCount && end - index < blocksMax && !this.hasArrived(end)) end++;
    return end;
  }

  /** The index in the run of the block at `begin` with `byteLength`, or -1 when it is not one still missing. */
  indexOf(piece: number, begin: number, byteLength: number): number {
    if (piece !== this.piece || begin % BLOCK_BYTES !== 0) return -1;
    const index = begin / BLOCK_BYTES - this.firstBlock;
    if (index < 0 || index >= this.blockCount || this.hasArrived(index)) return -1;
    return byteLength === this.bytesOf(index) ? index : -1;
  }
}
