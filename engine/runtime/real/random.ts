import { randomFillSync } from 'node:crypto';
import type { Random } from '../port.ts';

const POOL_WORDS = 1024;
const POOL_BYTES = 4096;
/** More than this is drawn by itself. */
const POOLED_BYTES_MAX = 256;

/**
 * Chance from the operating system's generator, drawn 4 KiB at a time: a call of it takes some 10 µs, however little is
 * wanted. What has been handed out is wiped here.
 */
export function createRealRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let used = POOL_WORDS;
  const bytePool = new Uint8Array(POOL_BYTES);
  let bytesUsed = POOL_BYTES;
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
    bytes(length) {
      if (length > POOLED_BYTES_MAX) return randomFillSync(new Uint8Array(length));
      if (bytesUsed + length > POOL_BYTES) {
        randomFillSync(bytePool);
        bytesUsed = 0;
      }
      const taken = bytePool.slice(bytesUsed, bytesUsed + length);
      bytePool.fill(0, bytesUsed, bytesUsed + length);
      bytesUsed += length;
      return taken;
    },
  };
}
