/*
 * POLYVAL (RFC 8452, 3): a polynomial in GF(2^128), bits in little-endian order, each product divided by x^128.
 *
 * Products of polynomials over GF(2) come from products of integers: with only every fourth bit of each factor set, a
 * column of the integer product sums at most 15 ones, which do not reach the next column that counts; 16 are possible
 * only in the topmost one, and their carry is lost. So the time does not depend on the data: there are no tables and no
 * branches. The upper half of a product is the lower half of the product of the reversed factors, reversed.
 */

const M0: u64 = 0x1111_1111_1111_1111;
const M1: u64 = 0x2222_2222_2222_2222;
const M2: u64 = 0x4444_4444_4444_4444;
const M3: u64 = 0x8888_8888_8888_8888;

/** The lower 64 bits of the product of two polynomials. */
function low(x: u64, y: u64): u64 {
  const x0 = x & M0, x1 = x & M1, x2 = x & M2, x3 = x & M3;
  const y0 = y & M0, y1 = y & M1, y2 = y & M2, y3 = y & M3;
  return (
    (((x0 * y0) ^ (x1 * y3) ^ (x2 * y2) ^ (x3 * y1)) & M0) |
    (((x0 * y1) ^ (x1 * y0) ^ (x2 * y3) ^ (x3 * y2)) & M1) |
    (((x0 * y2) ^ (x1 * y1) ^ (x2 * y0) ^ (x3 * y3)) & M2) |
    (((x0 * y3) ^ (x1 * y2) ^ (x2 * y1) ^ (x3 * y0)) & M3)
  );
}

/** The bits in reverse order. */
// @ts-ignore: decorator
@inline function reversed(x: u64): u64 {
  x = ((x & 0x5555_5555_5555_5555) << 1) | ((x >> 1) & 0x5555_5555_5555_5555);
  x = ((x & 0x3333_3333_3333_3333) << 2) | ((x >> 2) & 0x3333_3333_3333_3333);
  x = ((x & 0x0f0f_0f0f_0f0f_0f0f) << 4) | ((x >> 4) & 0x0f0f_0f0f_0f0f_0f0f);
  return bswap<u64>(x);
}

/** Multiplies the sum at `sum`, 16 bytes, after adding a block to it, with the key at `key`. */
export function polyvalBlock(sum: usize, key: usize, block0: u64, block1: u64): void {
  const h0 = load<u64>(key), h1 = load<u64>(key, 8);
  const h0r = reversed(h0), h1r = reversed(h1);
  const y0 = load<u64>(sum) ^ block0, y1 = load<u64>(sum, 8) ^ block1;
  const y0r = reversed(y0), y1r = reversed(y1);
  // Karatsuba: lower and upper product, and that of the sums.
  const z0 = low(y0, h0), z1 = low(y1, h1);
  const z2 = low(y0 ^ y1, h0 ^ h1) ^ z0 ^ z1;
  const u0 = low(y0r, h0r), u1 = low(y1r, h1r);
  const u2 = low(y0r ^ y1r, h0r ^ h1r) ^ u0 ^ u1;
  let v0 = z0;
  let v1 = (reversed(u0) >> 1) ^ z2;
  let v2 = z1 ^ (reversed(u2) >> 1);
  let v3 = reversed(u1) >> 1;
  // x^128 + x^127 + x^126 + x^121 + 1 = 0: what is added to clear the two lower words.
  v1 ^= (v0 << 63) ^ (v0 << 62) ^ (v0 << 57);
  v2 ^= v0 ^ (v0 >> 1) ^ (v0 >> 2) ^ (v0 >> 7);
  v2 ^= (v1 << 63) ^ (v1 << 62) ^ (v1 << 57);
  v3 ^= v1 ^ (v1 >> 1) ^ (v1 >> 2) ^ (v1 >> 7);
  store<u64>(sum, v2);
  store<u64>(sum, v3, 8);
}

/** Advances a sum by `blocks` blocks of 16 bytes at any address. Hosts use it for tests and measurements. */
export function polyvalUpdate(sum: usize, key: usize, data: usize, blocks: i32): void {
  for (; blocks > 0; blocks--, data += 16) polyvalBlock(sum, key, load<u64>(data), load<u64>(data, 8));
}
