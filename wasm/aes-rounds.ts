import { get, put, rotateLanes, xor } from './aes-vector';
import { subBytes } from './aes-sbox';

/*
 * The state: 32 vectors, row r and bit j at index 8r + j. Rows lie in different vectors, so MixColumns moves nothing,
 * and ShiftRows is one shuffle of a vector. An expanded round key has the same form.
 */

/** Which bits of a byte, besides bit 0, x^8 feeds back to: x^8 + x^4 + x^3 + x + 1 = 0 in GF(256). */
const FEEDBACK: i32 = 0b11010;

/** SubBytes, less its constant. */
// @ts-ignore: decorator
@inline export function subState<V>(state: usize): void {
  subBytes<V>(state);
  subBytes<V>(state + 8 * sizeof<V>());
  subBytes<V>(state + 16 * sizeof<V>());
  subBytes<V>(state + 24 * sizeof<V>());
}

/** Bit j of 2·x, given bits j and j - 1 (below) and 7 (top) of x. */
// @ts-ignore: decorator
@inline export function doubled<V>(j: i32, below: V, top: V): V {
  if (j == 0) return top;
  else if ((FEEDBACK >> j) & 1) return xor<V>(below, top);
  else return below;
}

/** Row r, bit j of the state, as ShiftRows moves it. */
// @ts-ignore: decorator
@inline function shifted<V>(state: usize, r: i32, j: i32): V {
  return rotateLanes<V>(get<V>(state, 8 * r + j), r);
}

/**
 * Bit j of MixColumns and AddRoundKey in row r: 2·(a[r] + a[r+1]) + a[r+1] + (a[r+2] + a[r+3]) + key. a: the four rows
 * from r on; b, h: the first two of them in bits j - 1 and 7.
 */
// @ts-ignore: decorator
@inline function mix<V>(state: usize, key: usize, r: i32, j: i32, a1: V, a2: V, a3: V, b0: V, b1: V, h0: V, h1: V): void {
  const i = 8 * r + j;
  const sum = xor<V>(xor<V>(a1, xor<V>(a2, a3)), doubled<V>(j, xor<V>(b0, b1), xor<V>(h0, h1)));
  put<V>(state, i, xor<V>(sum, get<V>(key, i)));
}

// @ts-ignore: decorator
@inline function mixRows<V>(
  state: usize, key: usize, j: i32,
  a0: V, a1: V, a2: V, a3: V, b0: V, b1: V, b2: V, b3: V, h0: V, h1: V, h2: V, h3: V,
): void {
  mix<V>(state, key, 0, j, a1, a2, a3, b0, b1, h0, h1);
  mix<V>(state, key, 1, j, a2, a3, a0, b1, b2, h1, h2);
  mix<V>(state, key, 2, j, a3, a0, a1, b2, b3, h2, h3);
  mix<V>(state, key, 3, j, a0, a1, a2, b3, b0, h3, h0);
}

/**
 * ShiftRows, MixColumns and AddRoundKey, in place. Each vector is loaded once and kept by name; the sums that are
 * written down several times are the same to the compiler, which makes them once (a third faster, measured, than
 * loading again in every row).
 */
export function mixState<V>(state: usize, key: usize): void {
  const h0 = shifted<V>(state, 0, 7), h1 = shifted<V>(state, 1, 7), h2 = shifted<V>(state, 2, 7), h3 = shifted<V>(state, 3, 7);
  const a0 = shifted<V>(state, 0, 0), a1 = shifted<V>(state, 1, 0), a2 = shifted<V>(state, 2, 0), a3 = shifted<V>(state, 3, 0);
  mixRows<V>(state, key, 0, a0, a1, a2, a3, h0, h1, h2, h3, h0, h1, h2, h3);
  const b0 = shifted<V>(state, 0, 1), b1 = shifted<V>(state, 1, 1), b2 = shifted<V>(state, 2, 1), b3 = shifted<V>(state, 3, 1);
  mixRows<V>(state, key, 1, b0, b1, b2, b3, a0, a1, a2, a3, h0, h1, h2, h3);
  const c0 = shifted<V>(state, 0, 2), c1 = shifted<V>(state, 1, 2), c2 = shifted<V>(state, 2, 2), c3 = shifted<V>(state, 3, 2);
  mixRows<V>(state, key, 2, c0, c1, c2, c3, b0, b1, b2, b3, h0, h1, h2, h3);
  const d0 = shifted<V>(state, 0, 3), d1 = shifted<V>(state, 1, 3), d2 = shifted<V>(state, 2, 3), d3 = shifted<V>(state, 3, 3);
  mixRows<V>(state, key, 3, d0, d1, d2, d3, c0, c1, c2, c3, h0, h1, h2, h3);
  const e0 = shifted<V>(state, 0, 4), e1 = shifted<V>(state, 1, 4), e2 = shifted<V>(state, 2, 4), e3 = shifted<V>(state, 3, 4);
  mixRows<V>(state, key, 4, e0, e1, e2, e3, d0, d1, d2, d3, h0, h1, h2, h3);
  const f0 = shifted<V>(state, 0, 5), f1 = shifted<V>(state, 1, 5), f2 = shifted<V>(state, 2, 5), f3 = shifted<V>(state, 3, 5);
  mixRows<V>(state, key, 5, f0, f1, f2, f3, e0, e1, e2, e3, h0, h1, h2, h3);
  const g0 = shifted<V>(state, 0, 6), g1 = shifted<V>(state, 1, 6), g2 = shifted<V>(state, 2, 6), g3 = shifted<V>(state, 3, 6);
  mixRows<V>(state, key, 6, g0, g1, g2, g3, f0, f1, f2, f3, h0, h1, h2, h3);
  mixRows<V>(state, key, 7, h0, h1, h2, h3, g0, g1, g2, g3, h0, h1, h2, h3);
}
