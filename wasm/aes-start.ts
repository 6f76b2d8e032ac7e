import { and, blocksOf, everyLane, get, laneMask, mirrorLanes, put, spreadBit, xor } from './aes-vector';
import { compactKey, subEight } from './aes-key';
import { doubled } from './aes-rounds';
import { subBytes } from './aes-sbox';

/*
 * The first two rounds of a group of counter blocks. The blocks of a group differ in one byte only, the last. After
 * round 1 they differ in column 0, after round 2 everywhere; what does not change is worked out once for 256 blocks
 * (`prepare`), the rest with two passes of the S-box instead of eight (`startGroup`).
 *
 * The prepared part, in memory:
 *   0    the last byte of the counter block plus key 0 (u8), without the counter's own bits
 *   16   column 0 after round 1 without the last byte's share: four u32, one for each row
 *   32   the state after round 2 without column 0's share: 16 bytes
 */

/** 2·x for each of four bytes, in GF(256). */
// @ts-ignore: decorator
@inline export function doubleFour(x: u32): u32 { return ((x & 0x7f7f_7f7f) << 1) ^ (((x >> 7) & 0x0101_0101) * 0x1b); }

/** MixColumns of one column, row 0 in the lowest byte. */
// @ts-ignore: decorator
@inline export function mixColumn(column: u32): u32 {
  const next = rotr<u32>(column, 8);
  return doubleFour(column ^ next) ^ next ^ rotr<u32>(column, 16) ^ rotr<u32>(column, 24);
}

/** Column c of ShiftRows of the 16 bytes at `from`. */
// @ts-ignore: decorator
@inline export function shiftedColumn(from: usize, c: i32): u32 {
  return (
    (load<u32>(from + 4 * c) & 0xff) |
    (load<u32>(from + 4 * ((c + 1) & 3)) & 0xff00) |
    (load<u32>(from + 4 * ((c + 2) & 3)) & 0xff_0000) |
    (load<u32>(from + 4 * ((c + 3) & 3)) & 0xff00_0000)
  );
}

/** One round on the 16 bytes at `state`, of which those under the 64-bit masks count after SubBytes. */
function plainRound(state: usize, lowMask: u64, highMask: u64, key: usize, out: usize, work: usize): void {
  store<u64>(work, subEight(load<u64>(state), work + 16) & lowMask);
  store<u64>(work, subEight(load<u64>(state, 8), work + 16) & highMask, 8);
  for (let c = 0; c < 4; c++) store<u32>(out + 4 * c, mixColumn(shiftedColumn(work, c)) ^ load<u32>(key + 4 * c));
}

/** Prepares for the 256 blocks that share the first 15 bytes of `counter`. `work` has room for 128 bytes. */
export function prepare(prepared: usize, schedule: usize, counter: usize, work: usize): void {
  const key = compactKey(schedule, 0);
  const last: u8 = load<u8>(key, 15);
  store<u8>(prepared, last);
  store<u64>(work, load<u64>(counter) ^ load<u64>(key));
  store<u64>(work, load<u64>(counter, 8) ^ load<u64>(key, 8), 8);
  plainRound(work, ~0, 0x00ff_ffff_ffff_ffff, compactKey(schedule, 1), work, work + 16);
  for (let r = 0; r < 4; r++) store<u32>(prepared + 16 + 4 * r, load<u8>(work + r));
  // Column 0 is the first four bytes.
  plainRound(work, 0xffff_ffff_0000_0000, ~0, compactKey(schedule, 2), prepared + 32, work + 16);
}

/** The counter bits of the blocks of a group: bit j of the number of the block, for all blocks. */
// @ts-ignore: decorator
@inline function numbers(j: i32): u32 {
  if (j == 0) return 0xaaaa_aaaa;
  else if (j == 1) return 0xcccc_cccc;
  else if (j == 2) return 0xf0f0_f0f0;
  else if (j == 3) return 0xff00_ff00;
  else return 0xffff_0000;
}

/** Vector j: bit j of the last byte of each block after key 0, the same in all lanes. */
// @ts-ignore: decorator
@inline function lastByteBit<V>(work: usize, last: u32, j: i32): void {
  const same: u32 = 0 - ((last >> j) & 1);
  put<V>(work, j, everyLane<V>(1 << j < blocksOf<V>() ? numbers(j) ^ same : same));
}

