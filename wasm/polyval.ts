/*
 * POLYVAL (RFC 8452, 3): a polynomial in GF(2^128), bits in little-endian order, each product divided by x^128.
 *
 * Products of polynomials over GF(2) come from products of integers: with only every fourth bit of each factor set, a
 * column of the integer product sums at most 15 ones, which do not reach the next column that counts; 16 are possible
 * only in the topmost one, and their carry is lost. So the time does not depend on the data: there are no tables and no
 * branches. The upper half of a product is the lower half of the product of the reversed factors, reversed.
 *
 * Reversing and reducing are done once for four blocks: (S + X0)·H^4 + X1·H^3 + X2·H^2 + X3·H. A prepared key has for
 * each power of H 48 bytes: its words, their sum, and the same reversed; H^4 first.
 */

export const POWERS: usize = 4;
export const POWER_BYTES: usize = 48;
export const PREPARED_KEY_BYTES: usize = POWERS * POWER_BYTES;

const M0: u64 = 0x1111_1111_1111_1111;
const M1: u64 = 0x2222_2222_2222_2222;
const M2: u64 = 0x4444_4444_4444_4444;
const M3: u64 = 0x8888_8888_8888_8888;

/** The lower 64 bits of the product of two polynomials. Inlined six times it is slower, measured: too few registers. */
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

/** Adds `count` (1 … 4) blocks of 16 bytes at `data` to the sum and multiplies, each with its power of the key. */
function fold(sum: usize, prepared: usize, data: usize, count: usize): void {
  let y0 = load<u64>(sum) ^ load<u64>(data), y1 = load<u64>(sum, 8) ^ load<u64>(data, 8);
  // Lower product, upper product, and that of the sums (Karatsuba), each also of the reversed factors.
  let z0: u64 = 0, z1: u64 = 0, z2: u64 = 0, u0: u64 = 0, u1: u64 = 0, u2: u64 = 0;
  const end = data + 16 * count;
  let power = prepared + (POWERS - count) * POWER_BYTES;
  for (;;) {
    const y0r = reversed(y0), y1r = reversed(y1);
    z0 ^= low(y0, load<u64>(power));
    z1 ^= low(y1, load<u64>(power, 8));
    z2 ^= low(y0 ^ y1, load<u64>(power, 16));
    u0 ^= low(y0r, load<u64>(power, 24));
    u1 ^= low(y1r, load<u64>(power, 32));
    u2 ^= low(y0r ^ y1r, load<u64>(power, 40));
    data += 16;
    power += POWER_BYTES;
    if (data == end) break;
    y0 = load<u64>(data);
    y1 = load<u64>(data, 8);
  }
  const v0 = z0;
  let v1 = (reversed(u0) >> 1) ^ z2 ^ z0 ^ z1;
  let v2 = z1 ^ (reversed(u2 ^ u0 ^ u1) >> 1);
  let v3 = reversed(u1) >> 1;
  // x^128 + x^127 + x^126 + x^121 + 1 = 0: what is added to clear the two lower words.
  v1 ^= (v0 << 63) ^ (v0 << 62) ^ (v0 << 57);
  v2 ^= v0 ^ (v0 >> 1) ^ (v0 >> 2) ^ (v0 >> 7);
  v2 ^= (v1 << 63) ^ (v1 << 62) ^ (v1 << 57);
  v3 ^= v1 ^ (v1 >> 1) ^ (v1 >> 2) ^ (v1 >> 7);
  store<u64>(sum, v2);
  store<u64>(sum, v3, 8);
}

function putPower(at: usize, h0: u64, h1: u64): void {
  const h0r = reversed(h0), h1r = reversed(h1);
  store<u64>(at, h0);
  store<u64>(at, h1, 8);
  store<u64>(at, h0 ^ h1, 16);
  store<u64>(at, h0r, 24);
  store<u64>(at, h1r, 32);
  store<u64>(at, h0r ^ h1r, 40);
}

/** Prepares the key of 16 bytes at `key`. `work`: 16 bytes, left with a power of the key. */
export function prepareKey(prepared: usize, key: usize, work: usize): void {
  store<u64>(work, 0);
  store<u64>(work, 0, 8);
  let power = prepared + PREPARED_KEY_BYTES - POWER_BYTES;
  putPower(power, load<u64>(key), load<u64>(key, 8));
  // Each power is the one before times H, which `fold` takes for a single block.
  let from = key;
  while (power > prepared) {
    fold(work, prepared, from, 1);
    power -= POWER_BYTES;
    putPower(power, load<u64>(work), load<u64>(work, 8));
    store<u64>(work, 0);
    store<u64>(work, 0, 8);
    from = power;
  }
}

/** Prepares only the key itself, which is enough for POLYVAL of one block. */
export function prepareOne(prepared: usize, key: usize): void {
  putPower(prepared + PREPARED_KEY_BYTES - POWER_BYTES, load<u64>(key), load<u64>(key, 8));
}

/** POLYVAL of `blocks` blocks of 16 bytes, to the 16 bytes at `sum`. */
export function polyval(sum: usize, prepared: usize, data: usize, blocks: usize): void {
  store<u64>(sum, 0);
  store<u64>(sum, 0, 8);
  for (; blocks >= POWERS; blocks -= POWERS, data += 16 * POWERS) fold(sum, prepared, data, POWERS);
  if (blocks) fold(sum, prepared, data, blocks);
}
