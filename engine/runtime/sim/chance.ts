import type { Random } from '../port.ts';

/** The generator's four words of state. */
type State = Uint32Array;

/**
 * A seeded {@link Random}. `label` splits the seed: every host and purpose has a sequence of its own, so that one
 * more host or one more draw elsewhere changes nobody else's luck.
 */
export class SimRandom implements Random {
  readonly #state: State;

  constructor(seed: number, label: string) {
    this.#state = spread(seed, label);
    for (let i = 0; i < 16; i++) this.word();
  }

  /** The next 32 bits. sfc32 of Chris Doty-Humphrey's PractRand: small, fast, passes BigCrush. */
  word(): number {
    const s = this.#state;
    const a = s[0]!;
    const b = s[1]!;
    const c = s[2]!;
    const counter = s[3]!;
    const out = (a + b + counter) >>> 0;
    s[3] = counter + 1;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + out;
    return out;
  }

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) throw new RangeError(`bound ${bound}`);
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const drawn = this.word();
      if (drawn < limit) return drawn % bound;
    }
  }

  /** 0 ≤ x < 1, 32 bits fine. */
  fraction(): number {
    return this.word() / 2 ** 32;
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      const drawn = this.word();
      for (let k = 0; k < 4 && i + k < length; k++) out[i + k] = drawn >>> (8 * k);
    }
    return out;
  }
}

/** FNV-1a over the label, then splitmix32 over it and both halves of the seed. */
function spread(seed: number, label: string): State {
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  let mix = hash ^ Math.imul(seed >>> 0, 0x9e3779b1) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b);
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    mix = (mix + 0x9e3779b9) | 0;
    let word = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    state[i] = word ^ (word >>> 15);
  }
  return state;
}
