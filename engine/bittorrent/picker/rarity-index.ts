import type { Random } from '../../runtime/port.ts';
import type { PieceIndex } from '../units.ts';
import type { PickerPeer } from './picker-peer.ts';
import { type PiecePriority, PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_SKIP } from './types.ts';

/** Pieces with this many holders or more are equally common. */
const BUCKETS = 256;
/** A peer with fewer than one in this many of the pieces in the index is searched from its side in the end. */
const SPARSE = 8;
/** Pieces looked at before that. */
const PROBES_MAX = 512;

/**
 * The pieces nobody has begun, in buckets by priority and by how many peers hold them. A piece knows its place, so
 * that a change of its availability moves it to the next bucket in constant time. Seeders hold everything and
 * change no order, so they are not counted here.
 */
export class RarityIndex {
  readonly #random: Random;
  readonly #holders: Uint16Array;
  readonly #priorities: Uint8Array;
  readonly #buckets: number[][] = [];
  /** Place in its bucket, -1: not in the index. */
  readonly #places: Int32Array;
  /** The pieces in the index, in the form of a bitfield. */
  readonly #members: Uint8Array;
  readonly #levelCounts = [0, 0, 0, 0];

  constructor(pieceCount: number, random: Random) {
    this.#random = random;
    this.#holders = new Uint16Array(pieceCount);
    this.#priorities = new Uint8Array(pieceCount).fill(PRIORITY_NORMAL);
    this.#places = new Int32Array(pieceCount).fill(-1);
    this.#members = new Uint8Array(Math.ceil(pieceCount / 8));
    for (let index = 0; index < (PRIORITY_HIGH + 1) * BUCKETS; index++) this.#buckets.push([]);
  }

  /** Pieces in the index; those not wanted are never in it. */
  get count(): number {
    return this.#levelCounts[1]! + this.#levelCounts[2]! + this.#levelCounts[3]!;
  }

  /** Pieces in the index that at least one peer, not counting seeders, holds. */
  get heldCount(): number {
    let unheld = 0;
    for (let level = 1; level <= PRIORITY_HIGH; level++) unheld += this.#buckets[level * BUCKETS]!.length;
    return this.count - unheld;
  }

  holdersOf(piece: PieceIndex): number {
    return this.#holders[piece]!;
  }

  priorityOf(piece: PieceIndex): PiecePriority {
    return this.#priorities[piece] as PiecePriority;
  }

