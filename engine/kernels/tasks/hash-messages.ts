import type { HashName, LaneHasher } from '../types.ts';
import { DIGEST_BYTES } from './message-list.ts';

/** The hashers of one thread: `wide` gains from several messages side by side, `single` is the best for one. */
export interface HasherPair {
  readonly wide: LaneHasher;
  readonly single: LaneHasher;
}

/** Walks over the bytes of one message, extent by extent. */
class Cursor {
  offset = 0;
  /** Bytes left in this extent. */
  left = 0;
  #packed: Uint32Array = new Uint32Array(0);
  #at = 0;
  #extents = 0;

  /** Begins at the message that lies at packed[at]. */
  open(packed: Uint32Array, at: number): void {
    this.#packed = packed;
    this.#at = at + 1;
    this.#extents = packed[at]!;
    this.left = 0;
    this.#next();
  }

  advance(byteLength: number): void {
    this.offset += byteLength;
    this.left -= byteLength;
    this.#next();
  }

  #next(): void {
    while (this.left === 0 && this.#extents > 0) {
      this.offset = this.#packed[this.#at]!;
      this.left = this.#packed[this.#at + 1]!;
      this.#at += 2;
      this.#extents -= 1;
    }
  }
}

/** Hashes lists of messages in the calling thread, as many side by side as the hasher has lanes. */
export class MessageHasher {
  readonly #pair: HasherPair;
  readonly #digestBytes: number;
  readonly #cursors: readonly Cursor[];
  readonly #offsets: number[];
  readonly #scratch: Uint8Array;

  constructor(name: HashName, pair: HasherPair) {
    this.#pair = pair;
    this.#digestBytes = DIGEST_BYTES[name];
    this.#cursors = Array.from({ length: pair.wide.lanes }, () => new Cursor());
    this.#offsets = new Array<number>(pair.wide.lanes).fill(0);
    this.#scratch = new Uint8Array(pair.wide.lanes * this.#digestBytes);
  }

  /** Hashes all messages of `packed` (see `packMessages`); digest i goes to out[i × digest length …]. */
  run(packed: Uint32Array, out: Uint8Array): void {
    if (this.#pair.wide.lanes === 1) {
      this.#runSingly(packed, out);
      return;
    }
    // Lanes advance together, so only messages of one length go side by side. Equal lengths are the rule: all
    // pieces of a torrent but the last.
    const waiting = new Map<number, number[]>();
    let index = 0;
    for (let at = 0; at < packed.length; at += 1 + 2 * packed[at]!) {
      const byteLength = packedMessageBytes(packed, at);
      let group = waiting.get(byteLength);
      if (group === undefined) {
        group = [];
        waiting.set(byteLength, group);
      }
      group.push(at, index);
      index += 1;
      if (group.length === 2 * this.#pair.wide.lanes) {
        this.#hashGroup(this.#pair.wide, packed, group, byteLength, out);
        waiting.delete(byteLength);
      }
    }
    for (const [byteLength, group] of waiting) {
      // Two lanes of four still beat two runs of one.
      const hasher = group.length === 2 ? this.#pair.single : this.#pair.wide;
      this.#hashGroup(hasher, packed, group, byteLength, out);
    }
  }

  #runSingly(packed: Uint32Array, out: Uint8Array): void {
    let index = 0;
    for (let at = 0; at < packed.length; at += 1 + 2 * packed[at]!) {
      this.#hashGroup(this.#pair.single, packed, [at, index], packedMessageBytes(packed, at), out);
      index += 1;
    }
  }

  /** `group` holds place and index of each message in turn. */
  #hashGroup(
    hasher: LaneHasher,
    packed: Uint32Array,
    group: readonly number[],
    byteLength: number,
    out: Uint8Array,
  ) {
    const count = group.length / 2;
    for (let lane = 0; lane < count; lane += 1) this.#cursors[lane]!.open(packed, group[2 * lane]!);
    let left = byteLength;
    while (left > 0) {
      let step = left;
      for (let lane = 0; lane < count; lane += 1) {
        const cursor = this.#cursors[lane]!;
        this.#offsets[lane] = cursor.offset;
        if (cursor.left < step) step = cursor.left;
      }
      hasher.update(this.#offsets, count, step);
      for (let lane = 0; lane < count; lane += 1) this.#cursors[lane]!.advance(step);
      left -= step;
    }
    hasher.digest(count, this.#scratch);
    for (let lane = 0; lane < count; lane += 1) {
      const from = lane * this.#digestBytes;
      out.set(
        this.#scratch.subarray(from, from + this.#digestBytes),
        group[2 * lane + 1]! * this.#digestBytes,
      );
    }
  }
}

function packedMessageBytes(packed: Uint32Array, at: number): number {
  const end = at + 1 + 2 * packed[at]!;
  let byteLength = 0;
  for (let place = at + 2; place < end; place += 2) byteLength += packed[place]!;
  return byteLength;
}
