import { decryptBlock, encryptBlock } from './aes-block';
import { decryptVector, encryptVector } from './aes-swizzle';
import { addStream, encryptGroup } from './aes-ctr';
import { expandTwo, spreadKeys } from './aes-key';
import { prepare } from './aes-start';
import { blocksOf } from './aes-vector';
import { PREPARED_KEY_BYTES, polyval, prepareKey, prepareOne } from './polyval';
import { makeTables, polyvalFours } from './polyval-swizzle';
import { KIND_AT, KIND_CGO } from './relay-cell';

/*
 * Counter Galois Onion (proposal 359): a cell is one wide block, a tag of 16 bytes and the rest of 493. UIV+ with two
 * keys: J, a tweaked block cipher for the tag, whose tweak is the last tag, the command and the rest; and S, a stream
 * for the rest that begins where the new tag says. The state of a direction:
 *   0    where the next counter blocks go (u32), when the stream is made elsewhere
 *   4    1: it is made elsewhere, 2: here; 0 once the keys are renewed (u32)
 *   12   which cipher (u32), as in every direction
 *   16   nonce: the tag of a cell that is for this hop
 *   32   the tag of the last cell, tweak of the next
 *   64   compact AES schedule of J
 *   256  compact AES schedule of S
 *   448  prepared POLYVAL key of J
 *   640  prepared POLYVAL key of S, of which only the last power is there
 *   832  end
 *
 * `work`, 7488 bytes:
 *   0     the rounds of AES
 *   640   the prepared first rounds of the counters of a cell
 *   704   the first counter block
 *   720   mask of the tag
 *   736   the tag before decryption
 *   768   one block of AES
 *   896   the direction whose schedule lies at 2048 (u32)
 *   900   the direction whose tables lie at 6464 (u32)
 *   1024  stream: 32 blocks for the cell, of which the last is the first for new keys, and 4 more for these
 *   2048  schedule of S, expanded
 *   5952  what the mask is made of: 32 blocks
 *   6464  tables of the POLYVAL key of J, in the SIMD build
 */

export const CGO_STATE_BYTES: i32 = 832;
export const CGO_WORK_BYTES: i32 = 7488;

const COUNTERS_AT: usize = 0;
const ELSEWHERE_AT: usize = 4;
const NONCE_AT: usize = 16;
const TWEAK_AT: usize = 32;
const J_AT: usize = 64;
const S_AT: usize = 256;
const J_HASH_AT: usize = 448;
const S_HASH_AT: usize = J_HASH_AT + PREPARED_KEY_BYTES;
const SCHEDULE_BYTES: usize = 192;

const PREPARED_AT: usize = 640;
const COUNTER_AT: usize = 704;
const MASK_AT: usize = 720;
const OLD_TAG_AT: usize = 736;
const BLOCK_AT: usize = 768;
const OWNER_AT: usize = 896;
const STREAM_AT: usize = 1024;
const EXPANDED_AT: usize = 2048;
const MESSAGE_AT: usize = 5952;
const TABLES_OWNER_AT: usize = 900;
const TABLES_AT: usize = 6464;

const TAG_BYTES: usize = 16;
const REST_BYTES: u32 = 493;
const STREAM_BLOCKS: i32 = 32;
/** Counter blocks, and then stream, of one cell that is made elsewhere. */
const COUNTERS_BYTES: usize = 496;
/** Where in the stream new keys begin: at block 31. */
const NEW_KEYS_AT: usize = STREAM_AT + 496;

/** Keys and nonce from 80 bytes of key material. */
function setKeys(direction: usize, material: usize, work: usize): void {
  expandTwo(direction + J_AT, material, direction + S_AT, material + 32, work);
  prepareKey(direction + J_HASH_AT, material + 16, work);
  prepareOne(direction + S_HASH_AT, material + 48);
  memory.copy(direction + NONCE_AT, material + 64, TAG_BYTES);
}

/** Begins a direction with 80 bytes of key material. */
export function startCgo(direction: usize, material: usize, work: usize): void {
  memory.fill(direction, 0, CGO_STATE_BYTES);
  store<u32>(direction, KIND_CGO, KIND_AT);
  setKeys(direction, material, work);
}

// @ts-ignore: decorator
@inline function addBlock(at: usize, other: usize): void {
  store<u64>(at, load<u64>(at) ^ load<u64>(other));
  store<u64>(at, load<u64>(at, 8) ^ load<u64>(other, 8), 8);
}

