import { AlliumError } from '../codec/error.ts';
import type { CipherId } from './aes.ts';
import type { Kernels } from './module.ts';

const CELL_WORDS = 4;

/** The cells of a batch, as the kernels read them: in the scratch area of the thread, four u32 each. */
export class CellList {
  /** Its address. */
  readonly at: number;
  readonly #words: Uint32Array;
  readonly #first: number;
  readonly #countMax: number;
  readonly #memoryBytes: number;
  #count = 0;

  constructor(options: { readonly cellCountMax: number }, modules: { readonly kernels: Kernels }) {
    const { kernels } = modules;
    if (!(options.cellCountMax >= 1)) throw new RangeError('a batch holds at least one cell');
    this.at = kernels.reserve(options.cellCountMax * CELL_WORDS * 4);
    this.#words = new Uint32Array(kernels.memory.buffer);
    this.#first = this.at / 4;
    this.#countMax = options.cellCountMax;
    this.#memoryBytes = kernels.bytes.length;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.#countMax;
  }

  /** Throws RangeError when the bytes are not inside the memory. */
  check(offset: number, byteLength: number): void {
    if (offset >= 0 && byteLength >= 0 && offset + byteLength <= this.#memoryBytes) return;
    throw new RangeError(`${byteLength} bytes at ${offset} are outside the memory`);
  }

  push(first: number, second: number, data: number, byteLength: number): void {
    const word = this.#first + this.#count * CELL_WORDS;
    this.#words[word] = first;
    this.#words[word + 1] = second;
    this.#words[word + 2] = data;
    this.#words[word + 3] = byteLength;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }
}

/** Which ciphers are open. */
export class CipherIds {
  readonly #free: number[] = [];
  readonly #open: Uint8Array;

  constructor(capacity: number) {
    for (let id = capacity - 1; id >= 0; id -= 1) this.#free.push(id);
    this.#open = new Uint8Array(capacity);
  }

  /** Throws SLAB_FULL when all are open. */
  take(): CipherId {
    const id = this.#free.pop();
    if (id === undefined) {
      throw new AlliumError('SLAB_FULL', `all ${this.#open.length} ciphers are in use`, {
        advice: 'Close circuits, or make room for more of them.',
        details: { capacity: this.#open.length },
      });
    }
    this.#open[id] = 1;
    return id as CipherId;
  }

  /** Throws RangeError when the cipher is not open. */
  check(id: CipherId): void {
    if (this.#open[id] !== 1) throw new RangeError(`cipher ${id} is not open`);
  }

  give(id: CipherId): void {
    this.#open[id] = 0;
    this.#free.push(id);
  }
}
