/*
 * The hash trees of BEP 52: SHA-256 over blocks of 16 KiB, and over pairs of hashes up to the root. `wide` and
 * `single` are SHA-256 contexts of hash-stream.ts with as many lanes as the build has and with one.
 */
import { hashDigest, hashUpdate } from './hash-stream';

const HASH: usize = 32;

/** Hashes `count` messages of `byteLength` bytes that lie one behind the other; their digests go to `out`. */
export function sha256Run(
  wide: usize, single: usize, from: usize, count: i32, byteLength: usize, out: usize
): void {
  while (ASC_FEATURE_SIMD && count >= 4) {
    hashUpdate(wide, from, from + byteLength, from + 2 * byteLength, from + 3 * byteLength, byteLength);
    hashDigest(wide, out);
    from += 4 * byteLength;
    out += 4 * HASH;
    count -= 4;
  }
  for (; count > 0; count--) {
    hashUpdate(single, from, 0, 0, 0, byteLength);
    hashDigest(single, out);
    from += byteLength;
    out += HASH;
  }
}

/**
 * The root over `count` hashes at `row`, padded to `width`, a power of two: it takes the place of the first. There is
 * room for one hash behind the row. At `pad` lies the hash that pads, and room for a second; both are used up.
 */
export function sha256Root(
  wide: usize, single: usize, row: usize, count: i32, width: i32, pad: usize
): void {
  for (; width > 1; width >>= 1) {
    if (count & 1) {
      memory.copy(row + <usize>count * HASH, pad, HASH);
      count++;
    }
    count >>= 1;
    // A digest is shorter than its pair, so what is written never reaches what is still to be read.
    sha256Run(wide, single, row, count, 2 * HASH, row);
    memory.copy(pad + HASH, pad, HASH);
    sha256Run(wide, single, pad, 1, 2 * HASH, pad);
  }
}
