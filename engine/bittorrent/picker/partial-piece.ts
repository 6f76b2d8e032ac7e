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
  /** Only this peer may take blocks of it, see `PickerPeer.onParole`. */
  reservedFor: PickerPeer | undefined;
  readonly #states: Uint8Array;
  readonly #owners: (PickerPeer | undefined)[];
  /** Those asked besides the owner: duplicates of the endgame, and peers that took too long. */
  #others: Map<number, PickerPeer[]> | undefined;
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

  isReceived(block: number): boolean {
    return this.#states[block] === RECEIVED;
  }

  isRequested(block: number): boolean {
    return this.#states[block] === REQUESTED;
  }

  /** Whether `peer` was asked for this block and nothing has come of it yet. */
  isAskedOf(block: number, peer: PickerPeer): boolean {
    return this.#owners[block] === peer || this.#others?.get(block)?.includes(peer) === true;
  }

  /** How many peers have been asked for this block. */
  askedCount(block: number): number {
    return (this.#owners[block] === undefined ? 0 : 1) + (this.#others?.get(block)?.length ?? 0);
  }

  /** The first free block, which must exist. Blocks this peer is already asked for do not count; -1: none. */
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

  addDuplicate(block: number, peer: PickerPeer): void {
    this.#others ??= new Map();
    const others = this.#others.get(block);
    if (others === undefined) this.#others.set(block, [peer]);
    else others.push(peer);
  }

  /** The block is here. Calls `onOther` for each other peer that was asked for it. */
  receive(block: number, from: PickerPeer, onOther: (peer: PickerPeer) => void): void {
    const owner = this.#owners[block];
    if (this.#states[block] === FREE) this.freeCount--;
    this.#states[block] = RECEIVED;
    this.#owners[block] = undefined;
    this.receivedCount++;
    if (owner !== undefined && owner !== from) onOther(owner);
    const others = this.#others?.get(block);
    if (others === undefined) return;
    this.#others?.delete(block);
    for (const other of others) if (other !== from) onOther(other);
  }

  /** `peer` will not send this block. True when it is free again. */
  release(block: number, peer: PickerPeer): boolean {
    const others = this.#others?.get(block);
    if (this.#owners[block] !== peer) {
      if (others !== undefined) this.#dropOther(block, others, peer);
      return false;
    }
    this.#owners[block] = undefined;
    this.#free(block);
    return true;
  }

  /** `peer` takes too long: others may be asked for its blocks, but what it sends is still welcome. */
  overtake(peer: PickerPeer): void {
    for (let block = 0; block < this.blockCount; block++) {
      if (this.#owners[block] !== peer || this.#others?.has(block) === true) continue;
      this.#owners[block] = undefined;
      this.addDuplicate(block, peer);
      this.#free(block);
    }
  }

  /** All blocks are free again: the piece was bad. Nobody may be asked for any of them at this time. */
  reset(): void {
    this.#states.fill(FREE);
    this.#owners.fill(undefined);
    this.#others = undefined;
    this.#freeFrom = 0;
    this.freeCount = this.blockCount;
    this.receivedCount = 0;
    this.reservedFor = undefined;
  }

  #isFreeFor(block: number, peer: PickerPeer): boolean {
    if (this.#states[block] !== FREE) return false;
    return this.#others?.get(block)?.includes(peer) !== true;
  }

  #free(block: number): void {
    this.#states[block] = FREE;
    this.freeCount++;
    if (block < this.#freeFrom) this.#freeFrom = block;
  }

  #dropOther(block: number, others: PickerPeer[], peer: PickerPeer): void {
    const at = others.indexOf(peer);
    if (at >= 0) others.splice(at, 1);
    if (others.length === 0) this.#others?.delete(block);
  }
}
