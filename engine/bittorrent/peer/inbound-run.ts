import { BLOCK_BYTES } from '../../kernels/types.ts';
import type { PieceIndex } from '../units.ts';

/** Consecutive blocks of one piece asked of one peer, and which of them are still to come. */
export class InboundRun {
  readonly piece: PieceIndex;
  readonly firstBlock: number;
  readonly blockCount: number;
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
  }) {
    this.piece = options.piece;
    this.firstBlock = options.firstBlock;
    this.blockCount = options.blockCount;
    this.lastBlockBytes = options.lastBlockBytes;
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

  /** Whether its last block is still to come and shorter than a slot has room for. */
  get endsShort(): boolean {
    return this.lastBlockBytes < BLOCK_BYTES && !this.hasArrived(this.blockCount - 1);
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
