import { AlliumError } from '../../codec/error.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { BLOCK_BYTES, type Extent, SLOT_BYTES } from '../../kernels/types.ts';
import { Bitfield } from '../bitfield.ts';
import type { PieceCheck } from '../download/piece-check.ts';
import type { Layout } from '../layout.ts';
import type { TorrentStorage } from '../storage/torrent-storage.ts';
import { blockOffset, type PieceIndex, pieceIndex } from '../units.ts';

/** Pieces read and hashed side by side: enough to keep a disk and two cores busy. */
const PIECES_AT_ONCE = 4;

export interface RecheckModules {
  readonly storage: TorrentStorage;
  readonly layout: Layout;
  readonly slab: Slab;
  readonly check: PieceCheck;
}

export interface RecheckOptions {
  /** The pieces to look at. */
  readonly pieces: Iterable<PieceIndex>;
  /** After each piece: how many are done. */
  readonly onProgress?: (done: number) => void;
  /** Ends early, with what has been found so far. */
  readonly isCancelled?: () => boolean;
}

/**
 * Reads pieces from disk and says which are right. A file that is missing, short or unreadable just means that its
 * pieces are not there. Never writes.
 */
export async function recheck(options: RecheckOptions, modules: RecheckModules): Promise<Bitfield> {
  const found = new Bitfield(modules.layout.pieceCount);
  const queue = options.pieces[Symbol.iterator]();
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (options.isCancelled?.() === true) return;
      if (await isRight(next.value, modules)) found.set(next.value);
      done++;
      options.onProgress?.(done);
    }
  };
  await Promise.all(Array.from({ length: PIECES_AT_ONCE }, worker));
  return found;
}

async function isRight(piece: PieceIndex, modules: RecheckModules): Promise<boolean> {
  const byteLength = modules.layout.pieceLengthOf(piece);
  const lease = await leaseOf(modules.slab, Math.ceil(byteLength / SLOT_BYTES));
  try {
    const bytes = modules.slab.bytes.subarray(lease.offset, lease.offset + byteLength);
    await modules.storage.read(piece, blockOffset(0), [bytes]);
    return await modules.check.passes({ piece, extents: () => blocksOf(lease.offset, byteLength) });
  } catch (error) {
    if (error instanceof AlliumError && error.code !== 'POOL_FAILED') return false;
    throw error;
  } finally {
    lease.release();
  }
}

function blocksOf(offset: number, byteLength: number): Extent[] {
  const extents: Extent[] = [];
  for (let at = 0; at < byteLength; at += BLOCK_BYTES) {
    extents.push({ offset: offset + at, byteLength: Math.min(BLOCK_BYTES, byteLength - at) });
  }
  return extents;
}

async function leaseOf(slab: Slab, slots: number): Promise<Lease> {
  for (;;) {
    const lease = slab.tryLease(slots, 'recheck');
    if (lease !== undefined) return lease;
    await new Promise<void>((resolve) => slab.whenFree(resolve, slots));
  }
}

/** Every piece of a torrent. */
export function* allPieces(count: number): Generator<PieceIndex> {
  for (let piece = 0; piece < count; piece++) yield pieceIndex(piece);
}
