import type { Random } from '../../runtime/port.ts';
import { BlockArena, NO_BLOCK } from './block-arena.ts';
import { PeerIndex } from './peer-index.ts';

/** Swarms of more peers have an index; in smaller ones looking through all is quicker. */
const INDEXED_FROM_LOG2 = 6;
const SEEN_BYTES = 4;

export interface FamilySwarmsOptions {
  /** 4 or 16. */
  readonly addressBytes: 4 | 16;
  readonly torrentsMax: number;
  /** Places for peers; as blocks grow by doubling, up to half of them may be empty. */
  readonly peersMax: number;
}

/**
 * The peers of all torrents in one address family. A swarm is one block: its endpoints in compact form (BEP 23, BEP 7)
 * side by side, seeders first, so that an answer is copied out of it as it lies there; then when each was last seen.
 * Within seeders and within leechers the order is random, and each announce changes it: a window from a random place
 * is a fair choice.
 */
export class FamilySwarms {
  readonly endpointBytes: number;
  /** Per torrent. */
  readonly counts: Uint32Array;
  readonly seeds: Uint32Array;
  peerCount = 0;
  readonly #halfCount: number;
  readonly #arena: BlockArena;
  readonly #halves: Uint16Array;
  /** Signed: what is restored was seen before the clock of this process began. */
  readonly #seen: Int32Array;
  readonly #blocks: Uint32Array;
  readonly #log2: Uint8Array;
  readonly #index: PeerIndex;
  #chance: number;

  constructor(options: FamilySwarmsOptions, modules: { readonly random: Random }) {
    const { torrentsMax, peersMax } = options;
    this.endpointBytes = options.addressBytes + 2;
    this.#halfCount = this.endpointBytes / 2;
    this.#arena = new BlockArena({ entryBytes: this.endpointBytes + SEEN_BYTES, entriesMax: peersMax });
    this.#halves = new Uint16Array(this.#arena.bytes.buffer);
    this.#seen = new Int32Array(this.#arena.bytes.buffer);
    this.#blocks = new Uint32Array(torrentsMax);
    this.#log2 = new Uint8Array(torrentsMax);
    this.counts = new Uint32Array(torrentsMax);
    this.seeds = new Uint32Array(torrentsMax);
    this.#index = new PeerIndex({ torrentsMax, peersMax }, modules);
    this.#chance = modules.random.below(2 ** 32) | 1;
  }

  /** Bytes that blocks and indexes take. */
  get usedBytes(): number {
    return this.#arena.usedBytes + this.#index.usedBytes;
  }

