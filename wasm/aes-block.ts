import { get, put } from './aes-vector';
import { compactKey, roundsOf } from './aes-key';
import { mixColumn, shiftedColumn, doubleFour } from './aes-start';
import { subBytes } from './aes-sbox';

/*
 * AES of one block, both ways, constant-time: the bits of its 16 bytes lie in eight u64, bytes 8…15 beside bytes 0…7.
 * For where many blocks are not at hand, and for decryption, which counter mode does without.
 *
 * `work`: 80 bytes, the planes and the block on its way through ShiftRows.
 */

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const CONSTANT: u64 = 0x6363_6363_6363_6363;
const BLOCK_AT: usize = 64;

export const BLOCK_WORK_BYTES: usize = 80;

// @ts-ignore: decorator
@inline function split(low: u64, high: u64, planes: usize): void {
  for (let j = 0; j < 8; j++) {
    put<u64>(planes, j, ((low >> j) & LOW_BITS) | (((high >> j) & LOW_BITS) << 1));
  }
}

// @ts-ignore: decorator
@inline function joined(planes: usize, half: i32): u64 {
  let out: u64 = 0;
  for (let j = 0; j < 8; j++) out |= ((get<u64>(planes, j) >> half) & LOW_BITS) << j;
  return out;
}

/** The inverse of the linear part of the affine map of the S-box, on planes. */
// @ts-ignore: decorator
@inline function unmapped(planes: usize): void {
  const p0 = get<u64>(planes, 0), p1 = get<u64>(planes, 1), p2 = get<u64>(planes, 2), p3 = get<u64>(planes, 3);
  const p4 = get<u64>(planes, 4), p5 = get<u64>(planes, 5), p6 = get<u64>(planes, 6), p7 = get<u64>(planes, 7);
  put<u64>(planes, 0, p2 ^ p5 ^ p7);
  put<u64>(planes, 1, p3 ^ p6 ^ p0);
  put<u64>(planes, 2, p4 ^ p7 ^ p1);
  put<u64>(planes, 3, p5 ^ p0 ^ p2);
  put<u64>(planes, 4, p6 ^ p1 ^ p3);
  put<u64>(planes, 5, p7 ^ p2 ^ p4);
  put<u64>(planes, 6, p0 ^ p3 ^ p5);
  put<u64>(planes, 7, p1 ^ p4 ^ p6);
}

/** SubBytes, less its constant, of the block in `work`. */
function substitute(work: usize): void {
  split(load<u64>(work, BLOCK_AT), load<u64>(work, BLOCK_AT + 8), work);
  subBytes<u64>(work);
  store<u64>(work, joined(work, 0), BLOCK_AT);
  store<u64>(work, joined(work, 1), BLOCK_AT + 8);
}

/** InvSubBytes: with S(x) = A/x + c, S^-1(y) = A^-1 S'(A^-1 (y + c)), S' being S less its constant. */
function unsubstitute(work: usize): void {
  split(load<u64>(work, BLOCK_AT) ^ CONSTANT, load<u64>(work, BLOCK_AT + 8) ^ CONSTANT, work);
  unmapped(work);
  subBytes<u64>(work);
  unmapped(work);
  store<u64>(work, joined(work, 0), BLOCK_AT);
  store<u64>(work, joined(work, 1), BLOCK_AT + 8);
}

/** Column c as InvShiftRows moves it. */
// @ts-ignore: decorator
@inline function unshiftedColumn(from: usize, c: i32): u32 {
  return (
    (load<u32>(from + 4 * c) & 0xff) |
    (load<u32>(from + 4 * ((c + 3) & 3)) & 0xff00) |
    (load<u32>(from + 4 * ((c + 2) & 3)) & 0xff_0000) |
    (load<u32>(from + 4 * ((c + 1) & 3)) & 0xff00_0000)
  );
}

/** InvMixColumns is MixColumns after a simpler map: 5, 0, 4, 0 times the bytes of the column. */
// @ts-ignore: decorator
@inline function unmixColumn(column: u32): u32 {
  return mixColumn(column ^ doubleFour(doubleFour(column ^ rotr<u32>(column, 16))));
}

// @ts-ignore: decorator
@inline function putColumns(at: usize, c0: u32, c1: u32, c2: u32, c3: u32): void {
  store<u32>(at, c0);
  store<u32>(at, c1, 4);
  store<u32>(at, c2, 8);
  store<u32>(at, c3, 12);
}

/** Adds a round key to the block at `at`. */
// @ts-ignore: decorator
@inline function addKey(at: usize, key: usize): void {
  store<u64>(at, load<u64>(at) ^ load<u64>(key));
  store<u64>(at, load<u64>(at, 8) ^ load<u64>(key, 8), 8);
}

/** Encrypts the 16 bytes at `at` in place, with the round keys of a schedule (its compact part is enough). */
export function encryptBlock(schedule: usize, at: usize, work: usize): void {
  const block = work + BLOCK_AT;
  const rounds = roundsOf(schedule);
  memory.copy(block, at, 16);
  addKey(block, compactKey(schedule, 0));
  for (let round = 1; round < rounds; round++) {
    substitute(work);
    putColumns(
      block,
      mixColumn(shiftedColumn(block, 0)), mixColumn(shiftedColumn(block, 1)),
      mixColumn(shiftedColumn(block, 2)), mixColumn(shiftedColumn(block, 3)),
    );
    addKey(block, compactKey(schedule, round));
  }
  substitute(work);
  putColumns(
    at, shiftedColumn(block, 0), shiftedColumn(block, 1), shiftedColumn(block, 2), shiftedColumn(block, 3),
  );
  addKey(at, compactKey(schedule, rounds));
}

/** Adds a round key behind the first as it is, without the constant that stands in the schedule. */
// @ts-ignore: decorator
@inline function addPlainKey(at: usize, key: usize): void {
  store<u64>(at, load<u64>(at) ^ load<u64>(key) ^ CONSTANT);
  store<u64>(at, load<u64>(at, 8) ^ load<u64>(key, 8) ^ CONSTANT, 8);
}

/** Decrypts the 16 bytes at `at` in place. */
export function decryptBlock(schedule: usize, at: usize, work: usize): void {
  const block = work + BLOCK_AT;
  const rounds = roundsOf(schedule);
  memory.copy(block, at, 16);
  addPlainKey(block, compactKey(schedule, rounds));
  for (let round = rounds - 1; round > 0; round--) {
    unsubstitute(work);
    putColumns(
      block,
      unshiftedColumn(block, 0), unshiftedColumn(block, 1), unshiftedColumn(block, 2), unshiftedColumn(block, 3),
    );
    addPlainKey(block, compactKey(schedule, round));
    putColumns(
      block,
      unmixColumn(load<u32>(block)), unmixColumn(load<u32>(block, 4)),
      unmixColumn(load<u32>(block, 8)), unmixColumn(load<u32>(block, 12)),
    );
  }
  unsubstitute(work);
  putColumns(
    at, unshiftedColumn(block, 0), unshiftedColumn(block, 1), unshiftedColumn(block, 2), unshiftedColumn(block, 3),
  );
  addKey(at, compactKey(schedule, 0));
}
