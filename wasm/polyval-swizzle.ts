import { POWERS, POWER_BYTES } from './polyval';

/*
 * POLYVAL with shuffles of registers as tables, for blocks by the four. For each power of the key there is a table of 16
 * rows: row j has, for each nibble v, byte j of v times the power, already reduced. Looking up the nibbles of a block in
 * row j gives what each of its bytes adds to the product j bytes further up; lower and upper nibbles are kept apart, as
 * the latter count x^4 more. Sums of four blocks are shifted together and reduced once. No address depends on data.
 */

const TABLE_BYTES: usize = 256;
export const TABLES_BYTES: usize = POWERS * TABLE_BYTES;
/** Of one block: its lower nibbles, then its upper ones. */
const NIBBLES_BYTES: usize = 32;
/** Four rows of a table, for which sums stay in registers. */
const TILE_BYTES: usize = 64;

/** x times a block. */
// @ts-ignore: decorator
@inline function timesX(block: v128): v128 {
  const carried = i64x2.shr_u(block, 63);
  const up = v128.shuffle<u64>(i64x2.splat(0), carried, 0, 2);
  const top = i64x2.neg(v128.shuffle<u64>(carried, carried, 1, 1));
  // x^128 = x^127 + x^126 + x^121 + 1.
  const reduced = v128.and(top, i64x2(1, 0xc200_0000_0000_0000));
  return v128.xor(v128.xor(i64x2.shl(block, 1), up), reduced);
}

// @ts-ignore: decorator
@inline function lowBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline function highBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Half of a transposition of 16 × 16 bytes: two steps of shuffling rows i and i + 8 like cards. */
function shuffleRows(from: usize, to: usize): void {
  for (let i: usize = 0; i < 64; i += 16, to += 64) {
    const a = load<v128>(from + i), b = load<v128>(from + i, 64);
    const c = load<v128>(from + i, 128), d = load<v128>(from + i, 192);
    const ac = lowBytes(a, c), acHigh = highBytes(a, c), bd = lowBytes(b, d), bdHigh = highBytes(b, d);
    store<v128>(to, lowBytes(ac, bd));
    store<v128>(to, highBytes(ac, bd), 16);
    store<v128>(to, lowBytes(acHigh, bdHigh), 32);
    store<v128>(to, highBytes(acHigh, bdHigh), 48);
  }
}

/** The table of the block at `key`. */
function makeTable(table: usize, key: usize, work: usize): void {
  const m1 = load<v128>(key), m2 = timesX(m1), m4 = timesX(m2), m8 = timesX(m4);
  const m3 = v128.xor(m1, m2), m12 = v128.xor(m4, m8);
  store<v128>(table, i64x2.splat(0));
  store<v128>(table, m1, 16);
  store<v128>(table, m2, 32);
  store<v128>(table, m3, 48);
  store<v128>(table, m4, 64);
  store<v128>(table, v128.xor(m4, m1), 80);
  store<v128>(table, v128.xor(m4, m2), 96);
  store<v128>(table, v128.xor(m4, m3), 112);
  store<v128>(table, m8, 128);
  store<v128>(table, v128.xor(m8, m1), 144);
  store<v128>(table, v128.xor(m8, m2), 160);
  store<v128>(table, v128.xor(m8, m3), 176);
  store<v128>(table, m12, 192);
  store<v128>(table, v128.xor(m12, m1), 208);
  store<v128>(table, v128.xor(m12, m2), 224);
  store<v128>(table, v128.xor(m12, m3), 240);
  shuffleRows(table, work);
  shuffleRows(work, table);
}

/** Makes the tables of a prepared key. `work`: 256 bytes. */
export function makeTables(tables: usize, prepared: usize, work: usize): void {
  for (let power: usize = 0; power < POWERS; power++) {
    makeTable(tables + power * TABLE_BYTES, prepared + power * POWER_BYTES, work);
  }
}

// @ts-ignore: decorator
@inline function putNibbles(at: usize, block: v128): void {
  store<v128>(at, v128.and(block, i8x16.splat(15)));
  store<v128>(at, i8x16.shr_u(block, 4), 16);
}

