const MIN_LOG2 = 2;
const NONE = 0xffffffff;

/** No block. */
export const NO_BLOCK = NONE;

/**
 * Blocks of 4, 8, 16 … entries in one buffer that never grows: pages that nothing was written to cost no memory. A
 * block is named by its first entry. Freed blocks are used again for blocks of the same size; each begins on a
 * multiple of its smallest size, so at a multiple of 4 × `entryBytes`.
 */
export class BlockArena {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entryBytes: number;
  readonly #words: Uint32Array;
  readonly #entriesMax: number;
  /** First free block by log2 of its entries; the next is named in a block's first word. */
  readonly #free = new Uint32Array(32).fill(NONE);
  #used = 0;

  /** `entryBytes`: even, and 4 × `entryBytes` a multiple of 8. */
  constructor(options: { readonly entryBytes: number; readonly entriesMax: number }) {
    this.entryBytes = options.entryBytes;
    this.#entriesMax = Math.ceil(options.entriesMax / 4) * 4;
    this.bytes = new Uint8Array(new ArrayBuffer(this.#entriesMax * options.entryBytes));
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  /** Bytes that blocks have ever taken. */
  get usedBytes(): number {
    return this.#used * this.entryBytes;
  }

  /** The smallest size, as log2 of entries, that holds `count` entries. */
  static log2For(count: number): number {
    return Math.max(MIN_LOG2, 32 - Math.clz32(Math.max(count, 1) - 1));
  }

  /** A block of 2^log2 entries, with whatever was in it; {@link NO_BLOCK} when there is no room. */
  take(log2: number): number {
    const freed = this.#free[log2]!;
    if (freed !== NONE) {
      this.#free[log2] = this.#words[this.#wordOf(freed)]!;
      return freed;
    }
    const count = 2 ** log2;
    if (this.#used + count > this.#entriesMax) return NONE;
    const block = this.#used;
    this.#used += count;
    return block;
  }

  give(block: number, log2: number): void {
    this.#words[this.#wordOf(block)] = this.#free[log2]!;
    this.#free[log2] = block;
  }

  #wordOf(block: number): number {
    return (block * this.entryBytes) / 4;
  }
}
