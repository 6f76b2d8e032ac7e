import type { LaneHashers, WholeHasher } from '../lane-hasher.ts';
import { NativeLaneHasher } from '../lane-hasher-native.ts';
import { HASH_BYTES } from '../sha.ts';

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
  readonly #hashers: LaneHashers;
  /** From so many messages on they go side by side. */
  readonly #wideCountMin: number;
  readonly #digestBytes: number;
  readonly #cursors: readonly Cursor[];
  readonly #offsets: number[];
  readonly #scratch: Uint8Array;

  constructor(hashers: LaneHashers) {
    this.#hashers = hashers;
    // A native hash does two or three messages in less time than the kernel does four, with lanes idle or not.
    this.#wideCountMin = hashers.single instanceof NativeLaneHasher ? hashers.wide.lanes : 2;
    this.#digestBytes = HASH_BYTES[hashers.name];
    this.#cursors = Array.from({ length: hashers.wide.lanes }, () => new Cursor());
    this.#offsets = new Array<number>(hashers.wide.lanes).fill(0);
    this.#scratch = new Uint8Array(hashers.wide.lanes * this.#digestBytes);
  }

  /** Hashes all messages of `packed` (see `packMessages`); digest i goes to out[i × digest length …]. */
  run(packed: Uint32Array, out: Uint8Array): void {
    const { wide } = this.#hashers;
    if (wide.lanes === 1) {
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
      if (group.length === 2 * wide.lanes) {
        this.#hashGroup(wide, packed, group, byteLength, out);
        waiting.delete(byteLength);
      }
    }
    for (const [byteLength, group] of waiting) {
      if (group.length >= 2 * this.#wideCountMin) this.#hashGroup(wide, packed, group, byteLength, out);
      else
        for (let at = 0; at < group.length; at += 2) this.#hashOne(packed, group[at]!, group[at + 1]!, out);
    }
  }

  #runSingly(packed: Uint32Array, out: Uint8Array): void {
    let index = 0;
    for (let at = 0; at < packed.length; at += 1 + 2 * packed[at]!) {
      this.#hashOne(packed, at, index, out);
      index += 1;
    }
  }

  #hashOne(packed: Uint32Array, at: number, index: number, out: Uint8Array): void {
    const { single } = this.#hashers;
    if (packed[at] !== 1) {
      this.#hashGroup(single, packed, [at, index], packedMessageBytes(packed, at), out);
      return;
    }
    this.#offsets[0] = packed[at + 1]!;
    single.whole(this.#offsets, 1, packed[at + 2]!, this.#scratch);
    this.#deliver(0, index, out);
  }

  /** `group` holds place and index of each message in turn. */
  #hashGroup(
    hasher: WholeHasher,
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
    for (let lane = 0; lane < count; lane += 1) this.#deliver(lane, group[2 * lane + 1]!, out);
  }

  #deliver(lane: number, index: number, out: Uint8Array): void {
    const from = lane * this.#digestBytes;
    out.set(this.#scratch.subarray(from, from + this.#digestBytes), index * this.#digestBytes);
  }
}

function packedMessageBytes(packed: Uint32Array, at: number): number {
  const end = at + 1 + 2 * packed[at]!;
  let byteLength = 0;
  for (let place = at + 2; place < end; place += 2) byteLength += packed[place]!;
  return byteLength;
}
