import { get, put, spreadBit } from './aes-vector';
import { subBytes } from './aes-sbox';
import { substituted } from './aes-swizzle';

/*
 * A key schedule in memory:
 *   0    number of rounds n, 10 or 14 (u32)
 *   16   round keys 0…n, compact: 16 bytes each, 1…n with the constant 0x63 that `subBytes` leaves out
 *   256  round keys 3…n - 1, expanded: the form of the state, 32 vectors each
 * Rounds 1 and 2 are shortened (aes-start.ts) and the last key is added to finished blocks: these stay compact.
 */

const KEYS_AT: usize = 16;
const EXPANDED_AT: usize = 256;
const FIRST_EXPANDED: i32 = 3;
const SUB_CONSTANT: u64 = 0x6363_6363_6363_6363;

// @ts-ignore: decorator
@inline export function roundsOf(schedule: usize): i32 { return load<i32>(schedule); }

// @ts-ignore: decorator
@inline export function compactKey(schedule: usize, round: i32): usize { return schedule + KEYS_AT + 16 * round; }

// @ts-ignore: decorator
@inline export function expandedKey<V>(schedule: usize, round: i32): usize {
  return schedule + EXPANDED_AT + 32 * sizeof<V>() * (round - FIRST_EXPANDED);
}

/** Room that a schedule of n rounds needs. */
// @ts-ignore: decorator
@inline export function scheduleBytes<V>(rounds: i32): i32 {
  return expandedKey<V>(0, rounds) as i32;
}

/** The S-box, less its constant, of eight bytes; `work` has room for eight u64. Takes the same time for all bytes. */
export function subEight(bytes: u64, work: usize): u64 {
  if (ASC_FEATURE_SIMD) return i64x2.extract_lane(substituted(i64x2.splat(bytes)), 0);
  for (let j = 0; j < 8; j++) put<u64>(work, j, (bytes >> j) & 0x0101_0101_0101_0101);
  subBytes<u64>(work);
  let out: u64 = 0;
  for (let j = 0; j < 8; j++) out |= (get<u64>(work, j) & 0x0101_0101_0101_0101) << j;
  return out;
}

/** FIPS 197, 5.2. The words of a key are read and kept in memory order, least significant byte first. */
function expandWords(words: usize, keyWords: i32, rounds: i32, work: usize): void {
  let roundConstant: u32 = 1;
  for (let i = keyWords; i < 4 * (rounds + 1); i++) {
    let word = load<u32>(words + 4 * (i - 1));
    const position = i % keyWords;
    if (position == 0) {
      word = (subEight(rotr<u32>(word, 8), work) as u32) ^ (SUB_CONSTANT as u32) ^ roundConstant;
      roundConstant = (roundConstant << 1) ^ ((roundConstant >> 7) * 0x11b);
    } else if (keyWords > 6 && position == 4) {
      word = (subEight(word, work) as u32) ^ (SUB_CONSTANT as u32);
    }
    store<u32>(words + 4 * i, word ^ load<u32>(words + 4 * (i - keyWords)));
  }
}

/** One vector of an expanded key for each bit of the compact one. */
function spreadKey<V>(compact: usize, expanded: usize): void {
  for (let i = 0; i < 32; i++) put<V>(expanded, i, spreadBit<V>(compact, i));
}

/** Makes the compact part of the schedule of the key of `keyBytes` (16 or 32) bytes at `key`. */
export function expandCompact(schedule: usize, key: usize, keyBytes: i32, work: usize): void {
  const keyWords = keyBytes >> 2;
  const rounds = keyWords + 6;
  store<i32>(schedule, rounds);
  memory.copy(compactKey(schedule, 0), key, keyBytes);
  expandWords(compactKey(schedule, 0), keyWords, rounds, work);
  for (let at = compactKey(schedule, 1); at < compactKey(schedule, rounds + 1); at += 8) {
    store<u64>(at, load<u64>(at) ^ SUB_CONSTANT);
  }
}

// @ts-ignore: decorator
@inline function pairOf(first: usize, second: usize, word: usize): u64 {
  return load<u32>(first + 4 * word) | ((load<u32>(second + 4 * word) as u64) << 32);
}

// @ts-ignore: decorator
@inline function putPair(first: usize, second: usize, word: usize, pair: u64): void {
  store<u32>(first + 4 * word, pair as u32);
  store<u32>(second + 4 * word, (pair >> 32) as u32);
}

/** The compact parts of two schedules of keys of 16 bytes, side by side: each look-up serves both. */
export function expandTwo(first: usize, firstKey: usize, second: usize, secondKey: usize, work: usize): void {
  store<i32>(first, 10);
  store<i32>(second, 10);
  let a = pairOf(firstKey, secondKey, 0), b = pairOf(firstKey, secondKey, 1);
  let c = pairOf(firstKey, secondKey, 2), d = pairOf(firstKey, secondKey, 3);
  let roundConstant: u64 = 1;
  let added: u64 = 0;
  for (let round = 0; ; round++) {
    const to = compactKey(first, round), otherTo = compactKey(second, round);
    putPair(to, otherTo, 0, a ^ added);
    putPair(to, otherTo, 1, b ^ added);
    putPair(to, otherTo, 2, c ^ added);
    putPair(to, otherTo, 3, d ^ added);
    if (round == 10) break;
    const rotated = ((d >> 8) & 0x00ff_ffff_00ff_ffff) | ((d << 24) & 0xff00_0000_ff00_0000);
    a ^= subEight(rotated, work) ^ SUB_CONSTANT ^ (roundConstant | (roundConstant << 32));
    b ^= a;
    c ^= b;
    d ^= c;
    roundConstant = (roundConstant << 1) ^ ((roundConstant >> 7) * 0x11b);
    added = SUB_CONSTANT;
  }
}

/** Makes the expanded part from the compact one. */
export function spreadKeys<V>(schedule: usize): void {
  const rounds = roundsOf(schedule);
  for (let round = FIRST_EXPANDED; round < rounds; round++) {
    spreadKey<V>(compactKey(schedule, round), expandedKey<V>(schedule, round));
  }
}

/** Makes the whole schedule of the key of `keyBytes` (16 or 32) bytes at `key`. */
export function expandKey<V>(schedule: usize, key: usize, keyBytes: i32, work: usize): void {
  expandCompact(schedule, key, keyBytes, work);
  spreadKeys<V>(schedule);
}
