import type { Random } from '../../runtime/port.ts';
import { MultilinearHash } from './multilinear-hash.ts';

const HALVES = 10;

/** Bytes of an info-hash. */
export const INFO_HASH_BYTES = 20;

/**
 * Numbers for info-hashes: 0 ≤ number < torrentsMax, used again after {@link remove}. Open addressing with linear
 * probing; where a hash begins to look depends on a secret, so that nobody can choose hashes that collide.
 */
export class TorrentTable {
  readonly torrentsMax: number;
  /** Per number the 20 bytes. */
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly #halves: Uint16Array;
  /** Number + 1, or 0. Never more than half full. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #hash: MultilinearHash;
  readonly #wanted = new Uint16Array(HALVES);
  readonly #free: number[] = [];
  #fresh = 0;
  #count = 0;

  constructor(options: { readonly torrentsMax: number }, modules: { readonly random: Random }) {
    this.torrentsMax = options.torrentsMax;
    this.hashes = new Uint8Array(new ArrayBuffer(options.torrentsMax * INFO_HASH_BYTES));
    this.#halves = new Uint16Array(this.hashes.buffer);
    const slotCount = 2 ** Math.max(4, 33 - Math.clz32(options.torrentsMax - 1));
    this.#slots = new Uint32Array(slotCount);
    this.#mask = slotCount - 1;
    this.#hash = new MultilinearHash({ halvesMax: HALVES }, modules);
  }

  get count(): number {
    return this.#count;
  }

  /** Numbers in use are all below this. */
  get end(): number {
    return this.#fresh;
  }

  /** The number of the hash at `at`, or -1. */
  find(bytes: Uint8Array, at: number): number {
    const slot = this.#slotOf(bytes, at);
    return this.#slots[slot]! - 1;
  }

  /** As {@link find}, and takes in a new one; -1 when the table is full. */
  add(bytes: Uint8Array, at: number): number {
    const slot = this.#slotOf(bytes, at);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    const number = this.#free.pop() ?? (this.#fresh < this.torrentsMax ? this.#fresh++ : -1);
    if (number < 0) return -1;
    for (let i = 0; i < INFO_HASH_BYTES; i++) this.hashes[number * INFO_HASH_BYTES + i] = bytes[at + i]!;
    this.#slots[slot] = number + 1;
    this.#count++;
    return number;
  }

  /** Forgets a number that is in use. */
  remove(number: number): void {
    let gap = this.#slotOf(this.hashes, number * INFO_HASH_BYTES);
    this.#free.push(number);
    this.#count--;
    // Those behind move up, so that no search ends at the gap too early.
    for (let slot = (gap + 1) & this.#mask; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = this.#homeOf(this.#slots[slot]! - 1);
      if (((slot - home) & this.#mask) < ((slot - gap) & this.#mask)) continue;
      this.#slots[gap] = this.#slots[slot]!;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }

  /** Where it is, or the empty slot where it would be. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const wanted = this.#wanted;
    // As a Uint16Array over the same bytes has them on a little-endian machine.
    for (let i = 0; i < HALVES; i++) wanted[i] = bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8);
    const halves = this.#halves;
    for (let slot = this.#hash.of(wanted, 0, HALVES) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) return slot;
      let same = 0;
      while (same < HALVES && halves[number * HALVES + same] === wanted[same]) same++;
      if (same === HALVES) return slot;
    }
  }

  #homeOf(number: number): number {
    return this.#hash.of(this.#halves, number * HALVES, HALVES) & this.#mask;
  }
}
