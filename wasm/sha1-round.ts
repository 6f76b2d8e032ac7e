/*
 * The steps of SHA-1 (FIPS 180-4 §4.1.1, §6.1.2), on one message or on four side by side.
 *
 * The order of the sums matters to the engine, not to the result. V8 schedules each value as late as it can and keeps
 * what does not fit into 15 registers on the stack: with e + k first and the two halves of the turned a last, it moves
 * 264 vectors per block of four messages; with e + (k + w) first and the turned a as one term, 486. Measured on an AMD
 * EPYC (Zen 3, SHA extensions), Node 20, beside node:crypto at 1.66 GB/s, the core undisturbed / shared with another
 * guest of the host:
 *
 *   this order, schedule in variables                  2.03 GB/s   1.27
 *   e + (k + w) first, the turned a as one term        1.80        0.96 … 1.08
 *   schedule in memory, fully unrolled                 1.55        0.88
 *   schedule in memory, recent words in variables      1.75        1.04
 *   schedule first with k added, then the rounds       1.70        1.05
 *   the same with eight lanes, rounds five at a time   1.80        1.15
 *   eight lanes, unrolled as here                      1.28        0.90
 */
import { add, and, shl, shr, turnLeft, xor } from './word';

// @ts-ignore: decorator
@inline
export function rotl30<T>(x: T): T {
  return turnLeft<T>(x, 30);
}

// @ts-ignore: decorator
@inline
function step<T>(a: T, f: T, ekw: T): T {
  if (isVector<T>()) return add<T>(add<T>(add<T>(ekw, f), shr<T>(a, 27)), shl<T>(a, 5));
  return add<T>(add<T>(ekw, f), turnLeft<T>(a, 5));
}

// @ts-ignore: decorator
@inline
function sum3<T>(e: T, k: T, w: T): T {
  return add<T>(add<T>(e, k), w);
}

/** Rounds 0 to 19: d where b has 0, c where it has 1. */
// @ts-ignore: decorator
@inline
export function choose<T>(a: T, b: T, c: T, d: T, e: T, k: T, w: T): T {
  return step<T>(a, xor<T>(d, and<T>(b, xor<T>(c, d))), sum3<T>(e, k, w));
}

/** Rounds 20 to 39 and 60 to 79. */
// @ts-ignore: decorator
@inline
export function parity<T>(a: T, b: T, c: T, d: T, e: T, k: T, w: T): T {
  return step<T>(a, xor<T>(b, xor<T>(c, d)), sum3<T>(e, k, w));
}

/** Rounds 40 to 59. The two halves have no bit in common, so they can be added one after the other. */
// @ts-ignore: decorator
@inline
export function majority<T>(a: T, b: T, c: T, d: T, e: T, k: T, w: T): T {
  return step<T>(a, and<T>(b, xor<T>(c, d)), add<T>(sum3<T>(e, k, w), and<T>(c, d)));
}

/** The word of a round from those 16, 8, 14 and 3 rounds before. For lanes, x + x shifts by one in any adder. */
// @ts-ignore: decorator
@inline
export function schedule<T>(w16: T, w8: T, w14: T, w3: T): T {
  const x = xor<T>(xor<T>(xor<T>(w16, w8), w14), w3);
  if (isVector<T>()) return v128.or(add<T>(x, x), shr<T>(x, 31));
  return turnLeft<T>(x, 1);
}
