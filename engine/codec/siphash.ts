import { readUint32 } from './big-endian.ts';

/** Bytes of a key. */
export const SIPHASH_KEY_BYTES = 16;

const BLOCK_ROUNDS = 2;
const END_ROUNDS = 4;

/**
 * SipHash-2-4 (Aumasson, Bernstein 2012): a short keyed hash of 64 bits that nobody without the key can foresee, for
 * messages of whole 32-bit words. The result of {@link hash} lies in `low` and `high`: nothing is allocated.
 */
export class SipHash {
  low = 0;
  high = 0;
  readonly #key: Int32Array;

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    const swapped = key.slice(0, SIPHASH_KEY_BYTES).reverse();
    this.#key = Int32Array.from({ length: 4 }, (_, i) => readUint32(swapped, 12 - 4 * i));
  }

  /** Of the first `count` words, each of which stands for four bytes, the lowest first. */
  hash(words: Int32Array, count: number): void {
    const key = this.#key;
    let v0l = key[0]! ^ 0x70736575;
    let v0h = key[1]! ^ 0x736f6d65;
    let v1l = key[2]! ^ 0x6e646f6d;
    let v1h = key[3]! ^ 0x646f7261;
    let v2l = key[0]! ^ 0x6e657261;
    let v2h = key[1]! ^ 0x6c796765;
    let v3l = key[2]! ^ 0x79746573;
    let v3h = key[3]! ^ 0x74656462;
    // The last block ends in the length of the message.
    const blocks = (count >>> 1) + 1;
    for (let block = 0; block <= blocks; block++) {
      const isEnd = block === blocks;
      let low = 0;
      let high = 0;
      if (!isEnd) {
        low = 2 * block < count ? words[2 * block]! : 0;
        high = 2 * block + 1 < count ? words[2 * block + 1]! : 0;
        if (block === blocks - 1) high |= count << 26;
      }
      v3l ^= low;
      v3h ^= high;
      if (isEnd) v2l ^= 0xff;
      for (let round = isEnd ? END_ROUNDS : BLOCK_ROUNDS; round > 0; round--) {
        let sum = (v0l + v1l) | 0;
        v0h = (v0h + v1h + (sum >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
        v0l = sum;
        let turned = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = turned ^ v0l;
        turned = v0l;
        v0l = v0h;
        v0h = turned;
        sum = (v2l + v3l) | 0;
        v2h = (v2h + v3h + (sum >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
        v2l = sum;
        turned = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = turned ^ v2l;
        sum = (v0l + v3l) | 0;
        v0h = (v0h + v3h + (sum >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
        v0l = sum;
        turned = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = turned ^ v0l;
        sum = (v2l + v1l) | 0;
        v2h = (v2h + v1h + (sum >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
        v2l = sum;
        turned = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = turned ^ v2l;
        turned = v2l;
        v2l = v2h;
        v2h = turned;
      }
      v0l ^= low;
      v0h ^= high;
    }
    this.low = (v0l ^ v1l ^ v2l ^ v3l) | 0;
    this.high = (v0h ^ v1h ^ v2h ^ v3h) | 0;
  }
}
