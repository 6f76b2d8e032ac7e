import { type Cipher, createCipheriv } from 'node:crypto';
import { type CellCipherBatch, type CellCipherOptions, type CipherId, COUNTER_BYTES } from './aes.ts';
import { CellList, CipherIds } from './aes-cells.ts';
import type { Kernels } from './module.ts';

/** Key stream that a busy cipher is given in one go, unless set otherwise. */
export const NATIVE_AHEAD_BYTES = 4096;

/** The first key stream of a cipher, and of one that has been idle. */
const AHEAD_BYTES_MIN = 512;
/** A cipher that used up its key stream within this many runs is busy and gets twice as much. */
const BUSY_RUN_COUNT = 64;

export interface NativeCellCipherOptions extends CellCipherOptions {
  /** The most key stream made ahead for one cipher, a multiple of 64 from 512 on; default
   * {@link NATIVE_AHEAD_BYTES}. Costs that memory. */
  readonly aheadBytesMax?: number;
}

/**
 * The native twin of {@link CellCipherBatch}. A call to OpenSSL costs about as much as two kilobytes of AES, but key
 * stream does not depend on data: so one call makes it for several cells, and one call of a kernel adds it to all cells
 * of a batch.
 *
 * The price: up to `aheadBytesMax` bytes for each cipher, and key stream that lies in memory before it is used. It is
 * wiped as it is used and when the cipher is closed; an idle cipher is given 512 bytes only.
 */
export class NativeCellCiphers implements CellCipherBatch {
  readonly twin = 'native';
  readonly #kernels: Kernels;
  readonly #cells: CellList;
  readonly #ids: CipherIds;
  readonly #name: string;
  readonly #keyBytes: number;
  readonly #offset: number;
  readonly #aheadBytesMax: number;
  readonly #zeros: Uint8Array;
  readonly #ciphers: (Cipher | undefined)[];
  /** By cipher: where in its memory the key stream begins and ends, the size of the last refill and its run. */
  readonly #begin: Uint32Array;
  readonly #end: Uint32Array;
  readonly #ahead: Uint32Array;
  readonly #refilled: Float64Array;
  #runs = 0;

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: NativeCellCipherOptions, modules: { readonly kernels: Kernels }) {
    const aheadBytesMax = options.aheadBytesMax ?? NATIVE_AHEAD_BYTES;
    if (!(aheadBytesMax >= AHEAD_BYTES_MIN) || aheadBytesMax % 64 !== 0) {
      throw new RangeError(
        `aheadBytesMax ${aheadBytesMax} is not a multiple of 64 from ${AHEAD_BYTES_MIN} on`,
      );
    }
    this.#kernels = modules.kernels;
    this.#cells = new CellList(options, modules);
    this.#ids = new CipherIds(options.capacity);
    this.#name = `aes-${options.keyBytes * 8}-ctr`;
    this.#keyBytes = options.keyBytes;
    this.#offset = options.offset;
    this.#aheadBytesMax = aheadBytesMax;
    this.#zeros = new Uint8Array(aheadBytesMax);
    this.#ciphers = new Array<Cipher | undefined>(options.capacity).fill(undefined);
    this.#begin = new Uint32Array(options.capacity);
    this.#end = new Uint32Array(options.capacity);
    this.#ahead = new Uint32Array(options.capacity);
    this.#refilled = new Float64Array(options.capacity);
  }

  /** The memory that many ciphers need, in bytes. */
  static bytesFor(options: Pick<NativeCellCipherOptions, 'capacity' | 'aheadBytesMax'>): number {
    return options.capacity * (options.aheadBytesMax ?? NATIVE_AHEAD_BYTES);
  }

  open(key: Uint8Array, counter: Uint8Array): CipherId {
    if (key.length !== this.#keyBytes)
      throw new RangeError(`a key of ${key.length} bytes, not ${this.#keyBytes}`);
    if (counter.length !== COUNTER_BYTES) throw new RangeError(`a counter of ${counter.length} bytes`);
    const id = this.#ids.take();
    this.#ciphers[id] = createCipheriv(this.#name, key, counter);
    this.#begin[id] = 0;
    this.#end[id] = 0;
    this.#ahead[id] = 0;
    this.#refilled[id] = this.#runs;
    return id;
  }

  add(cipher: CipherId, offset: number, byteLength: number): void {
    this.#ids.check(cipher);
    this.#cells.check(offset, byteLength);
    let at = offset;
    let left = byteLength;
    while (left > 0) {
      const begin = this.#begin[cipher]!;
      const part = Math.min(left, this.#end[cipher]! - begin);
      if (part === 0) {
        this.#refill(cipher);
        continue;
      }
      if (this.#cells.full) this.#flush();
      this.#cells.push(this.#streamOf(cipher) + begin, 0, at, part);
      this.#begin[cipher] = begin + part;
      at += part;
      left -= part;
    }
  }

  run(): void {
    this.#flush();
    this.#runs += 1;
  }

  close(cipher: CipherId): void {
    this.#ids.check(cipher);
    this.#flush();
    this.#kernels.bytes.fill(0, this.#streamOf(cipher), this.#streamOf(cipher) + this.#aheadBytesMax);
    // Makes OpenSSL wipe and free the key now and not when the object is collected.
    this.#ciphers[cipher]?.final();
    this.#ciphers[cipher] = undefined;
    this.#ids.give(cipher);
  }

  #flush(): void {
    const { count, at } = this.#cells;
    if (count > 0) this.#kernels.exports.aesAddStreams(at, count);
    this.#cells.clear();
  }

  #refill(cipher: CipherId): void {
    // Cells that wait may need what lies there.
    this.#flush();
    const busy = this.#runs - this.#refilled[cipher]! <= BUSY_RUN_COUNT;
    const size = busy ? Math.min(this.#ahead[cipher]! * 2, this.#aheadBytesMax) : 0;
    this.#ahead[cipher] = Math.max(size, AHEAD_BYTES_MIN);
    this.#refilled[cipher] = this.#runs;
    const stream = this.#ciphers[cipher]!.update(this.#zeros.subarray(0, this.#ahead[cipher]));
    this.#kernels.bytes.set(stream, this.#streamOf(cipher));
    stream.fill(0);
    this.#begin[cipher] = 0;
    this.#end[cipher] = this.#ahead[cipher]!;
  }

  #streamOf(cipher: CipherId): number {
    return this.#offset + cipher * this.#aheadBytesMax;
  }
}
