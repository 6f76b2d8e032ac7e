import { SLOT_BYTES } from '../../kernels/types.ts';

/** Longest run of blocks that one read may fill. */
export const WINDOW_BLOCKS_MAX = 16;
/** What is left of a short message is laid in front of the next read: room for it. */
export const CARRY_BYTES_MAX = 32;
const SCRATCH_BYTES = 64 * 1024;

/**
 * Memory that all connections of a shard receive into while they expect no blocks. A read and its callback happen
 * in one go on the shard's event loop, so one buffer serves every connection: an idle peer costs no receive buffer.
 */
export class ReceiveMemory {
  /** The slab. */
  readonly slab: Uint8Array;
  readonly scratch: Uint8Array;
  /** The part of `scratch` that reads fill; the bytes in front of it take what a message before left over. */
  readonly scratchTarget: Uint8Array;
  /** User-space copies of received bytes, and payload received. */
  readonly stats = { copiedBytes: 0, payloadBytes: 0, misplacedReads: 0 };
  private spillBuffer: Uint8Array | undefined;

  constructor(modules: { readonly slab: Uint8Array }) {
    this.slab = modules.slab;
    this.scratch = new Uint8Array(CARRY_BYTES_MAX + SCRATCH_BYTES);
    this.scratchTarget = this.scratch.subarray(CARRY_BYTES_MAX);
  }

  /** A copy of slab bytes that came in another order than they were asked for. Valid until the next call. */
  spill(start: number, end: number): Uint8Array {
    this.spillBuffer ??= new Uint8Array(WINDOW_BLOCKS_MAX * SLOT_BYTES);
    this.spillBuffer.set(this.slab.subarray(start, end));
    this.stats.copiedBytes += end - start;
    this.stats.misplacedReads++;
    return this.spillBuffer;
  }
}
