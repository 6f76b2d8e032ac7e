import type { Random } from '../../runtime/port.ts';
import { BlockArena, NO_BLOCK } from './block-arena.ts';
import { MultilinearHash } from './multilinear-hash.ts';

const NOT_OPEN = 0;
const ENDPOINT_HALVES_MAX = 9;

/**
 * Where in a large swarm each endpoint is: per swarm a block of positions + 1 (0: empty), open addressing, at most half
 * full. Endpoints are told by their bytes, which lie elsewhere: from half `base` on, `size` halves each.
 */
export class PeerIndex {
  readonly #arena: BlockArena;
  readonly #positions: Uint32Array;
  readonly #blocks: Uint32Array;
  readonly #log2: Uint8Array;
  readonly #hash: MultilinearHash;

  constructor(
    options: { readonly torrentsMax: number; readonly peersMax: number },
    modules: { readonly random: Random },
  ) {
    this.#arena = new BlockArena({ entryBytes: 4, entriesMax: options.peersMax * 4 });
    this.#positions = new Uint32Array(this.#arena.bytes.buffer);
    this.#blocks = new Uint32Array(options.torrentsMax);
    this.#log2 = new Uint8Array(options.torrentsMax);
    this.#hash = new MultilinearHash({ halvesMax: ENDPOINT_HALVES_MAX }, modules);
  }

  get usedBytes(): number {
    return this.#arena.usedBytes;
  }

  /** An empty index of 2^log2 places, in place of the one that was there. False when there is no room. */
  open(torrent: number, log2: number): boolean {
    const block = this.#arena.take(log2);
    if (block === NO_BLOCK) return false;
    this.close(torrent);
    this.#blocks[torrent] = block;
    this.#log2[torrent] = log2;
    this.#positions.fill(0, block, block + 2 ** log2);
    return true;
  }

  close(torrent: number): void {
    const log2 = this.#log2[torrent]!;
    if (log2 === NOT_OPEN) return;
    this.#arena.give(this.#blocks[torrent]!, log2);
    this.#log2[torrent] = NOT_OPEN;
  }

  /** -1 when it is not there. */
  find(torrent: number, endpoint: Uint16Array, halves: Uint16Array, base: number, size: number): number {
    const mask = 2 ** this.#log2[torrent]! - 1;
    const block = this.#blocks[torrent]!;
    for (let place = this.#hash.of(endpoint, 0, size) & mask; ; place = (place + 1) & mask) {
      const position = this.#positions[block + place]! - 1;
      if (position < 0) return -1;
      const from = base + position * size;
      let i = 0;
      while (i < size && halves[from + i] === endpoint[i]) i++;
      if (i === size) return position;
    }
  }

  /** The endpoint at `position`, which the index does not know yet. */
  set(torrent: number, halves: Uint16Array, base: number, size: number, position: number): void {
    const mask = 2 ** this.#log2[torrent]! - 1;
    const block = this.#blocks[torrent]!;
    let place = this.#hash.of(halves, base + position * size, size) & mask;
    while (this.#positions[block + place] !== 0) place = (place + 1) & mask;
    this.#positions[block + place] = position + 1;
  }

  /** Two endpoints are about to change places. */
  swap(torrent: number, halves: Uint16Array, base: number, size: number, a: number, b: number): void {
    const placeA = this.#placeOf(torrent, halves, base, size, a);
    const placeB = this.#placeOf(torrent, halves, base, size, b);
    this.#positions[placeA] = b + 1;
    this.#positions[placeB] = a + 1;
  }

  /** The endpoint at `position` goes. */
  unset(torrent: number, halves: Uint16Array, base: number, size: number, position: number): void {
    const mask = 2 ** this.#log2[torrent]! - 1;
    const block = this.#blocks[torrent]!;
    const positions = this.#positions;
    let gap = this.#placeOf(torrent, halves, base, size, position) - block;
    for (let place = (gap + 1) & mask; positions[block + place] !== 0; place = (place + 1) & mask) {
      const home = this.#hash.of(halves, base + (positions[block + place]! - 1) * size, size) & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      positions[block + gap] = positions[block + place]!;
      gap = place;
    }
    positions[block + gap] = 0;
  }

  /** Absolute. */
  #placeOf(torrent: number, halves: Uint16Array, base: number, size: number, position: number): number {
    const mask = 2 ** this.#log2[torrent]! - 1;
    const block = this.#blocks[torrent]!;
    let place = this.#hash.of(halves, base + position * size, size) & mask;
    while (this.#positions[block + place] !== position + 1) place = (place + 1) & mask;
    return block + place;
  }
}
