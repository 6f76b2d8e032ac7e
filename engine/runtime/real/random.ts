import { randomFillSync } from 'node:crypto';
import type { Random } from '../port.ts';

const POOL_WORDS = 1024;

/** Chance from the operating system's generator, drawn 4 KiB at a time. */
export function createRealRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let used = POOL_WORDS;
  const word = (): number => {
    if (used === POOL_WORDS) {
      randomFillSync(pool);
      used = 0;
    }
    return pool[used++]!;
  };
  return {
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) throw new RangeError(`bound ${bound}`);
      // Words at or above the greatest multiple of the bound would favour small results.
      const limit = 2 ** 32 - (2 ** 32 % bound);
      for (;;) {
        const drawn = word();
        if (drawn < limit) return drawn % bound;
      }
    },
    bytes: (length) => randomFillSync(new Uint8Array(length)),
  };
}
