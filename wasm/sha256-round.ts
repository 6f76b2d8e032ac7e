/*
 * The steps of SHA-256 (FIPS 180-4 §4.1.2, §6.2.2), on one message or on four side by side.
 *
 * As in sha1-round.ts, the order decides how often V8 goes to the stack. Measured on the same machine (Node 20, core
 * undisturbed; node:crypto with SHA extensions 1.58 GB/s, npm hash-wasm 0.235):
 *
 *   rounds 16 at a time, three turns each as one chain of xor   0.83 GB/s, 390 vectors moved
 *   the same, each turn put together first                      0.68, 622
 *   the same, turns nested: turn(x ^ turn(x ^ …))               0.79, 404 (a longer chain of dependent steps)
 *   all 64 rounds unrolled                                      0.55: 4,500 instructions overflow the CPU's cache of
 *                                                               decoded ones
 */
import { add, and, shl, shr, turnLeft, xor } from './word';

/** x turned right by p, by q and by r, the three xored. */
// @ts-ignore: decorator
@inline
function turns<T>(x: T, p: i32, q: i32, r: i32): T {
  if (isVector<T>()) return xor<T>(turnsAndShift<T>(x, p, q, r), shl<T>(x, 32 - r));
  return xor<T>(xor<T>(turnLeft<T>(x, 32 - p), turnLeft<T>(x, 32 - q)), turnLeft<T>(x, 32 - r));
}

/** x turned right by p and by q, and shifted right by r, the three xored. */
// @ts-ignore: decorator
@inline
function turnsAndShift<T>(x: T, p: i32, q: i32, r: i32): T {
  if (isVector<T>()) {
    const right = xor<T>(xor<T>(shr<T>(x, p), shr<T>(x, q)), shr<T>(x, r));
    return xor<T>(xor<T>(right, shl<T>(x, 32 - p)), shl<T>(x, 32 - q));
  }
  return xor<T>(xor<T>(turnLeft<T>(x, 32 - p), turnLeft<T>(x, 32 - q)), shr<T>(x, r));
}

/** T1: what both new words have in common. */
// @ts-ignore: decorator
@inline
export function mixed<T>(e: T, f: T, g: T, h: T, k: T, w: T): T {
  const chosen = xor<T>(g, and<T>(e, xor<T>(f, g)));
  return add<T>(add<T>(add<T>(add<T>(h, w), k), chosen), turns<T>(e, 6, 11, 25));
}

/** T2. b ^ c is the a ^ b of the round before: the engine sees that and computes it once. */
// @ts-ignore: decorator
@inline
export function summed<T>(a: T, b: T, c: T): T {
  const majority = xor<T>(b, and<T>(xor<T>(a, b), xor<T>(b, c)));
  return add<T>(majority, turns<T>(a, 2, 13, 22));
}

/** The word of a round from those 16, 15, 7 and 2 rounds before. */
// @ts-ignore: decorator
@inline
export function schedule<T>(w16: T, w15: T, w7: T, w2: T): T {
  const near = turnsAndShift<T>(w15, 7, 18, 3);
  const far = turnsAndShift<T>(w2, 17, 19, 10);
  return add<T>(add<T>(add<T>(w16, w7), near), far);
}
