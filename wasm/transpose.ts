/* From four messages in memory, word after word, to one vector per word with a lane for each message, and back. */

/** Four 32-bit words, each turned from big-endian. A swizzle with a constant is one instruction; a shuffle is two. */
// @ts-ignore: decorator
@inline
export function fromBigEndian(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/** x0 y0 x1 y1. */
// @ts-ignore: decorator
@inline
export function lowPairs(x: v128, y: v128): v128 {
  return i32x4.shuffle(x, y, 0, 4, 1, 5);
}

/** x2 y2 x3 y3. */
// @ts-ignore: decorator
@inline
export function highPairs(x: v128, y: v128): v128 {
  return i32x4.shuffle(x, y, 2, 6, 3, 7);
}

/** x0 x1 y0 y1. */
// @ts-ignore: decorator
@inline
export function lowHalves(x: v128, y: v128): v128 {
  return i64x2.shuffle(x, y, 0, 2);
}

/** x2 x3 y2 y3. */
// @ts-ignore: decorator
@inline
export function highHalves(x: v128, y: v128): v128 {
  return i64x2.shuffle(x, y, 1, 3);
}
