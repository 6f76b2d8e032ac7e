import { sha1Table, startWords } from './hash-table';
import { BODY_BYTES } from './relay-cell';
import { sha1Single } from './sha1-single';

/*
 * The running digest of tor1 (tor-spec, relay crypto): SHA-1 over a seed and all cells of one direction of one hop,
 * each with its digest field zero. It is looked at after every cell and goes on; a cell that turns out to be for
 * someone else must leave no trace. So a cell is first tried: `tryCell` leaves in `work` what `keepCell` takes over.
 *
 * In the state of a direction:
 *   64   state of SHA-1: five words
 *   88   bytes so far (u64)
 *   128  what has not filled a block yet, 64 bytes
 *
 * In `work`, 768 bytes:
 *   0    the digest after the cell, 20 bytes
 *   32   the state to go on with
 *   64   waiting bytes, the cell, padding: at most ten blocks
 */

const STATE_AT: usize = 64;
const TOTAL_AT: usize = 88;
const PARTIAL_AT: usize = 128;
const DIGEST_FIELD: usize = 5;
const STATE_BYTES: usize = 20;
const BLOCK: usize = 64;

const NEXT_AT: usize = 32;
const BUFFER_AT: usize = 64;
export const DIGEST_WORK_BYTES: usize = 768;

/** Begins with the seed, 20 bytes. */
export function seedDigest(direction: usize, seed: usize): void {
  memory.copy(direction + STATE_AT, startWords(true), STATE_BYTES);
  store<u64>(direction, STATE_BYTES, TOTAL_AT);
  memory.copy(direction + PARTIAL_AT, seed, STATE_BYTES);
}

// @ts-ignore: decorator
@inline function waitingBytes(direction: usize): usize { return (load<u64>(direction, TOTAL_AT) as usize) & (BLOCK - 1); }

/** Works out the digest after this cell, which has zeros in its digest field. */
function tryCell(direction: usize, body: usize, work: usize): void {
  const waiting = waitingBytes(direction);
  const buffer = work + BUFFER_AT;
  memory.copy(buffer, direction + PARTIAL_AT, BLOCK);
  memory.copy(buffer + waiting, body, BODY_BYTES);
  const filled = waiting + BODY_BYTES;
  const rest = filled & (BLOCK - 1);
  const tail = buffer + filled - rest;
  memory.copy(work + NEXT_AT, direction + STATE_AT, STATE_BYTES);
  sha1Single(work + NEXT_AT, sha1Table(), buffer, (filled / BLOCK) as i32);
  memory.copy(work, work + NEXT_AT, STATE_BYTES);
  const blocks: usize = rest < 56 ? 1 : 2;
  memory.fill(tail + rest, 0, blocks * BLOCK - rest);
  store<u8>(tail + rest, 0x80);
  const bits = (load<u64>(direction, TOTAL_AT) + BODY_BYTES) << 3;
  store<u64>(tail + blocks * BLOCK - 8, bswap<u64>(bits));
  sha1Single(work, sha1Table(), tail, blocks as i32);
  for (let at = work; at < work + STATE_BYTES; at += 4) store<u32>(at, bswap<u32>(load<u32>(at)));
}

function keepCell(direction: usize, work: usize, tag: usize): void {
  const filled = waitingBytes(direction) + BODY_BYTES;
  memory.copy(direction + STATE_AT, work + NEXT_AT, STATE_BYTES);
  memory.copy(direction + PARTIAL_AT, work + BUFFER_AT + (filled & ~(BLOCK - 1)), BLOCK);
  store<u64>(direction, load<u64>(direction, TOTAL_AT) + BODY_BYTES, TOTAL_AT);
  memory.copy(tag, work, STATE_BYTES);
}

/** Whether the cell in the clear is for this hop; if so the digest goes on and is left at `tag`. */
// @ts-ignore: decorator
@inline export function isRecognised(direction: usize, body: usize, tag: usize, work: usize): bool {
  return load<u16>(body, 1) == 0 && hasDigest(direction, body, tag, work);
}

function hasDigest(direction: usize, body: usize, tag: usize, work: usize): bool {
  const digest = load<u32>(body, DIGEST_FIELD);
  store<u32>(body, 0, DIGEST_FIELD);
  tryCell(direction, body, work);
  store<u32>(body, digest, DIGEST_FIELD);
  if (load<u32>(work) != digest) return false;
  keepCell(direction, work, tag);
  return true;
}

/** Sets the recognised and digest fields of a cell in the clear; the whole digest is left at `tag`. */
export function setDigest(direction: usize, body: usize, tag: usize, work: usize): void {
  store<u16>(body, 0, 1);
  store<u32>(body, 0, DIGEST_FIELD);
  tryCell(direction, body, work);
  store<u32>(body, load<u32>(work), DIGEST_FIELD);
  keepCell(direction, work, tag);
}
