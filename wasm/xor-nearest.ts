/*
 * The nearest identifiers found so far, by XOR distance (Kademlia), as a sorted list in memory. An entry is six u32:
 * the distance, most significant word first, then the index.
 *
 * Identifiers lie in five arrays of u32, `stride` bytes apart: array w has word w of every identifier, big-endian
 * words as numbers, so that comparing words in order compares identifiers.
 */
const WORDS: usize = 5;
const ENTRY_BYTES: usize = 24;
const INDEX_AT: usize = 20;

/** Whether the distance of one entry is less than that of another. */
// @ts-ignore: decorator
@inline function isNearer(one: usize, other: usize): bool {
  for (let at: usize = 0; at < 4 * WORDS; at += 4) {
    const a = load<u32>(one + at);
    const b = load<u32>(other + at);
    if (a != b) return a < b;
  }
  return false;
}

/** First word of the entry at the end of a full list: nothing further away gets in. */
// @ts-ignore: decorator
@inline export function threshold(list: usize, k: u32): u32 {
  return load<u32>(list + ENTRY_BYTES * (k - 1));
}

/**
 * Puts identifier `index` in its place, if it has one among the k; of two as near, the one that came first stays in
 * front. The list has room for k + 1 entries. Returns how many are in it.
 */
export function consider(list: usize, k: u32, found: u32, ids: usize, stride: usize, index: u32, target: usize): u32 {
  // It is written behind the last one and moves up.
  let at = list + ENTRY_BYTES * found;
  for (let w: usize = 0; w < WORDS; w++) {
    store<u32>(at + 4 * w, load<u32>(ids + stride * w + 4 * index) ^ load<u32>(target + 4 * w));
  }
  store<u32>(at, index, INDEX_AT);
  while (at > list && isNearer(at, at - ENTRY_BYTES)) {
    swapEntries(at, at - ENTRY_BYTES);
    at -= ENTRY_BYTES;
  }
  return found < k ? found + 1 : k;
}

// @ts-ignore: decorator
@inline function swapEntries(one: usize, other: usize): void {
  for (let at: usize = 0; at < ENTRY_BYTES; at += 8) {
    const moved = load<u64>(one + at);
    store<u64>(one + at, load<u64>(other + at));
    store<u64>(other + at, moved);
  }
}

/** How many leading bits identifier `index` shares with the target: 0…160. */
// @ts-ignore: decorator
@inline function prefixLength(ids: usize, stride: usize, index: u32, target: usize): u32 {
  let w: usize = 0;
  while (w < WORDS) {
    const difference = load<u32>(ids + stride * w + 4 * index) ^ load<u32>(target + 4 * w);
    if (difference) return 32 * (w as u32) + clz<u32>(difference);
    w++;
  }
  return 32 * (WORDS as u32);
}

/** The bucket indexes of `count` identifiers from index `first` on: one byte each, to `out`. */
export function xorPrefixLengths(ids: usize, stride: usize, first: u32, count: u32, target: usize, out: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u8>(out + i, prefixLength(ids, stride, first + i, target));
}
