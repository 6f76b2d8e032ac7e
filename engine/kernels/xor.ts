import { AlliumError } from '../codec/error.ts';
import type { Kernels } from './module.ts';

/** What wasm/xor.ts exports. `ids`: five arrays of u32, `stride` bytes apart, see wasm/xor-nearest.ts. */
export interface XorExports {
  xorNearest(ids: number, stride: number, count: number, target: number, k: number, list: number): number;
  xorPrefixLengths(
    ids: number,
    stride: number,
    first: number,
    count: number,
    target: number,
    out: number,
  ): void;
}

/** Length of an identifier. BEP 5: 160 bits. */
export const ID_BYTES = 20;

const ID_WORDS = 5;
const ENTRY_WORDS = 6;
const INDEX_WORD = 5;
/** Whole cache lines, as all parts of a table are. */
const TARGET_BYTES = 64;
/** Prefix lengths worked out in one call of the kernel. */
const CHUNK_LENGTH = 1024;

export interface IdTableOptions {
  /** How many identifiers it can hold. The bound: it never grows. */
  readonly capacity: number;
  /** The most that {@link IdTable.nearest} can be asked for. */
  readonly nearestMax: number;
  /** Where its memory begins: {@link IdTable.bytesFor} bytes, a multiple of 64. */
  readonly offset: number;
}

/**
 * Identifiers of 160 bits and the questions Kademlia asks about them: which are nearest to a target by XOR distance,
 * and into which bucket each belongs. They lie in shared memory, word by word, so that a search reads four bytes of
 * nearly all of them and the rest of only a few.
 */
export class IdTable {
  readonly capacity: number;
  readonly nearestMax: number;
  readonly #ids: number;
  readonly #strideBytes: number;
  readonly #exports: XorExports;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  /** After the identifiers: a target, a list of entries, a chunk of prefix lengths. */
  readonly #target: number;
  readonly #list: number;
  readonly #chunk: number;
  #length = 0;

  constructor(options: IdTableOptions, modules: { readonly kernels: Kernels }) {
    const { kernels } = modules;
    if (options.offset % 64 !== 0) throw new RangeError(`offset ${options.offset} is not a multiple of 64`);
    this.capacity = options.capacity;
    this.nearestMax = options.nearestMax;
    this.#ids = options.offset;
    this.#strideBytes = strideBytes(options.capacity);
    this.#exports = kernels.exports;
    this.#bytes = kernels.bytes;
    this.#words = new Uint32Array(kernels.memory.buffer);
    this.#target = options.offset + ID_WORDS * this.#strideBytes;
    this.#list = this.#target + TARGET_BYTES;
    this.#chunk = this.#list + listBytes(options.nearestMax);
  }

  /** The memory that a table needs, in bytes. */
  static bytesFor(options: { readonly capacity: number; readonly nearestMax: number }): number {
    return (
      ID_WORDS * strideBytes(options.capacity) + TARGET_BYTES + listBytes(options.nearestMax) + CHUNK_LENGTH
    );
  }

  get length(): number {
    return this.#length;
  }

  /** Puts an identifier at the end and returns its index; undefined when the table is full. */
  add(id: Uint8Array): number | undefined {
    if (this.#length === this.capacity) return undefined;
    const index = this.#length;
    this.#length += 1;
    this.#write(index, id, 0);
    return index;
  }

  replace(index: number, id: Uint8Array): void {
    this.#checkIndex(index);
    this.#write(index, id, 0);
  }

  /** Takes an identifier out; the last one moves to its index. */
  remove(index: number): void {
    this.#checkIndex(index);
    this.#length -= 1;
    for (let word = 0; word < ID_WORDS; word += 1) {
      const row = this.#row(word);
      this.#words[row + index] = this.#words[row + this.#length]!;
    }
  }

  /**
   * Replaces the whole content by the identifiers that lie one behind the other in `ids`.
   * Throws SLAB_FULL when they are more than the capacity.
   */
  load(ids: Uint8Array): void {
    const count = ids.length / ID_BYTES;
    if (!Number.isInteger(count)) throw new RangeError(`${ids.length} bytes are not whole identifiers`);
    if (count > this.capacity) {
      throw new AlliumError('SLAB_FULL', `${count} identifiers do not fit a table of ${this.capacity}`, {
        advice: 'Make the table with a larger capacity.',
        details: { count, capacity: this.capacity },
      });
    }
    for (let index = 0; index < count; index += 1) this.#write(index, ids, index * ID_BYTES);
    this.#length = count;
  }

  /** The identifier at an index, as a copy. */
  get(index: number): Uint8Array {
    this.#checkIndex(index);
    const id = new Uint8Array(ID_BYTES);
    const view = new DataView(id.buffer);
    for (let word = 0; word < ID_WORDS; word += 1) {
      view.setUint32(word * 4, this.#words[this.#row(word) + index]!);
    }
    return id;
  }

  /**
   * Indexes of the `k` identifiers with the least XOR distance to `target` (20 bytes), nearest first, equal ones by
   * index; all of them when there are fewer. 0 ≤ k ≤ nearestMax.
   */
  nearest(k: number, target: Uint8Array): number[] {
    if (!Number.isInteger(k) || k < 0 || k > this.nearestMax) {
      throw new RangeError(`${k} nearest asked for, 0…${this.nearestMax} are possible`);
    }
    if (k === 0) return [];
    this.#setTarget(target);
    const found = this.#exports.xorNearest(
      this.#ids,
      this.#strideBytes,
      this.#length,
      this.#target,
      k,
      this.#list,
    );
    const indexes: number[] = [];
    const first = this.#list / 4 + INDEX_WORD;
    for (let i = 0; i < found; i += 1) indexes.push(this.#words[first + i * ENTRY_WORDS]!);
    return indexes;
  }

  /**
   * The bucket index of each identifier: how many leading bits it shares with `own` (20 bytes), 0…160; to `out`, which
   * is at least as long as the table.
   */
  prefixLengths(own: Uint8Array, out: Uint8Array): void {
    if (out.length < this.#length) throw new RangeError(`${out.length} bytes for ${this.#length} lengths`);
    this.#setTarget(own);
    for (let first = 0; first < this.#length; first += CHUNK_LENGTH) {
      const count = Math.min(CHUNK_LENGTH, this.#length - first);
      this.#exports.xorPrefixLengths(this.#ids, this.#strideBytes, first, count, this.#target, this.#chunk);
      out.set(this.#bytes.subarray(this.#chunk, this.#chunk + count), first);
    }
  }

  /** Index into the words of the memory, where the array of that word begins. */
  #row(word: number): number {
    return (this.#ids + word * this.#strideBytes) / 4;
  }

  #write(index: number, from: Uint8Array, at: number): void {
    for (let word = 0; word < ID_WORDS; word += 1) {
      this.#words[this.#row(word) + index] = readWord(from, at + word * 4);
    }
  }

  #setTarget(id: Uint8Array): void {
    for (let word = 0; word < ID_WORDS; word += 1) {
      this.#words[this.#target / 4 + word] = readWord(id, word * 4);
    }
  }

  #checkIndex(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.#length) {
      throw new RangeError(`index ${index} is outside 0…${this.#length - 1}`);
    }
  }
}

function strideBytes(capacity: number): number {
  return Math.ceil((capacity * 4) / 64) * 64;
}

function listBytes(nearestMax: number): number {
  return Math.ceil(((nearestMax + 1) * ENTRY_WORDS * 4) / 64) * 64;
}

/** Four bytes, big-endian, modulo 2^32: the sign goes when it is stored as u32. */
function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
