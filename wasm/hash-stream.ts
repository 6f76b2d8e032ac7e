/*
 * SHA-1 and SHA-256 of messages that arrive part by part (FIPS 180-4 §5.1, §6), for one message or for four of one
 * length side by side. A context, 704 bytes at an address the host reserves:
 *
 *     0  state: word after word, in each word lane after lane
 *   128  for each lane two blocks: what has not filled a block yet, and at the end the padding
 *   640  which hash, lanes, bytes waiting in each lane, bytes of each message so far
 */
import { sha1Table, sha256Table, startWords } from './hash-table';
import { sha1Lanes } from './sha1-lanes';
import { sha1Single } from './sha1-single';
import { sha256Lanes } from './sha256-lanes';
import { sha256Single } from './sha256-single';

/** As the host numbers them. */
const SHA1 = 1;
const BLOCK: usize = 64;
const PARTIAL_AT: usize = 128;
const PARTIAL_STRIDE: usize = 2 * BLOCK;
const HASH_AT: usize = 640;
const LANES_AT: usize = 644;
const WAITING_AT: usize = 648;
const TOTAL_AT: usize = 656;

// @ts-ignore: decorator
@inline
function wordsOf(hash: i32): i32 {
  return hash == SHA1 ? 5 : 8;
}

/** Makes a context: `hash` 1 is SHA-1, 2 SHA-256; `lanes` 1 or, in the build with SIMD, 4. */
export function hashStart(context: usize, hash: i32, lanes: i32): void {
  store<i32>(context + HASH_AT, hash);
  store<i32>(context + LANES_AT, lanes);
  store<u32>(context + WAITING_AT, 0);
  store<u64>(context + TOTAL_AT, 0);
  const start = startWords(hash == SHA1);
  let at = context;
  for (let word = 0; word < wordsOf(hash); word++) {
    const value = load<u32>(start + 4 * word);
    for (let lane = 0; lane < lanes; lane++, at += 4) store<u32>(at, value);
  }
}

/** Advances the messages by `byteLength` bytes at p0 … p3, at any alignment; of one lane only p0 counts. */
export function hashUpdate(
  context: usize, p0: usize, p1: usize, p2: usize, p3: usize, byteLength: usize
): void {
  store<u64>(context + TOTAL_AT, load<u64>(context + TOTAL_AT) + <u64>byteLength);
  let done: usize = 0;
  const waiting: usize = load<u32>(context + WAITING_AT);
  if (waiting > 0) {
    done = min<usize>(BLOCK - waiting, byteLength);
    keep(context, waiting, p0, p1, p2, p3, done);
    store<u32>(context + WAITING_AT, <u32>((waiting + done) % BLOCK));
    if (waiting + done < BLOCK) return;
    compressPartial(context, 1);
  }
  const blocks = (byteLength - done) / BLOCK;
  if (blocks > 0) {
    compress(context, p0 + done, p1 + done, p2 + done, p3 + done, <i32>blocks);
    done += blocks * BLOCK;
  }
  const rest = byteLength - done;
  keep(context, 0, p0 + done, p1 + done, p2 + done, p3 + done, rest);
  store<u32>(context + WAITING_AT, <u32>rest);
}

/** Ends the messages; their digests, 20 or 32 bytes each, go to `out` in turn. The context starts anew. */
export function hashDigest(context: usize, out: usize): void {
  const hash = load<i32>(context + HASH_AT);
  const lanes = load<i32>(context + LANES_AT);
  const waiting: usize = load<u32>(context + WAITING_AT);
  const bits = load<u64>(context + TOTAL_AT) << 3;
  const blocks: usize = waiting < 56 ? 1 : 2;
  for (let lane = 0; lane < lanes; lane++) {
    const partial = context + PARTIAL_AT + <usize>lane * PARTIAL_STRIDE;
    store<u8>(partial + waiting, 0x80);
    memory.fill(partial + waiting + 1, 0, blocks * BLOCK - waiting - 9);
    store<u64>(partial + blocks * BLOCK - 8, bswap<u64>(bits));
  }
  compressPartial(context, <i32>blocks);
  for (let lane = 0; lane < lanes; lane++) {
    for (let word = 0; word < wordsOf(hash); word++, out += 4) {
      store<u32>(out, bswap<u32>(load<u32>(context + 4 * (word * lanes + lane))));
    }
  }
  hashStart(context, hash, lanes);
}

function keep(
  context: usize, at: usize, p0: usize, p1: usize, p2: usize, p3: usize, byteLength: usize
): void {
  if (byteLength == 0) return;
  const to = context + PARTIAL_AT + at;
  memory.copy(to, p0, byteLength);
  if (load<i32>(context + LANES_AT) == 1) return;
  memory.copy(to + PARTIAL_STRIDE, p1, byteLength);
  memory.copy(to + 2 * PARTIAL_STRIDE, p2, byteLength);
  memory.copy(to + 3 * PARTIAL_STRIDE, p3, byteLength);
}

function compressPartial(context: usize, blocks: i32): void {
  const p = context + PARTIAL_AT;
  compress(context, p, p + PARTIAL_STRIDE, p + 2 * PARTIAL_STRIDE, p + 3 * PARTIAL_STRIDE, blocks);
}

function compress(context: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32): void {
  const sha1 = load<i32>(context + HASH_AT) == SHA1;
  // Decided when compiling: the build without SIMD contains no vectors.
  if (ASC_FEATURE_SIMD) {
    if (load<i32>(context + LANES_AT) == 4) {
      if (sha1) sha1Lanes(context, sha1Table(), p0, p1, p2, p3, blocks);
      else sha256Lanes(context, sha256Table(), p0, p1, p2, p3, blocks);
      return;
    }
  }
  if (sha1) sha1Single(context, sha1Table(), p0, blocks);
  else sha256Single(context, sha256Table(), p0, blocks);
}
