import { consider, threshold } from './xor-nearest';
export { xorPrefixLengths } from './xor-nearest';

/** First word of four distances, from identifier `index` on. */
// @ts-ignore: decorator
@inline function distances(ids: usize, index: u32, target: v128): v128 {
  return v128.xor(v128.load(ids + 4 * index), target);
}

/**
 * The first of 16 identifiers, from `index` on in steps of 16, of which one may be nearer than `limit` says (`limit`:
 * first word of a distance); or the first index that has no 16 before `count`.
 */
function skip(ids: usize, index: u32, count: u32, target: u32, limit: u32): u32 {
  const targets = i32x4.splat(target);
  const limits = i32x4.splat(limit);
  for (; index + 16 <= count; index += 16) {
    const near = i32x4.min_u(
      i32x4.min_u(distances(ids, index, targets), distances(ids, index + 4, targets)),
      i32x4.min_u(distances(ids, index + 8, targets), distances(ids, index + 12, targets)),
    );
    if (v128.any_true(i32x4.le_u(near, limits))) break;
  }
  return index;
}

/**
 * The k nearest of `count` identifiers to the target (five u32 like an identifier's), sorted, ties by index; to `list`,
 * which has room for k + 1 entries, k ≥ 1. Returns how many there are: the lesser of k and count.
 */
export function xorNearest(ids: usize, stride: usize, count: u32, target: usize, k: u32, list: usize): u32 {
  const targetWord = load<u32>(target);
  let found: u32 = 0;
  let i: u32 = 0;
  while (i < count && found < k) found = consider(list, k, found, ids, stride, i++, target);
  while (i < count) {
    if (ASC_FEATURE_SIMD) i = skip(ids, i, count, targetWord, threshold(list, k));
    for (let end = min<u32>(i + 16, count); i < end; i++) {
      if ((load<u32>(ids + 4 * i) ^ targetWord) <= threshold(list, k)) consider(list, k, k, ids, stride, i, target);
    }
  }
  return found;
}