/** Bit j of column 0 after round 1; before, the vectors at `work` are the last byte after SubBytes. Lanes: rows. */
// @ts-ignore: decorator
@inline function columnBit<V>(prepared: usize, j: i32, x: V, below: V, top: V): V {
  // The share of row 3 in a mixed column: 1, 1, 3, 2 times the byte.
  const once = and<V>(x, laneMask<V>(0b0111));
  const twice = and<V>(doubled<V>(j, below, top), laneMask<V>(0b1100));
  return xor<V>(xor<V>(once, twice), spreadBit<V>(prepared + 16, j));
}

// @ts-ignore: decorator
@inline function mixLastByte<V>(prepared: usize, work: usize): void {
  const x0 = get<V>(work, 0), x1 = get<V>(work, 1), x2 = get<V>(work, 2), x3 = get<V>(work, 3);
  const x4 = get<V>(work, 4), x5 = get<V>(work, 5), x6 = get<V>(work, 6), x7 = get<V>(work, 7);
  put<V>(work, 0, columnBit<V>(prepared, 0, x0, x7, x7));
  put<V>(work, 1, columnBit<V>(prepared, 1, x1, x0, x7));
  put<V>(work, 2, columnBit<V>(prepared, 2, x2, x1, x7));
  put<V>(work, 3, columnBit<V>(prepared, 3, x3, x2, x7));
  put<V>(work, 4, columnBit<V>(prepared, 4, x4, x3, x7));
  put<V>(work, 5, columnBit<V>(prepared, 5, x5, x4, x7));
  put<V>(work, 6, columnBit<V>(prepared, 6, x6, x5, x7));
  put<V>(work, 7, columnBit<V>(prepared, 7, x7, x6, x7));
}

/**
 * Row r, bit j of the state after round 2. x, twice: bit j of column 0 after SubBytes and of its double, with the row
 * that ShiftRows brings to column c in lane c, which is row -c; it counts once, doubled in row r, threefold in row r - 1.
 */
// @ts-ignore: decorator
@inline function spreadRow<V>(prepared: usize, state: usize, r: i32, j: i32, x: V, twice: V): void {
  const own = 1 << ((4 - r) & 3);
  const threefold = 1 << ((3 - r) & 3);
  const odd = and<V>(x, laneMask<V>(0b1111 ^ own));
  const even = and<V>(twice, laneMask<V>(own | threefold));
  put<V>(state, 8 * r + j, xor<V>(xor<V>(odd, even), spreadBit<V>(prepared + 32, 8 * r + j)));
}

// @ts-ignore: decorator
@inline function spreadBits<V>(prepared: usize, work: usize, state: usize, j: i32): void {
  const x = mirrorLanes<V>(get<V>(work, j));
  const twice = doubled<V>(j, mirrorLanes<V>(get<V>(work, (j + 7) & 7)), mirrorLanes<V>(get<V>(work, 7)));
  spreadRow<V>(prepared, state, 0, j, x, twice);
  spreadRow<V>(prepared, state, 1, j, x, twice);
  spreadRow<V>(prepared, state, 2, j, x, twice);
  spreadRow<V>(prepared, state, 3, j, x, twice);
}

/** The state after round 2 of the group of blocks whose counters begin with the last byte `from`. */
export function startGroup<V>(prepared: usize, from: u32, state: usize, work: usize): void {
  const last = (load<u8>(prepared) as u32) ^ from;
  lastByteBit<V>(work, last, 0);
  lastByteBit<V>(work, last, 1);
  lastByteBit<V>(work, last, 2);
  lastByteBit<V>(work, last, 3);
  lastByteBit<V>(work, last, 4);
  lastByteBit<V>(work, last, 5);
  lastByteBit<V>(work, last, 6);
  lastByteBit<V>(work, last, 7);
  subBytes<V>(work);
  mixLastByte<V>(prepared, work);
  subBytes<V>(work);
  spreadBits<V>(prepared, work, state, 0);
  spreadBits<V>(prepared, work, state, 1);
  spreadBits<V>(prepared, work, state, 2);
  spreadBits<V>(prepared, work, state, 3);
  spreadBits<V>(prepared, work, state, 4);
  spreadBits<V>(prepared, work, state, 5);
  spreadBits<V>(prepared, work, state, 6);
  spreadBits<V>(prepared, work, state, 7);
}