  /**
   * A peer of a torrent, `endpoint` in 16-bit halves as they lie in the slab of memory, is there. True unless there is no
   * room for it.
   */
  put(torrent: number, endpoint: Uint16Array, isSeed: boolean, nowSec: number): boolean {
    let at = this.#find(torrent, endpoint);
    if (at < 0) {
      at = this.#append(torrent, endpoint);
      if (at < 0) return false;
      this.#seen[this.#seenOf(torrent) + at] = nowSec;
    }
    const seeds = this.seeds[torrent]!;
    if (isSeed && at >= seeds) {
      this.#swap(torrent, at, seeds);
      at = seeds;
      this.seeds[torrent] = seeds + 1;
    } else if (!isSeed && at < seeds) {
      this.#swap(torrent, at, seeds - 1);
      at = seeds - 1;
      this.seeds[torrent] = seeds - 1;
    }
    // What another tracker tells late makes nobody older.
    const seen = this.#seenOf(torrent) + at;
    if (this.#seen[seen]! < nowSec) this.#seen[seen] = nowSec;
    const first = isSeed ? 0 : this.seeds[torrent]!;
    const end = isSeed ? this.seeds[torrent]! : this.counts[torrent]!;
    this.#swap(torrent, at, first + this.#below(end - first));
    return true;
  }

  /** False when it was not there. */
  remove(torrent: number, endpoint: Uint16Array): boolean {
    const at = this.#find(torrent, endpoint);
    if (at >= 0) this.#removeAt(torrent, at);
    return at >= 0;
  }

  /** Removes those last seen before `beforeSec`. Returns how many. */
  expire(torrent: number, beforeSec: number): number {
    let removed = 0;
    // From the end: whoever takes the place of one that goes has been looked at.
    for (let at = this.counts[torrent]! - 1; at >= 0; at--) {
      if (this.#seen[this.#seenOf(torrent) + at]! >= beforeSec) continue;
      this.#removeAt(torrent, at);
      removed++;
    }
    return removed;
  }

  /** Each peer of a torrent, in a view that is valid during the call, and when it was last seen. */
  forEach(torrent: number, visit: (endpoint: Uint16Array, isSeed: boolean, seenSec: number) => void): void {
    const base = this.#endpointOf(torrent, 0);
    const seen = this.#seenOf(torrent);
    for (let at = 0; at < this.counts[torrent]!; at++) {
      const from = base + at * this.#halfCount;
      const endpoint = this.#halves.subarray(from, from + this.#halfCount);
      visit(endpoint, at < this.seeds[torrent]!, this.#seen[seen + at]!);
    }
  }

  /**
   * Copies up to `wanted` endpoints, without `self`, to `out` from half `at` on. Whoever seeds hears of leechers only; a
   * leecher of both kinds, in the proportion in which they are there. Returns how many.
   */
  choose(
    torrent: number,
    self: Uint16Array,
    isSeed: boolean,
    wanted: number,
    out: Uint16Array,
    at: number,
  ): number {
    const count = this.counts[torrent]!;
    const seeds = this.seeds[torrent]!;
    if (isSeed) return this.#window(torrent, seeds, count, self, wanted, out, at);
    if (count === 0) return 0;
    // One more than wanted, as this peer itself may be among them.
    const fromSeeds =
      count <= wanted + 1
        ? seeds
        : Math.min(seeds, Math.floor((wanted * seeds + this.#below(count)) / count));
    const done = this.#window(torrent, 0, seeds, self, Math.min(wanted, fromSeeds), out, at);
    return done + this.#window(torrent, seeds, count, self, wanted - done, out, at + done * this.#halfCount);
  }

  /** Up to `wanted` of those from `first` to before `end`, beginning anywhere and going round. */
  #window(
    torrent: number,
    first: number,
    end: number,
    self: Uint16Array,
    wanted: number,
    out: Uint16Array,
    at: number,
  ): number {
    const span = end - first;
    if (span === 0 || wanted === 0) return 0;
    const base = this.#endpointOf(torrent, first);
    const start = this.#below(span);
    const behind = span - start;
    const size = this.#halfCount;
    if (wanted < behind) return this.#copy(base + start * size, wanted, behind, self, out, at);
    const done = this.#copy(base + start * size, behind, behind, self, out, at);
    return done + this.#copy(base, Math.min(wanted - done, start), start, self, out, at + done * size);
  }

  /** `wanted` endpoints from half `from` on, `there` of which there are, without `self`. Returns how many it were. */
  #copy(
    from: number,
    wanted: number,
    there: number,
    self: Uint16Array,
    out: Uint16Array,
    at: number,
  ): number {
    const halves = this.#halves;
    const size = this.#halfCount;
    const last = self[size - 1]!;
    let to = at;
    let left = wanted;
    for (let read = from; left > 0 && read < from + there * size; read += size) {
      let same = halves[read + size - 1] === last;
      for (let i = 0; i < size; i++) {
        const half = halves[read + i]!;
        out[to + i] = half;
        if (same && half !== self[i]) same = false;
      }
      if (same) continue;
      to += size;
      left--;
    }
    return wanted - left;
  }

  #find(torrent: number, endpoint: Uint16Array): number {
    const count = this.counts[torrent]!;
    if (this.#log2[torrent]! >= INDEXED_FROM_LOG2) {
      return this.#index.find(torrent, endpoint, this.#halves, this.#endpointOf(torrent, 0), this.#halfCount);
    }
    const halves = this.#halves;
    const size = this.#halfCount;
    let from = this.#endpointOf(torrent, 0);
    for (let at = 0; at < count; at++, from += size) {
      let i = 0;
      while (i < size && halves[from + i] === endpoint[i]) i++;
      if (i === size) return at;
    }
    return -1;
  }

  /** Behind all others, as a leecher. */
  #append(torrent: number, endpoint: Uint16Array): number {
    const count = this.counts[torrent]!;
    if (
      count === 0 ? !this.#begin(torrent) : count === 2 ** this.#log2[torrent]! && !this.#resize(torrent, 1)
    )
      return -1;
    const to = this.#endpointOf(torrent, count);
    for (let i = 0; i < this.#halfCount; i++) this.#halves[to + i] = endpoint[i]!;
    this.counts[torrent] = count + 1;
    this.peerCount++;
    if (this.#log2[torrent]! >= INDEXED_FROM_LOG2) {
      this.#index.set(torrent, this.#halves, this.#endpointOf(torrent, 0), this.#halfCount, count);
    }
    return count;
  }

  #begin(torrent: number): boolean {
    const log2 = BlockArena.log2For(1);
    const block = this.#arena.take(log2);
    if (block === NO_BLOCK) return false;
    this.#blocks[torrent] = block;
    this.#log2[torrent] = log2;
    this.seeds[torrent] = 0;
    return true;
  }

  /** To a block twice or half as large. */
  #resize(torrent: number, step: 1 | -1): boolean {
    const [oldBlock, oldLog2] = [this.#blocks[torrent]!, this.#log2[torrent]!];
    const log2 = oldLog2 + step;
    const block = this.#arena.take(log2);
    if (block === NO_BLOCK) return false;
    if (log2 >= INDEXED_FROM_LOG2 && !this.#index.open(torrent, log2 + 1)) {
      this.#arena.give(block, log2);
      return false;
    }
    const count = this.counts[torrent]!;
    const [oldEndpoints, oldSeen] = [this.#endpointOf(torrent, 0), this.#seenOf(torrent)];
    this.#blocks[torrent] = block;
    this.#log2[torrent] = log2;
    const size = this.#halfCount;
    this.#halves.copyWithin(this.#endpointOf(torrent, 0), oldEndpoints, oldEndpoints + count * size);
    this.#seen.copyWithin(this.#seenOf(torrent), oldSeen, oldSeen + count);
    this.#arena.give(oldBlock, oldLog2);
    if (log2 >= INDEXED_FROM_LOG2) {
      for (let at = 0; at < count; at++)
        this.#index.set(torrent, this.#halves, this.#endpointOf(torrent, 0), size, at);
    } else if (oldLog2 >= INDEXED_FROM_LOG2) this.#index.close(torrent);
    return true;
  }

  #removeAt(torrent: number, at: number): void {
    const last = this.counts[torrent]! - 1;
    let gap = at;
    if (gap < this.seeds[torrent]!) {
      const lastSeed = this.seeds[torrent]! - 1;
      this.#swap(torrent, gap, lastSeed);
      this.seeds[torrent] = lastSeed;
      gap = lastSeed;
    }
    this.#swap(torrent, gap, last);
    if (this.#log2[torrent]! >= INDEXED_FROM_LOG2) {
      this.#index.unset(torrent, this.#halves, this.#endpointOf(torrent, 0), this.#halfCount, last);
    }
    this.counts[torrent] = last;
    this.peerCount--;
    if (last === 0) {
      this.#arena.give(this.#blocks[torrent]!, this.#log2[torrent]!);
      this.#index.close(torrent);
      this.#log2[torrent] = 0;
    } else if (this.#log2[torrent]! > 2 && last <= 2 ** this.#log2[torrent]! / 4) this.#resize(torrent, -1);
  }

  #swap(torrent: number, a: number, b: number): void {
    if (a === b) return;
    const halves = this.#halves;
    const size = this.#halfCount;
    const isIndexed = this.#log2[torrent]! >= INDEXED_FROM_LOG2;
    const base = this.#endpointOf(torrent, 0);
    if (isIndexed) this.#index.swap(torrent, halves, base, size, a, b);
    for (let i = 0; i < size; i++) {
      const kept = halves[base + a * size + i]!;
      halves[base + a * size + i] = halves[base + b * size + i]!;
      halves[base + b * size + i] = kept;
    }
    const seen = this.#seenOf(torrent);
    const kept = this.#seen[seen + a]!;
    this.#seen[seen + a] = this.#seen[seen + b]!;
    this.#seen[seen + b] = kept;
  }

  /** In halves. */
  #endpointOf(torrent: number, at: number): number {
    return (this.#blocks[torrent]! * this.#arena.entryBytes) / 2 + at * this.#halfCount;
  }

  /** In words: behind all endpoints of the block. */
  #seenOf(torrent: number): number {
    const block = this.#blocks[torrent]!;
    return (block * this.#arena.entryBytes + 2 ** this.#log2[torrent]! * this.endpointBytes) / 4;
  }

  /** Xorshift (Marsaglia 2003): quick chance that no secret hangs on. 0 ≤ result < bound. */
  #below(bound: number): number {
    let chance = this.#chance;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    this.#chance = chance;
    return Math.floor(((chance >>> 0) / 2 ** 32) * bound);
  }
}
