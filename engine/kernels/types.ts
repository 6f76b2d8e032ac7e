import type { Branded } from '../runtime/port.ts';

/** A place in the slab: byte offset from its start. */
export type SlabOffset = Branded<number, 'SlabOffset'>;

/** One BitTorrent block on the wire: 4 bytes length, 1 byte id, 4 + 4 bytes piece and offset. BEP 3: piece. */
export const FRAME_HEADER_BYTES = 13;
/** BEP 3: all current implementations ask for 16 KiB. */
export const BLOCK_BYTES = 16384;
/**
 * The unit the slab is cut into: one block as it travels. A run of slots is therefore a run of wire frames: what
 * one read takes from a socket lies in place, and what a disk read filled goes out in one write.
 */
export const SLOT_BYTES = FRAME_HEADER_BYTES + BLOCK_BYTES;

/** A part of a message that lies in the slab. */
export interface Extent {
  readonly offset: number;
  readonly byteLength: number;
}

/** A message to hash: its parts in order. Its blocks may lie in different slots. */
export type Message = readonly Extent[];

export type HashName = 'sha1' | 'sha256';

/**
 * Hashes up to `lanes` independent messages side by side, in the calling thread, in place in the slab.
 * Feed with {@link update}, take with {@link digest}; then it is ready for the next messages.
 */
export interface LaneHasher {
  readonly name: HashName;
  /** How many messages it gains from: 4 for SIMD, 1 for the native twin and the build without SIMD. */
  readonly lanes: 1 | 4;
  /**
   * Advances `count` messages (1 ≤ count ≤ lanes), message i by the `byteLength` bytes at offsets[i].
   * `count` must not change between two digests. `byteLength` need not be a multiple of 64.
   */
  update(offsets: ArrayLike<number>, count: number, byteLength: number): void;
  /** Ends all messages; digest i goes to out[i * digestBytes …]. */
  digest(count: number, out: Uint8Array): void;
}
