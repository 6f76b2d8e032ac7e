/* Arithmetic on 32-bit words: T is u32 for one message, v128 for four side by side. */

/** x + y modulo 2^32. */
// @ts-ignore: decorator
@inline
export function add<T>(x: T, y: T): T {
  if (isVector<T>()) return i32x4.add(x, y);
  return (x + y) as T;
}

/** x ^ y. */
// @ts-ignore: decorator
@inline
export function xor<T>(x: T, y: T): T {
  if (isVector<T>()) return v128.xor(x, y);
  return (x ^ y) as T;
}

/** x & y. */
// @ts-ignore: decorator
@inline
export function and<T>(x: T, y: T): T {
  if (isVector<T>()) return v128.and(x, y);
  return (x & y) as T;
}

/** x << n. */
// @ts-ignore: decorator
@inline
export function shl<T>(x: T, n: i32): T {
  if (isVector<T>()) return i32x4.shl(x, n);
  return (x << n) as T;
}

/** x >>> n. */
// @ts-ignore: decorator
@inline
export function shr<T>(x: T, n: i32): T {
  if (isVector<T>()) return i32x4.shr_u(x, n);
  return (x >> n) as T;
}

/** x turned left by n, 0 < n < 32. */
// @ts-ignore: decorator
@inline
export function turnLeft<T>(x: T, n: i32): T {
  if (isVector<T>()) return v128.or(i32x4.shl(x, n), i32x4.shr_u(x, 32 - n));
  return rotl<T>(x, n as T);
}
