import type { Random } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import type { PieceIndex } from '../units.ts';
import { PickerPeer } from './picker-peer.ts';
import { RarityIndex } from './rarity-index.ts';
import { type PiecePriority, PRIORITY_SKIP } from './types.ts';

/**
 * Who has which piece, which pieces are wanted, and so how many wanted pieces each peer has. The pieces that may
 * be begun lie in {@link index}.
 */
export class SwarmPieces {
  readonly index: RarityIndex;
  readonly complete: Bitfield;
  readonly peers = new Set<PickerPeer>();
  /** Peers that have everything. */
  seedCount = 0;
  /** Pieces wanted and not complete. */
  wantedLeft: number;
  readonly #pieceCount: number;

  constructor(pieceCount: number, have: Bitfield | undefined, random: Random) {
    this.#pieceCount = pieceCount;
    this.complete = have?.copy() ?? new Bitfield(pieceCount);
    this.index = new RarityIndex(pieceCount, random);
    for (const piece of this.complete.missing()) this.index.add(piece);
    this.wantedLeft = pieceCount - this.complete.count;
  }

  /** How many peers have this piece. */
  availabilityOf(piece: PieceIndex): number {
    return this.index.holdersOf(piece) + this.seedCount;
  }

  isWanted(piece: PieceIndex): boolean {
    return !this.complete.has(piece) && this.index.priorityOf(piece) !== PRIORITY_SKIP;
  }

  /** Whether a piece that nobody has begun can be had of anybody. */
  get hasPickable(): boolean {
    return (this.seedCount > 0 ? this.index.count : this.index.heldCount) > 0;
  }

  addPeer(): PickerPeer {
    const peer = new PickerPeer(this.#pieceCount);
    this.peers.add(peer);
    return peer;
  }

  removePeer(peer: PickerPeer): void {
    this.#forget(peer);
    this.peers.delete(peer);
  }

  setHave(peer: PickerPeer, have: Bitfield): void {
    this.#forget(peer);
    if (have.isFull) {
      peer.isSeed = true;
      this.seedCount++;
      peer.wantedCount = this.wantedLeft;
    } else this.#learn(peer, have);
  }

  /** True when the peer did not have this piece before and it is wanted. */
  addHave(peer: PickerPeer, piece: PieceIndex): boolean {
    if (peer.isSeed || !peer.have.set(piece)) return false;
    this.index.addHolder(piece, 1);
    if (!this.isWanted(piece)) return false;
    peer.wantedCount++;
    return true;
  }

  removeHave(peer: PickerPeer, piece: PieceIndex): void {
    if (peer.isSeed) {
      this.#forget(peer);
      this.#learn(peer, Bitfield.full(this.#pieceCount));
    }
    if (!peer.have.clear(piece)) return;
    this.index.addHolder(piece, -1);
    if (this.isWanted(piece)) peer.wantedCount--;
  }

  /** True when the piece was not complete before. */
  setComplete(piece: PieceIndex): boolean {
    if (this.complete.has(piece)) return false;
    this.index.remove(piece);
    if (this.isWanted(piece)) this.#changeWanted(piece, -1);
    return this.complete.set(piece);
  }

  clearComplete(piece: PieceIndex): void {
    if (!this.complete.clear(piece)) return;
    if (!this.isWanted(piece)) return;
    this.#changeWanted(piece, 1);
    this.index.add(piece);
  }

  /** The piece is taken out of the index; the caller puts it back unless it is under way. */
  setPriority(piece: PieceIndex, priority: PiecePriority): void {
    const wasWanted = this.isWanted(piece);
    this.index.setPriority(piece, priority);
    const isWanted = this.isWanted(piece);
    if (isWanted !== wasWanted) this.#changeWanted(piece, isWanted ? 1 : -1);
  }

  #changeWanted(piece: PieceIndex, change: 1 | -1): void {
    this.wantedLeft += change;
    for (const peer of this.peers) if (peer.has(piece)) peer.wantedCount += change;
  }

  #learn(peer: PickerPeer, have: Bitfield): void {
    peer.have = have;
    let wantedCount = 0;
    have.forEach((piece) => {
      this.index.addHolder(piece, 1);
      if (this.isWanted(piece)) wantedCount++;
    });
    peer.wantedCount = wantedCount;
  }

  #forget(peer: PickerPeer): void {
    if (peer.isSeed) this.seedCount--;
    peer.have.forEach((piece) => {
      this.index.addHolder(piece, -1);
    });
    peer.isSeed = false;
    peer.have = new Bitfield(this.#pieceCount);
    peer.wantedCount = 0;
  }
}
