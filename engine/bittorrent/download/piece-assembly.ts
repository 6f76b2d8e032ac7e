import type { Lease } from '../../kernels/lease.ts';
import { BLOCK_BYTES, type Extent } from '../../kernels/types.ts';
import type { PieceIndex } from '../units.ts';

/** Who a block came from. Numbers stay unique while the shard lives, so they outlast the connection. */
export type PeerId = number;

interface Place {
  readonly offset: number;
  readonly byteLength: number;
  readonly lease: Lease;
  readonly from: PeerId;
}

/**
 * A piece that is coming together: which of its blocks lie where in the slab, and who sent them. Blocks stay where
 * the sockets put them; a place per block is why a block that came twice is never copied over another.
 */
export class PieceAssembly {
  readonly piece: PieceIndex;
  readonly byteLength: number;
  private readonly places: (Place | undefined)[];
  private missing: number;

  constructor(options: { readonly piece: PieceIndex; readonly byteLength: number }) {
    this.piece = options.piece;
    this.byteLength = options.byteLength;
    this.missing = Math.ceil(options.byteLength / BLOCK_BYTES);
    this.places = new Array<Place | undefined>(this.missing).fill(undefined);
  }

  get blockCount(): number {
    return this.places.length;
  }

  get complete(): boolean {
    return this.missing === 0;
  }

  get receivedCount(): number {
    return this.places.length - this.missing;
  }

  has(block: number): boolean {
    return this.places[block] !== undefined;
  }

  /** Keeps the lease until {@link release}. */
  add(block: number, offset: number, byteLength: number, lease: Lease, from: PeerId): void {
    this.places[block] = { offset, byteLength, lease: lease.retain(), from };
    this.missing--;
  }

  /** The blocks in order; only for a complete piece. */
  extents(): Extent[] {
    return this.places.map((place) => place!);
  }

  buffers(slab: Uint8Array): Uint8Array[] {
    return this.places.map((place) => slab.subarray(place!.offset, place!.offset + place!.byteLength));
  }

  senders(): PeerId[] {
    return this.places.map((place) => place!.from);
  }

  /** Returns the slots. */
  release(): void {
    for (let block = 0; block < this.places.length; block++) {
      this.places[block]?.lease.release();
      this.places[block] = undefined;
    }
    this.missing = this.places.length;
  }
}