  /** Puts a piece in, unless it is not wanted. */
  add(piece: PieceIndex): void {
    const priority = this.#priorities[piece]!;
    if (priority === PRIORITY_SKIP || this.#places[piece]! >= 0) return;
    this.#levelCounts[priority]!++;
    this.#members[piece >>> 3]! |= 0x80 >>> (piece & 7);
    this.#push(piece);
  }

  remove(piece: PieceIndex): void {
    if (this.#places[piece]! < 0) return;
    this.#levelCounts[this.#priorities[piece]!]!--;
    this.#members[piece >>> 3]! &= ~(0x80 >>> (piece & 7));
    this.#take(piece);
    this.#places[piece] = -1;
  }

  /** One peer more (1) or less (-1) holds the piece. */
  addHolder(piece: PieceIndex, change: 1 | -1): void {
    const before = this.#holders[piece]!;
    const isIn = this.#places[piece]! >= 0 && before < BUCKETS - (change === 1 ? 1 : 0);
    if (isIn) this.#take(piece);
    this.#holders[piece] = before + change;
    if (isIn) this.#push(piece);
  }

  /** The caller puts the piece back with {@link add}. */
  setPriority(piece: PieceIndex, priority: PiecePriority): void {
    this.remove(piece);
    this.#priorities[piece] = priority;
  }

  /** The rarest piece of the highest priority that `peer` has, ties by chance; -1: none. */
  rarest(peer: PickerPeer): PieceIndex | -1 {
    const isSparse = !peer.isSeed && peer.wantedCount * SPARSE < this.count;
    let probed = 0;
    for (let level = PRIORITY_HIGH; level > PRIORITY_SKIP; level--) {
      if (this.#levelCounts[level] === 0) continue;
      // What no peer but the seeders holds, this peer does not hold either.
      for (let holders = peer.isSeed ? 0 : 1; holders < BUCKETS; holders++) {
        const bucket = this.#buckets[level * BUCKETS + holders]!;
        if (bucket.length === 0) continue;
        const piece = scan(bucket, this.#random.below(bucket.length), peer);
        if (piece >= 0) return piece as PieceIndex;
        probed += bucket.length;
        if (isSparse && probed > PROBES_MAX) return this.#rarestOfFew(peer);
      }
    }
    return -1;
  }

  /** Any piece of the highest priority that `peer` has, by chance; -1: none. */
  random(peer: PickerPeer): PieceIndex | -1 {
    for (let level = PRIORITY_HIGH; level > PRIORITY_SKIP; level--) {
      const count = this.#levelCounts[level]!;
      if (count === 0) continue;
      let skip = this.#random.below(count);
      let first = level * BUCKETS;
      while (skip >= this.#buckets[first]!.length) skip -= this.#buckets[first++]!.length;
      for (let turn = 0; turn < BUCKETS; turn++) {
        const bucket = this.#buckets[level * BUCKETS + ((first - level * BUCKETS + turn) % BUCKETS)]!;
        const start = turn === 0 ? skip : 0;
        if (bucket.length === 0) continue;
        const piece = scan(bucket, start, peer);
        if (piece >= 0) return piece as PieceIndex;
      }
    }
    return -1;
  }

  /** The first piece of the highest priority that `peer` has; -1: none. */
  first(peer: PickerPeer): PieceIndex | -1 {
    for (let level = PRIORITY_HIGH; level > PRIORITY_SKIP; level--) {
      const piece = this.#levelCounts[level] === 0 ? -1 : this.#firstAt(level, peer);
      if (piece >= 0) return piece as PieceIndex;
    }
    return -1;
  }

  #firstAt(level: number, peer: PickerPeer): number {
    const members = this.#members;
    const have = peer.isSeed ? members : peer.have.bytes;
    for (let index = 0; index < members.length; index++) {
      for (let byte = members[index]! & have[index]!; byte !== 0; ) {
        const bit = Math.clz32(byte) - 24;
        if (this.#priorities[index * 8 + bit] === level) return index * 8 + bit;
        byte &= ~(0x80 >>> bit);
      }
    }
    return -1;
  }

  #rarestOfFew(peer: PickerPeer): PieceIndex | -1 {
    let bestKey = -1;
    let best: number[] = [];
    this.#eachOf(peer, (piece) => {
      const key = this.#bucketOf(piece);
      const isBetter =
        bestKey < 0 ||
        key >>> 8 > bestKey >>> 8 ||
        (key >>> 8 === bestKey >>> 8 && (key & 255) < (bestKey & 255));
      if (isBetter) {
        bestKey = key;
        best = [piece];
      } else if (key === bestKey) best.push(piece);
    });
    return best.length === 0 ? -1 : (best[this.#random.below(best.length)]! as PieceIndex);
  }

  /** Calls `visit` with every piece in the index that `peer` has, ascending. */
  #eachOf(peer: PickerPeer, visit: (piece: number) => void): void {
    const members = this.#members;
    const have = peer.isSeed ? members : peer.have.bytes;
    for (let index = 0; index < members.length; index++) {
      let byte = members[index]! & have[index]!;
      while (byte !== 0) {
        const bit = Math.clz32(byte) - 24;
        visit(index * 8 + bit);
        byte &= ~(0x80 >>> bit);
      }
    }
  }

  #bucketOf(piece: number): number {
    return this.#priorities[piece]! * BUCKETS + Math.min(this.#holders[piece]!, BUCKETS - 1);
  }

  #push(piece: number): void {
    const bucket = this.#buckets[this.#bucketOf(piece)]!;
    this.#places[piece] = bucket.length;
    bucket.push(piece);
  }

  #take(piece: number): void {
    const bucket = this.#buckets[this.#bucketOf(piece)]!;
    const last = bucket.pop()!;
    if (last === piece) return;
    const place = this.#places[piece]!;
    bucket[place] = last;
    this.#places[last] = place;
  }
}

/** The first piece of the bucket that `peer` has, from `start` on and round; -1: none. */
function scan(bucket: readonly number[], start: number, peer: PickerPeer): number {
  if (peer.isSeed) return bucket[start]!;
  const have = peer.have.bytes;
  for (let index = start; index < bucket.length; index++) {
    const piece = bucket[index]!;
    if ((have[piece >>> 3]! & (0x80 >>> (piece & 7))) !== 0) return piece;
  }
  for (let index = 0; index < start; index++) {
    const piece = bucket[index]!;
    if ((have[piece >>> 3]! & (0x80 >>> (piece & 7))) !== 0) return piece;
  }
  return -1;
}
