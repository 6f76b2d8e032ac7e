import type { Random } from '../../runtime/port.ts';

/**
 * Multilinear hashing of 16-bit halves (Lemire, Kaser 2014): strongly universal, so nobody who does not know the secret
 * can choose keys that collide more often than chance has it, at a multiplication and an addition for each half. Only for
 * keys that all have the same length, and for tables whose order nobody sees.
 */
export class MultilinearHash {
  readonly #secret: Int32Array;

  /** `halvesMax`: of the longest key. */
  constructor(options: { readonly halvesMax: number }, modules: { readonly random: Random }) {
    this.#secret = Int32Array.from({ length: 2 * options.halvesMax + 2 }, () =>
      modules.random.below(2 ** 32),
    );
  }

  /** 32 bits of the `size` halves from `at` on. */
  of(halves: Uint16Array, at: number, size: number): number {
    const secret = this.#secret;
    let high = secret[0]!;
    let low = secret[1]!;
    for (let i = 0; i < size; i++) {
      const half = halves[at + i]!;
      high = (high + Math.imul(secret[2 * i + 2]!, half)) | 0;
      low = (low + Math.imul(secret[2 * i + 3]!, half)) | 0;
    }
    // The upper half of each sum is the strong one.
    return (high & 0xffff0000) | (low >>> 16);
  }
}
