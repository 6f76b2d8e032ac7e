import { type Cipher, createCipheriv } from 'node:crypto';
import type { Kernels } from './module.ts';

/** Counter blocks of one cell: 31, of 16 bytes. See wasm/cgo.ts, as for what follows. */
const CELL_BYTES = 496;
/** Where in a state the compact schedule of S has the key itself. */
const KEY_AT = 272;
const KEY_BYTES = 16;
/** What a state says in its second word: who makes the stream. Zero once the keys are renewed. */
const ELSEWHERE = 1;
const WATCHED = 2;
/** Cells that a direction passed on since its keys are these, before a cipher is made: end points renew with each. */
const SETTLED_CELLS = 16;
/** A call of OpenSSL costs less than the kernel from so many cells on. */
const CALL_CELLS_MIN = 2;

export interface CgoStreamsOptions {
  readonly directionCount: number;
  readonly cellCountMax: number;
  readonly statesAt: number;
  readonly stateStride: number;
  /** Where counter blocks lie, then key stream: {@link CgoStreams.bytesFor} bytes. */
  readonly offset: number;
}

/**
 * Key stream of CGO from OpenSSL, for directions that keep their keys: all counter blocks of a direction in a batch are
 * encrypted in one call. The kernel writes them and adds what came of them.
 */
export class CgoStreams {
  readonly #options: CgoStreamsOptions;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #ciphers: (Cipher | undefined)[];
  /** By direction: cells in this batch, where its counter blocks begin and end, and cells passed on with these keys. */
  readonly #counts: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #passed: Uint32Array;
  /** The directions in this batch, each once. */
  readonly #touched: Uint32Array;
  #touchedCount = 0;

  constructor(options: CgoStreamsOptions, modules: { readonly kernels: Kernels }) {
    const { directionCount, cellCountMax } = options;
    this.#options = options;
    this.#bytes = modules.kernels.bytes;
    this.#words = new Uint32Array(modules.kernels.memory.buffer);
    this.#ciphers = new Array<Cipher | undefined>(directionCount).fill(undefined);
    this.#counts = new Uint32Array(directionCount);
    this.#starts = new Uint32Array(directionCount);
    this.#ends = new Uint32Array(directionCount);
    this.#passed = new Uint32Array(directionCount);
    this.#touched = new Uint32Array(cellCountMax);
  }

  /** The memory that so many cells need, in bytes: a multiple of 64. */
  static bytesFor(cellCountMax: number): number {
    return Math.ceil((cellCountMax * CELL_BYTES) / 64) * 64;
  }

  /** Ciphers of OpenSSL there are now. */
  get keptCount(): number {
    return this.#ciphers.filter((cipher) => cipher !== undefined).length;
  }

  /** A cell of this direction is in the batch. */
  add(direction: number): void {
    if (this.#counts[direction] === 0) {
      this.#touched[this.#touchedCount] = direction;
      this.#touchedCount += 1;
    }
    this.#counts[direction]! += 1;
  }

  /** Before the kernel: gives room to the directions whose stream is to be made here. Whether there is any. */
  begin(): boolean {
    let at = this.#options.offset;
    for (let i = 0; i < this.#touchedCount; i += 1) {
      const direction = this.#touched[i]!;
      const count = this.#counts[direction]!;
      const word = this.#wordOf(direction);
      const settled = this.#passed[direction]! >= SETTLED_CELLS && count >= CALL_CELLS_MIN;
      this.#words[word + 1] = settled ? ELSEWHERE : WATCHED;
      this.#starts[direction] = settled ? at : 0;
      if (!settled) continue;
      this.#ciphers[direction] ??= this.#cipherOf(direction);
      this.#words[word] = at;
      at += count * CELL_BYTES;
    }
    return at > this.#options.offset;
  }

  /** After the kernel has written counter blocks: makes key stream of them, which is taken from the first on. */
  make(): void {
    for (let i = 0; i < this.#touchedCount; i += 1) {
      const direction = this.#touched[i]!;
      const start = this.#starts[direction]!;
      if (start === 0) continue;
      const word = this.#wordOf(direction);
      this.#ends[direction] = this.#words[word]!;
      this.#encrypt(direction, start, this.#words[word]!);
      this.#words[word] = start;
    }
  }

  /** At the end of a batch: who keeps his keys gets on, who renewed them begins anew. */
  end(): void {
    for (let i = 0; i < this.#touchedCount; i += 1) {
      const direction = this.#touched[i]!;
      const word = this.#wordOf(direction);
      this.#passed[direction] = Math.min(this.#passed[direction]! + this.#counts[direction]!, SETTLED_CELLS);
      this.#counts[direction] = 0;
      // The kernel clears the word when it renews the keys.
      if (this.#words[word + 1] === 0) this.#renewed(direction);
      this.#starts[direction] = 0;
      this.#words[word] = 0;
      this.#words[word + 1] = 0;
    }
    this.#touchedCount = 0;
  }

  /** Wipes the key. */
  close(direction: number): void {
    // Makes OpenSSL wipe and free the key now and not when the object is collected.
    this.#ciphers[direction]?.final();
    this.#ciphers[direction] = undefined;
    this.#passed[direction] = 0;
  }

  /** What was made for cells behind the renewal is of no use. */
  #renewed(direction: number): void {
    if (this.#starts[direction]! > 0) this.#bytes.fill(0, this.#starts[direction], this.#ends[direction]);
    this.close(direction);
  }

  #encrypt(direction: number, start: number, end: number): void {
    if (end === start) return;
    const stream = this.#ciphers[direction]!.update(this.#bytes.subarray(start, end));
    this.#bytes.set(stream, start);
    stream.fill(0);
  }

  #cipherOf(direction: number): Cipher {
    const at = this.#options.statesAt + direction * this.#options.stateStride + KEY_AT;
    const key = this.#bytes.slice(at, at + KEY_BYTES);
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    key.fill(0);
    return cipher;
  }

  #wordOf(direction: number): number {
    return (this.#options.statesAt + direction * this.#options.stateStride) / 4;
  }
}
