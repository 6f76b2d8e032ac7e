import { type CellCipherBatch, type CellCipherOptions, type CipherId, COUNTER_BYTES } from './aes.ts';
import { CellList, CipherIds } from './aes-cells.ts';
import type { Kernels } from './module.ts';

/** The WASM twin of {@link CellCipherBatch}: constant-time, and one call for the whole batch. */
export class WasmCellCiphers implements CellCipherBatch {
  readonly twin = 'wasm';
  readonly #kernels: Kernels;
  readonly #cells: CellList;
  readonly #ids: CipherIds;
  readonly #keyBytes: number;
  /** Where cipher 0 lies: its schedule, then its state. */
  readonly #offset: number;
  readonly #cipherBytes: number;
  readonly #scheduleBytes: number;
  readonly #work: number;
  /** A key and a counter on their way in. */
  readonly #input: number;

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: CellCipherOptions, modules: { readonly kernels: Kernels }) {
    const { kernels } = modules;
    this.#kernels = kernels;
    this.#cells = new CellList(options, modules);
    this.#ids = new CipherIds(options.capacity);
    this.#keyBytes = options.keyBytes;
    this.#offset = options.offset;
    this.#scheduleBytes = kernels.exports.aesScheduleBytes(options.keyBytes);
    this.#cipherBytes = WasmCellCiphers.bytesFor({ capacity: 1, keyBytes: options.keyBytes }, modules);
    this.#work = kernels.reserve(kernels.exports.aesWorkBytes());
    this.#input = kernels.reserve(options.keyBytes + COUNTER_BYTES);
  }

  /** The memory that many ciphers need, in bytes. */
  static bytesFor(
    options: Pick<CellCipherOptions, 'capacity' | 'keyBytes'>,
    modules: { readonly kernels: Kernels },
  ): number {
    const { exports } = modules.kernels;
    return options.capacity * (exports.aesScheduleBytes(options.keyBytes) + exports.aesStateBytes());
  }

  open(key: Uint8Array, counter: Uint8Array): CipherId {
    if (key.length !== this.#keyBytes)
      throw new RangeError(`a key of ${key.length} bytes, not ${this.#keyBytes}`);
    if (counter.length !== COUNTER_BYTES) throw new RangeError(`a counter of ${counter.length} bytes`);
    const { bytes, exports } = this.#kernels;
    const id = this.#ids.take();
    const schedule = this.#scheduleOf(id);
    bytes.set(key, this.#input);
    bytes.set(counter, this.#input + key.length);
    exports.aesExpandKey(schedule, this.#input, key.length, this.#work);
    exports.aesStart(schedule + this.#scheduleBytes, schedule, this.#input + key.length, this.#work);
    bytes.fill(0, this.#input, this.#input + key.length + COUNTER_BYTES);
    return id;
  }

  add(cipher: CipherId, offset: number, byteLength: number): void {
    this.#ids.check(cipher);
    this.#cells.check(offset, byteLength);
    if (this.#cells.full) this.run();
    const schedule = this.#scheduleOf(cipher);
    this.#cells.push(schedule, schedule + this.#scheduleBytes, offset, byteLength);
  }

  run(): void {
    const { count, at } = this.#cells;
    if (count > 0) this.#kernels.exports.aesCryptBatch(at, count, this.#work);
    this.#cells.clear();
  }

  close(cipher: CipherId): void {
    this.#ids.check(cipher);
    this.run();
    const schedule = this.#scheduleOf(cipher);
    this.#kernels.bytes.fill(0, schedule, schedule + this.#cipherBytes);
    this.#ids.give(cipher);
  }

  #scheduleOf(cipher: CipherId): number {
    return this.#offset + cipher * this.#cipherBytes;
  }
}