/** `high` as 16 bytes further up than `low`, both moved one byte up: the new high part. */
// @ts-ignore: decorator
@inline function movedUp(low: v128, high: v128): v128 {
  return v128.shuffle<u8>(low, high, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

/** The sum of products of four blocks, from their nibbles; the first is multiplied by the highest power. */
// @ts-ignore: decorator
@inline function sumOfFour(tables: usize, nibbles: usize): v128 {
  const zero = i64x2.splat(0);
  let low = zero, high = zero, fourLow = zero, fourHigh = zero;
  for (let tile = TABLE_BYTES; tile > 0; ) {
    tile -= TILE_BYTES;
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    // The first block is the last to be known, as the sum so far goes into it.
    let rows = tables + tile + POWERS * TABLE_BYTES;
    for (let from = nibbles + POWERS * NIBBLES_BYTES; from > nibbles; ) {
      from -= NIBBLES_BYTES;
      rows -= TABLE_BYTES;
      const x = load<v128>(from), y = load<v128>(from, 16);
      const r0 = load<v128>(rows), r1 = load<v128>(rows, 16), r2 = load<v128>(rows, 32), r3 = load<v128>(rows, 48);
      a0 = v128.xor(a0, i8x16.swizzle(r0, x));
      b0 = v128.xor(b0, i8x16.swizzle(r0, y));
      a1 = v128.xor(a1, i8x16.swizzle(r1, x));
      b1 = v128.xor(b1, i8x16.swizzle(r1, y));
      a2 = v128.xor(a2, i8x16.swizzle(r2, x));
      b2 = v128.xor(b2, i8x16.swizzle(r2, y));
      a3 = v128.xor(a3, i8x16.swizzle(r3, x));
      b3 = v128.xor(b3, i8x16.swizzle(r3, y));
    }
    high = movedUp(low, high);
    fourHigh = movedUp(fourLow, fourHigh);
    low = v128.xor(movedUp(zero, low), a3);
    fourLow = v128.xor(movedUp(zero, fourLow), b3);
    high = movedUp(low, high);
    fourHigh = movedUp(fourLow, fourHigh);
    low = v128.xor(movedUp(zero, low), a2);
    fourLow = v128.xor(movedUp(zero, fourLow), b2);
    high = movedUp(low, high);
    fourHigh = movedUp(fourLow, fourHigh);
    low = v128.xor(movedUp(zero, low), a1);
    fourLow = v128.xor(movedUp(zero, fourLow), b1);
    high = movedUp(low, high);
    fourHigh = movedUp(fourLow, fourHigh);
    low = v128.xor(movedUp(zero, low), a0);
    fourLow = v128.xor(movedUp(zero, fourLow), b0);
  }
  const carriedLow = i64x2.shr_u(fourLow, 60), carriedHigh = i64x2.shr_u(fourHigh, 60);
  low = v128.xor(v128.xor(low, i64x2.shl(fourLow, 4)), v128.shuffle<u64>(zero, carriedLow, 0, 2));
  high = v128.xor(v128.xor(high, i64x2.shl(fourHigh, 4)), v128.shuffle<u64>(carriedLow, carriedHigh, 1, 2));
  return reduced(low, high);
}

/** What clearing a word adds to the next one. */
// @ts-ignore: decorator
@inline function toNext(words: v128): v128 {
  return v128.xor(v128.xor(i64x2.shl(words, 63), i64x2.shl(words, 62)), i64x2.shl(words, 57));
}

/** A product of 32 bytes divided by x^128: its lower words cleared one after the other, as in polyval.ts. */
// @ts-ignore: decorator
@inline function reduced(low: v128, high: v128): v128 {
  const zero = i64x2.splat(0);
  low = v128.xor(low, v128.shuffle<u64>(zero, toNext(low), 0, 2));
  high = v128.xor(high, v128.shuffle<u64>(toNext(low), zero, 1, 2));
  const shifted = v128.xor(v128.xor(i64x2.shr_u(low, 1), i64x2.shr_u(low, 2)), i64x2.shr_u(low, 7));
  return v128.xor(v128.xor(high, low), shifted);
}

/** POLYVAL of `blocks` blocks, a multiple of four, to the 16 bytes at `sum`. `work`: 128 bytes. */
export function polyvalFours(sum: usize, tables: usize, data: usize, blocks: usize, work: usize): void {
  let total = i64x2.splat(0);
  for (const end = data + 16 * blocks; data < end; data += 64) {
    putNibbles(work + 96, load<v128>(data, 48));
    putNibbles(work + 64, load<v128>(data, 32));
    putNibbles(work + 32, load<v128>(data, 16));
    putNibbles(work, v128.xor(load<v128>(data), total));
    total = sumOfFour(tables, work);
  }
  store<v128>(sum, total);
}
