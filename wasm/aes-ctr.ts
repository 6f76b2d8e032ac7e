import { blocksOf, get, put, xor } from './aes-vector';
import { compactKey, expandedKey, roundsOf } from './aes-key';
import { writeBlocks } from './aes-output';
import { mixState, subState } from './aes-rounds';
import { prepare, startGroup } from './aes-start';

/*
 * AES in counter mode (SP 800-38A, 6.5) for many ciphers in one call. The state of a cipher, in memory:
 *   0    counter block of the next group of blocks, big-endian; a multiple of the group's size
 *   16   where in the key stream the next byte comes from (u32); STREAM_BYTES: it is used up
 *   32   the prepared part of the first rounds, see aes-start.ts
 *   128  key stream of the last groups; what has been used is zero
 *
 * A cell is described by four u32: addresses of key schedule, state and data, length of the data.
 */

const POSITION_AT: usize = 16;
const PREPARED_AT: usize = 32;
const STREAM_AT: usize = 128;
const STREAM_BYTES: u32 = 512;
export const STATE_BYTES: i32 = 640;
const CELL_BYTES: usize = 16;

/** `work`: 40 vectors. The state of the rounds, then what the first rounds and the key schedule need. */
export const WORK_BYTES: i32 = 640;

/** What a batch leaves in `work` would give the key stream away. */
// @ts-ignore: decorator
@inline export function wipe(work: usize): void { memory.fill(work, 0, WORK_BYTES); }

/** Adds n to the counter, whose last byte is a multiple of n, and prepares when a new run of 256 blocks begins. */
function advance(state: usize, schedule: usize, n: i32, work: usize): void {
  const last = (load<u8>(state, 15) + n) & 0xff;
  store<u8>(state, last, 15);
  if (last) return;
  let carry: u32 = 1;
  for (let i = 14; i >= 0; i--) {
    carry += load<u8>(state + i);
    store<u8>(state + i, carry);
    carry >>= 8;
  }
  prepare(state + PREPARED_AT, schedule, state, work);
}

/** A group of blocks whose counters are prepared and begin with the last byte `from`, to `out`. */
export function encryptGroup<V>(schedule: usize, prepared: usize, from: u32, out: usize, work: usize): void {
  const rounds = roundsOf(schedule);
  startGroup<V>(prepared, from, work, work + 32 * sizeof<V>());
  for (let round = 3; round < rounds; round++) {
    subState<V>(work);
    mixState<V>(work, expandedKey<V>(schedule, round));
  }
  subState<V>(work);
  writeBlocks<V>(work, compactKey(schedule, rounds), out);
}

/** The key stream of the next group of blocks, to `out`. */
function makeGroup<V>(schedule: usize, state: usize, out: usize, work: usize): void {
  encryptGroup<V>(schedule, state + PREPARED_AT, load<u8>(state, 15), out, work);
  advance(state, schedule, blocksOf<V>(), work);
}

function makeStream<V>(schedule: usize, state: usize, work: usize): void {
  for (let done: u32 = 0; done < STREAM_BYTES; done += 16 * blocksOf<V>()) {
    makeGroup<V>(schedule, state, state + STREAM_AT + done, work);
  }
}

/** Sets a state to the counter block at `counter`. */
export function start<V>(state: usize, schedule: usize, counter: usize, work: usize): void {
  memory.copy(state, counter, 16);
  const blocks = STREAM_BYTES >> 4;
  const skipped = load<u8>(state, 15) & (blocks - 1);
  store<u8>(state, load<u8>(state, 15) - skipped, 15);
  prepare(state + PREPARED_AT, schedule, state, work);
  if (skipped) {
    makeStream<V>(schedule, state, work);
    memory.fill(state + STREAM_AT, 0, 16 * skipped);
  }
  store<u32>(state, skipped ? 16 * skipped : STREAM_BYTES, POSITION_AT);
}

/** Adds the key stream to the data, and wipes it. */
export function addStream<V>(data: usize, stream: usize, length: u32): void {
  const end = data + length;
  for (; data + sizeof<V>() <= end; data += sizeof<V>(), stream += sizeof<V>()) {
    put<V>(data, 0, xor<V>(get<V>(data, 0), get<V>(stream, 0)));
    put<V>(stream, 0, xor<V>(get<V>(stream, 0), get<V>(stream, 0)));
  }
  for (; data < end; data++, stream++) {
    store<u8>(data, load<u8>(data) ^ load<u8>(stream));
    store<u8>(stream, 0);
  }
}

function crypt<V>(schedule: usize, state: usize, data: usize, length: u32, work: usize): void {
  let position = load<u32>(state, POSITION_AT);
  while (length) {
    if (position == STREAM_BYTES) {
      makeStream<V>(schedule, state, work);
      position = 0;
    }
    const part = min<u32>(length, STREAM_BYTES - position);
    addStream<V>(data, state + STREAM_AT + position, part);
    data += part;
    length -= part;
    position += part;
  }
  store<u32>(state, position, POSITION_AT);
}

/** Encrypts or decrypts, in place, `count` cells, in their order. */
export function cryptBatch<V>(cells: usize, count: i32, work: usize): void {
  for (let i = 0; i < count; i++, cells += CELL_BYTES) {
    crypt<V>(
      load<u32>(cells), load<u32>(cells, 4), load<u32>(cells, 8), load<u32>(cells, 12), work,
    );
  }
  wipe(work);
}

/** Adds to the data of `count` cells the key stream whose address stands first, and wipes it. */
export function addStreams<V>(cells: usize, count: i32): void {
  for (let i = 0; i < count; i++, cells += CELL_BYTES) {
    addStream<V>(load<u32>(cells, 8), load<u32>(cells), load<u32>(cells, 12));
  }
}
