/*
 * The bit-sliced AES is written once, over a vector type V: v128 in the SIMD build, u64 in the plain one. A vector has
 * four lanes, one for each column of the AES state; a lane has one bit for each block that is worked on side by side:
 * 32 blocks in a v128, 16 in a u64. The `if (isVector<V>())` below are decided when V is known, at compile time.
 */

/** Blocks side by side. */
// @ts-ignore: decorator
@inline export function blocksOf<V>(): i32 { return isVector<V>() ? 32 : 16; }

// @ts-ignore: decorator
@inline export function xor<V>(a: V, b: V): V { if (isVector<V>()) return v128.xor(a, b); else return (a ^ b) as V; }

// @ts-ignore: decorator
@inline export function and<V>(a: V, b: V): V { if (isVector<V>()) return v128.and(a, b); else return (a & b) as V; }

// @ts-ignore: decorator
@inline export function or<V>(a: V, b: V): V { if (isVector<V>()) return v128.or(a, b); else return (a | b) as V; }

/** a and not b. */
// @ts-ignore: decorator
@inline export function andNot<V>(a: V, b: V): V {
  if (isVector<V>()) return v128.andnot(a, b);
  else return (a & ~b) as V;
}

/** Moves every bit up by n within 64 bits. */
// @ts-ignore: decorator
@inline export function shiftUp<V>(a: V, n: i32): V {
  if (isVector<V>()) return i64x2.shl(a, n);
  else return (a << n) as V;
}

/** Moves every bit down by n within 64 bits. */
// @ts-ignore: decorator
@inline export function shiftDown<V>(a: V, n: i32): V {
  if (isVector<V>()) return i64x2.shr_u(a, n);
  else return (a >> n) as V;
}

/** Every byte the same. */
// @ts-ignore: decorator
@inline export function everyByte<V>(byte: u8): V {
  if (isVector<V>()) return i8x16.splat(byte);
  else return ((byte as u64) * 0x0101_0101_0101_0101) as V;
}

/** Every lane the low bits of `bits`: 32 in a v128, 16 in a u64. */
// @ts-ignore: decorator
@inline export function everyLane<V>(bits: u32): V {
  if (isVector<V>()) return i32x4.splat(bits);
  else return (((bits & 0xffff) as u64) * 0x0001_0001_0001_0001) as V;
}

/** All bits of lane i where bit i of `lanes` is set; `lanes` is known at compile time. */
// @ts-ignore: decorator
@inline export function laneMask<V>(lanes: i32): V {
  if (isVector<V>()) {
    return i32x4(-(lanes & 1), -((lanes >> 1) & 1), -((lanes >> 2) & 1), -((lanes >> 3) & 1));
  } else {
    let mask: u64 = 0;
    if (lanes & 1) mask |= 0xffff;
    if (lanes & 2) mask |= 0xffff_0000;
    if (lanes & 4) mask |= 0xffff_0000_0000;
    if (lanes & 8) mask |= 0xffff_0000_0000_0000;
    return mask as V;
  }
}

/** Lane c of the result is lane (c + n) mod 4 of `a`: what ShiftRows does to row n. n is known at compile time. */
// @ts-ignore: decorator
@inline export function rotateLanes<V>(a: V, n: i32): V {
  if (n == 0) return a;
  else if (isVector<V>()) {
    if (n == 1) return v128.shuffle<i32>(a, a, 1, 2, 3, 0);
    else if (n == 2) return v128.shuffle<i32>(a, a, 2, 3, 0, 1);
    else return v128.shuffle<i32>(a, a, 3, 0, 1, 2);
  } else return rotr<u64>(a as u64, 16 * n) as V;
}

/** Lane c of the result is lane (4 - c) mod 4 of `a`. */
// @ts-ignore: decorator
@inline export function mirrorLanes<V>(a: V): V {
  if (isVector<V>()) return v128.shuffle<i32>(a, a, 0, 3, 2, 1);
  else {
    const odd = a & 0xffff_0000_ffff_0000;
    return ((a ^ odd) | rotl<u64>(odd as u64, 32)) as V;
  }
}

/** Lane c all ones where bit `bit` (0…31, known at compile time) of the 32-bit word c at `words` is set. */
// @ts-ignore: decorator
@inline export function spreadBit<V>(words: usize, bit: i32): V {
  if (isVector<V>()) return i32x4.shr_s(i32x4.shl(load<v128>(words), 31 - bit), 31);
  else {
    const bits =
      (((load<u32>(words) >> bit) & 1) as u64) |
      ((((load<u32>(words, 4) >> bit) & 1) as u64) << 16) |
      ((((load<u32>(words, 8) >> bit) & 1) as u64) << 32) |
      ((((load<u32>(words, 12) >> bit) & 1) as u64) << 48);
    return (bits * 0xffff) as V;
  }
}

/** Vector i of those at `at`. */
// @ts-ignore: decorator
@inline export function get<V>(at: usize, i: i32): V { return load<V>(at + i * sizeof<V>()); }

// @ts-ignore: decorator
@inline export function put<V>(at: usize, i: i32, value: V): void { store<V>(at + i * sizeof<V>(), value); }