/** POLYVAL of last tag, command and rest, padded with zeros to 32 blocks. */
function makeMask<V>(direction: usize, body: usize, command: u32, work: usize): void {
  const message = work + MESSAGE_AT;
  memory.copy(message, direction + TWEAK_AT, TAG_BYTES);
  store<u8>(message, command, TAG_BYTES);
  memory.copy(message + TAG_BYTES + 1, body + TAG_BYTES, REST_BYTES);
  store<u16>(message, 0, 510);
  const hash = direction + J_HASH_AT;
  if (isVector<V>()) {
    const tables = work + TABLES_AT;
    if (load<u32>(work, TABLES_OWNER_AT) != (direction as u32)) {
      makeTables(tables, hash, work);
      store<u32>(work, direction as u32, TABLES_OWNER_AT);
    }
    polyvalFours(work + MASK_AT, tables, message, 32, work);
  } else {
    polyval(work + MASK_AT, hash, message, 32);
  }
}

/** The counter block that `input`, 16 bytes, stands for. */
// @ts-ignore: decorator
@inline function makeCounter(direction: usize, input: usize, counter: usize): u32 {
  polyval(counter, direction + S_HASH_AT, input, 1);
  const from: u32 = load<u8>(counter, 15) & 0xc0;
  store<u8>(counter, from, 15);
  return from;
}

/** Encrypts or decrypts the rest with the stream that begins where `input`, 16 bytes, says. */
function cryptRest<V>(direction: usize, input: usize, body: usize, work: usize): void {
  const counter = work + COUNTER_AT;
  const from = makeCounter(direction, input, counter);
  const schedule = work + EXPANDED_AT;
  if (load<u32>(work, OWNER_AT) != (direction as u32)) {
    memory.copy(schedule, direction + S_AT, SCHEDULE_BYTES);
    spreadKeys<V>(schedule);
    store<u32>(work, direction as u32, OWNER_AT);
  }
  prepare(work + PREPARED_AT, schedule, counter, work);
  for (let block = 0; block < STREAM_BLOCKS; block += blocksOf<V>()) {
    encryptGroup<V>(schedule, work + PREPARED_AT, from + block, work + STREAM_AT + 16 * block, work);
  }
  addStream<V>(body + TAG_BYTES, work + STREAM_AT, REST_BYTES);
}

// @ts-ignore: decorator
@inline export function isElsewhere(direction: usize): bool { return load<u32>(direction, ELSEWHERE_AT) == 1; }

/** Writes the counter blocks of a cell whose stream is made elsewhere, and says where. */
export function putCounters(direction: usize, input: usize, work: usize): usize {
  const counter = work + COUNTER_AT;
  makeCounter(direction, input, counter);
  const at: usize = load<u32>(direction, COUNTERS_AT);
  const low = load<u64>(counter), high = load<u64>(counter, 8);
  for (let block: usize = 0; block < COUNTERS_BYTES / 16; block++) {
    store<u64>(at + 16 * block, low);
    store<u64>(at + 16 * block, high | ((block as u64) << 56), 8);
  }
  store<u32>(direction, (at + COUNTERS_BYTES) as u32, COUNTERS_AT);
  return at;
}

/** Adds a stream made elsewhere to the rest of a cell, and wipes it. */
export function addElsewhere<V>(body: usize, stream: usize): void {
  addStream<V>(body + TAG_BYTES, stream, REST_BYTES);
  memory.fill(stream, 0, COUNTERS_BYTES);
}

/** Encrypts the blocks from number `first` on of the stream whose counter block lies in `work`, to `out`, one by one. */
function encryptSome<V>(direction: usize, first: u32, count: u32, out: usize, work: usize): void {
  const counter = work + COUNTER_AT;
  for (const end = first + count; first < end; first++, out += 16) {
    memory.copy(out, counter, 16);
    store<u8>(out, load<u8>(counter, 15) + first, 15);
    if (isVector<V>()) encryptVector(direction + S_AT, out);
    else encryptBlock(direction + S_AT, out, work + BLOCK_AT);
  }
}

function takeNewKeys(direction: usize, work: usize): void {
  setKeys(direction, work + NEW_KEYS_AT, work);
  store<u32>(work, 0, OWNER_AT);
  store<u32>(work, 0, TABLES_OWNER_AT);
  store<u32>(direction, 0, ELSEWHERE_AT);
}

