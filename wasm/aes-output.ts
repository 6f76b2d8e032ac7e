import { and, everyByte, get, put, rotateLanes, shiftDown, shiftUp, xor } from './aes-vector';

/*
 * From bit-sliced state to blocks: transposes 8 × 8 bits within each row, then bytes between the rows.
 */

/** The bits that `a`, above, and `b`, below, differ in when those of `a` under `mask` are moved down by `n`. */
// @ts-ignore: decorator
@inline function change<V>(a: V, b: V, n: i32, mask: u8): V {
  return and<V>(xor<V>(shiftDown<V>(a, n), b), everyByte<V>(mask));
}

/** `a`, with the bits of `b` under `mask` in place of its own n further up. */
// @ts-ignore: decorator
@inline function first<V>(a: V, b: V, n: i32, mask: u8): V { return xor<V>(a, shiftUp<V>(change<V>(a, b, n, mask), n)); }

/** `b`, with those bits of `a` in place of its own under `mask`. */
// @ts-ignore: decorator
@inline function second<V>(a: V, b: V, n: i32, mask: u8): V { return xor<V>(b, change<V>(a, b, n, mask)); }

/**
 * Row r of the state, as ShiftRows moves it. Before: vector j has bit j of every byte, of block k in bit k of a lane.
 * After: vector k has in byte m of lane c the byte in column c of block 8m + k.
 */
// @ts-ignore: decorator
@inline function transposeRow<V>(state: usize, r: i32): void {
  const at = state + 8 * r * sizeof<V>();
  const x0 = rotateLanes<V>(get<V>(at, 0), r), x1 = rotateLanes<V>(get<V>(at, 1), r);
  const x2 = rotateLanes<V>(get<V>(at, 2), r), x3 = rotateLanes<V>(get<V>(at, 3), r);
  const x4 = rotateLanes<V>(get<V>(at, 4), r), x5 = rotateLanes<V>(get<V>(at, 5), r);
  const x6 = rotateLanes<V>(get<V>(at, 6), r), x7 = rotateLanes<V>(get<V>(at, 7), r);
  const a0 = first<V>(x0, x1, 1, 0x55), a1 = second<V>(x0, x1, 1, 0x55);
  const a2 = first<V>(x2, x3, 1, 0x55), a3 = second<V>(x2, x3, 1, 0x55);
  const a4 = first<V>(x4, x5, 1, 0x55), a5 = second<V>(x4, x5, 1, 0x55);
  const a6 = first<V>(x6, x7, 1, 0x55), a7 = second<V>(x6, x7, 1, 0x55);
  const b0 = first<V>(a0, a2, 2, 0x33), b2 = second<V>(a0, a2, 2, 0x33);
  const b1 = first<V>(a1, a3, 2, 0x33), b3 = second<V>(a1, a3, 2, 0x33);
  const b4 = first<V>(a4, a6, 2, 0x33), b6 = second<V>(a4, a6, 2, 0x33);
  const b5 = first<V>(a5, a7, 2, 0x33), b7 = second<V>(a5, a7, 2, 0x33);
  put<V>(at, 0, first<V>(b0, b4, 4, 0x0f));
  put<V>(at, 4, second<V>(b0, b4, 4, 0x0f));
  put<V>(at, 1, first<V>(b1, b5, 4, 0x0f));
  put<V>(at, 5, second<V>(b1, b5, 4, 0x0f));
  put<V>(at, 2, first<V>(b2, b6, 4, 0x0f));
  put<V>(at, 6, second<V>(b2, b6, 4, 0x0f));
  put<V>(at, 3, first<V>(b3, b7, 4, 0x0f));
  put<V>(at, 7, second<V>(b3, b7, 4, 0x0f));
}

/** Blocks 8m + k of `out`, for m = 0…3: the rows' bytes gathered into columns, the columns into blocks. */
// @ts-ignore: decorator
@inline function gatherVector(state: usize, k: i32, key: v128, out: usize): void {
  const r0 = get<v128>(state, k), r1 = get<v128>(state, 8 + k), r2 = get<v128>(state, 16 + k), r3 = get<v128>(state, 24 + k);
  const lowEven = v128.shuffle<u8>(r0, r1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const lowOdd = v128.shuffle<u8>(r2, r3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const highEven = v128.shuffle<u8>(r0, r1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const highOdd = v128.shuffle<u8>(r2, r3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  // Column c of blocks k, 8 + k, 16 + k, 24 + k.
  const c0 = v128.shuffle<u16>(lowEven, lowOdd, 0, 8, 1, 9, 2, 10, 3, 11);
  const c1 = v128.shuffle<u16>(lowEven, lowOdd, 4, 12, 5, 13, 6, 14, 7, 15);
  const c2 = v128.shuffle<u16>(highEven, highOdd, 0, 8, 1, 9, 2, 10, 3, 11);
  const c3 = v128.shuffle<u16>(highEven, highOdd, 4, 12, 5, 13, 6, 14, 7, 15);
  const left01 = v128.shuffle<u32>(c0, c1, 0, 4, 1, 5), left23 = v128.shuffle<u32>(c0, c1, 2, 6, 3, 7);
  const right01 = v128.shuffle<u32>(c2, c3, 0, 4, 1, 5), right23 = v128.shuffle<u32>(c2, c3, 2, 6, 3, 7);
  put<v128>(out, k, v128.xor(key, v128.shuffle<u64>(left01, right01, 0, 2)));
  put<v128>(out, 8 + k, v128.xor(key, v128.shuffle<u64>(left01, right01, 1, 3)));
  put<v128>(out, 16 + k, v128.xor(key, v128.shuffle<u64>(left23, right23, 0, 2)));
  put<v128>(out, 24 + k, v128.xor(key, v128.shuffle<u64>(left23, right23, 1, 3)));
}

/** Columns c and c + 1 of block 8m + k, for shift = 16c + 8m. */
// @ts-ignore: decorator
@inline function gatherColumns(state: usize, k: i32, shift: u64): u64 {
  let columns: u64 = 0;
  for (let r = 0; r < 4; r++) {
    const bytes = get<u64>(state, 8 * r + k) >> shift;
    columns |= ((bytes & 0xff) | ((bytes & 0xff_0000) << 16)) << (8 * r);
  }
  return columns;
}

/** ShiftRows and the last AddRoundKey, of the compact `key`, and the blocks one behind the other at `out`. */
export function writeBlocks<V>(state: usize, key: usize, out: usize): void {
  transposeRow<V>(state, 0);
  transposeRow<V>(state, 1);
  transposeRow<V>(state, 2);
  transposeRow<V>(state, 3);
  if (isVector<V>()) {
    const keyBytes = load<v128>(key);
    for (let k = 0; k < 8; k++) gatherVector(state, k, keyBytes, out);
  } else {
    for (let m = 0; m < 2; m++) {
      for (let k = 0; k < 8; k++) {
        const at = out + 16 * (8 * m + k);
        store<u64>(at, load<u64>(key) ^ gatherColumns(state, k, 8 * m));
        store<u64>(at, load<u64>(key, 8) ^ gatherColumns(state, k, 32 + 8 * m), 8);
      }
    }
  }
}
