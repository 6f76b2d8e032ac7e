import type { Random } from '../../runtime/port.ts';
import type { PieceIndex } from '../units.ts';
import type { PickerPeer } from './picker-peer.ts';

const FREE = 0;
const REQUESTED = 1;
const RECEIVED = 2;

/** A piece under way: the state of each of its blocks, and who was asked. */
export class PartialPiece {
  readonly piece: PieceIndex;
  readonly blockCount: number;
  /** Smaller: begun earlier. */
  readonly order: number;
  freeCount: number;
  receivedCount = 0;
  /** Only this peer may take blocks of it, see {@link PickerPeer.onParole}. */
  reservedFor: PickerPeer | undefined;
  readonly #states: Uint8Array;
  /** Whom a requested block is reserved for. */
  readonly #owners: (PickerPeer | undefined)[];
  /** Those asked besides the owner: duplicates of the endgame, and peers that took too long. */
  readonly #others = new Map<number, PickerPeer[]>();
  /** No free block lies before this one. */
  #freeFrom = 0;

  constructor(piece: PieceIndex, blockCount: number, order: number) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.order = order;
    this.freeCount = blockCount;
    this.#states = new Uint8Array(blockCount);
    this.#owners = new Array<PickerPeer | undefined>(blockCount).fill(undefined);
  }

  get requestedCount(): number {
    return this.blockCount - this.freeCount - this.receivedCount;
  }

  /** Nothing of it is here, and nobody is asked for any of it. */
  get isUntouched(): boolean {
    return this.freeCount === this.blockCount && this.#others.size === 0;
  }

  isReceived(block: number): boolean {
    return this.#states[block] === RECEIVED;
  }

  /** Whether `peer` was asked for this block and nothing has come of it yet. */
  isAskedOf(block: number, peer: PickerPeer): boolean {
    return this.#owners[block] === peer || this.#isOther(block, peer);
  }

  /** How many peers have been asked for this block. */
  askedCount(block: number): number {
    return (this.#owners[block] === undefined ? 0 : 1) + (this.#others.get(block)?.length ?? 0);
  }

  /** The first free block that `peer` is not asked for already; -1: none. */
  nextFree(peer: PickerPeer): number {
    let block = this.#freeFrom;
    while (block < this.blockCount && this.#states[block] !== FREE) block++;
    this.#freeFrom = block;
    while (block < this.blockCount && !this.#isFreeFor(block, peer)) block++;
    return block < this.blockCount ? block : -1;
  }

  /** Reserves the free blocks from `first` on, at most `countMax`; returns how many. */
  reserve(peer: PickerPeer, first: number, countMax: number): number {
    const end = Math.min(this.blockCount, first + countMax);
    let block = first;
    while (block < end && this.#isFreeFor(block, peer)) {
      this.#states[block] = REQUESTED;
      this.#owners[block] = peer;
      block++;
    }
    this.freeCount -= block - first;
    return block - first;
  }

  /**
   * A block that others were asked for, but `peer` was not: one that as few as possible were asked for, and fewer
   * than `countBelow`, ties by chance; -1: none.
   */
  leastAsked(peer: PickerPeer, countBelow: number, random: Random): number {
    const start = random.below(this.blockCount);
    let best = -1;
    let fewest = countBelow;
    for (let turn = 0; turn < this.blockCount && fewest > 1; turn++) {
      const block = (start + turn) % this.blockCount;
      if (this.#states[block] !== REQUESTED || this.isAskedOf(block, peer)) continue;
      const count = this.askedCount(block);
      if (count >= fewest) continue;
      fewest = count;
      best = block;
    }
    return best;
  }

  addDuplicate(block: number, peer: PickerPeer): void {
    const others = this.#others.get(block);
    if (others === undefined) this.#others.set(block, [peer]);
    else others.push(peer);
  }

  /** The block is here. Returns the other peers that were asked for it. */
  receive(block: number, from: PickerPeer): PickerPeer[] | undefined {
    const owner = this.#owners[block];
    if (this.#states[block] === FREE) this.freeCount--;
    this.#states[block] = RECEIVED;
    this.#owners[block] = undefined;
    this.receivedCount++;
    if (this.#others.size === 0) return undefined;
    const asked = this.#others.get(block) ?? [];
    this.#others.delete(block);
    if (owner !== undefined) asked.push(owner);
    return asked.filter((peer) => peer !== from);
  }

  /** `peer` will not send this block. It is free again when it was reserved for this peer. */
  release(block: number, peer: PickerPeer): void {
    if (this.#owners[block] === peer) {
      this.#owners[block] = undefined;
      this.#free(block);
      return;
    }
    const others = this.#others.get(block) ?? [];
    const left = others.filter((other) => other !== peer);
    if (left.length > 0) this.#others.set(block, left);
    else this.#others.delete(block);
  }

  /** `peer` takes too long: others may be asked for its blocks, but what it sends is still welcome. */
  overtake(peer: PickerPeer): void {
    for (let block = 0; block < this.blockCount; block++) {
      if (this.#owners[block] !== peer) continue;
      this.#owners[block] = undefined;
      this.addDuplicate(block, peer);
      this.#free(block);
    }
  }

  /** All blocks are free again: the piece was bad. Nobody may be asked for any of them at this time. */
  reset(): void {
    this.#states.fill(FREE);
    this.#owners.fill(undefined);
    this.#others.clear();
    this.#freeFrom = 0;
    this.freeCount = this.blockCount;
    this.receivedCount = 0;
    this.reservedFor = undefined;
  }

  #isOther(block: number, peer: PickerPeer): boolean {
    return this.#others.size > 0 && this.#others.get(block)?.includes(peer) === true;
  }

  #isFreeFor(block: number, peer: PickerPeer): boolean {
    return this.#states[block] === FREE && !this.#isOther(block, peer);
  }

  #free(block: number): void {
    this.#states[block] = FREE;
    this.freeCount++;
    if (block < this.#freeFrom) this.#freeFrom = block;
  }
}