/**
 * New keys and a new nonce, from the stream at block 31 on. The nonce that the stream should begin with has always
 * just been the input of `cryptRest`, so this goes on where that stopped.
 */
export function renewKeys<V>(direction: usize, work: usize): void {
  const out = work + STREAM_AT + 16 * STREAM_BLOCKS;
  if (isVector<V>()) {
    // Four blocks alone cost less than the group of 32 that they begin.
    encryptSome<V>(direction, STREAM_BLOCKS, 4, out, work);
  } else {
    const from: u32 = load<u8>(work + COUNTER_AT, 15);
    encryptGroup<V>(work + EXPANDED_AT, work + PREPARED_AT, from + STREAM_BLOCKS, out, work);
  }
  takeNewKeys(direction, work);
}

/** The same behind `decryptElsewhere`. */
export function renewKeysElsewhere<V>(direction: usize, work: usize): void {
  makeCounter(direction, work + OLD_TAG_AT, work + COUNTER_AT);
  encryptSome<V>(direction, STREAM_BLOCKS - 1, 5, work + NEW_KEYS_AT, work);
  takeNewKeys(direction, work);
}

/** The tag of a cell at a relay, in either direction: the first half of what is done to it. */
export function encryptTag<V>(direction: usize, body: usize, command: u32, work: usize): void {
  const mask = work + MASK_AT;
  makeMask<V>(direction, body, command, work);
  addBlock(body, mask);
  if (isVector<V>()) encryptVector(direction + J_AT, body);
  else encryptBlock(direction + J_AT, body, work + BLOCK_AT);
  addBlock(body, mask);
  memory.copy(direction + TWEAK_AT, body, TAG_BYTES);
}

/** The rest of a cell at a relay, whose tag is encrypted: tampering garbles all of it. */
// @ts-ignore: decorator
@inline export function encryptRest<V>(direction: usize, body: usize, work: usize): void {
  cryptRest<V>(direction, body, body, work);
}

/** The tag of a cell at a client, whose rest is decrypted already. */
function decryptTag<V>(direction: usize, body: usize, command: u32, work: usize): void {
  const mask = work + MASK_AT;
  makeMask<V>(direction, body, command, work);
  addBlock(body, mask);
  if (isVector<V>()) decryptVector(direction + J_AT, body);
  else decryptBlock(direction + J_AT, body, work + BLOCK_AT);
  addBlock(body, mask);
  memory.copy(direction + TWEAK_AT, work + OLD_TAG_AT, TAG_BYTES);
}

/** What a client does to a cell, in either direction. */
export function decryptCell<V>(direction: usize, body: usize, command: u32, work: usize): void {
  memory.copy(work + OLD_TAG_AT, body, TAG_BYTES);
  cryptRest<V>(direction, body, body, work);
  decryptTag<V>(direction, body, command, work);
}

/** The same with the next stream made elsewhere, in the order in which counter blocks were put. */
export function decryptElsewhere<V>(direction: usize, body: usize, command: u32, work: usize): void {
  const stream: usize = load<u32>(direction, COUNTERS_AT);
  store<u32>(direction, (stream + COUNTERS_BYTES) as u32, COUNTERS_AT);
  memory.copy(work + OLD_TAG_AT, body, TAG_BYTES);
  addElsewhere<V>(body, stream);
  decryptTag<V>(direction, body, command, work);
}

/** Whether the cell carries the nonce, and so is for this hop or from it. Takes the same time for every tag. */
// @ts-ignore: decorator
@inline export function hasNonce(direction: usize, body: usize): bool {
  const low = load<u64>(body) ^ load<u64>(direction, NONCE_AT);
  const high = load<u64>(body, 8) ^ load<u64>(direction, NONCE_AT + 8);
  return (low | high) == 0;
}

// @ts-ignore: decorator
@inline export function putNonce(direction: usize, body: usize): void {
  memory.copy(body, direction + NONCE_AT, TAG_BYTES);
}

/** The tag that a cell from the client has on the wire to the hop it is for: what a SENDME for it carries. */
// @ts-ignore: decorator
@inline export function sentTag(body: usize, tag: usize): void {
  memory.copy(tag, body, TAG_BYTES);
}

/** The tag of the last cell towards the client: what an authenticated SENDME for it carries. */
// @ts-ignore: decorator
@inline export function copyTag(direction: usize, tag: usize): void {
  memory.copy(tag, direction + TWEAK_AT, TAG_BYTES);
}
