import type { Random } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import type { PieceIndex } from '../units.ts';
import { PartialPiece } from './partial-piece.ts';
import { PickerPeer } from './picker-peer.ts';
import { RarityIndex } from './rarity-index.ts';
import {
  type BlockRun,
  type BlockVerdict,
  PICKER_DEFAULTS,
  type PickerModules,
  type PickerOptions,
  type PiecePriority,
  PRIORITY_SKIP,
} from './types.ts';

/** Told of every other peer that was asked for a block that has come: send it a CANCEL. */
export type OnCancel = (peer: PickerPeer, piece: PieceIndex, block: number) => void;

/**
 * Decides which blocks to ask of which peer (BEP 3). Pure: data in, decision out, chance from the Random passed in.
 * A new piece is chosen at random until four are complete, then rarest first; a piece that is begun is finished
 * before another one is begun; when every block left has been asked for, blocks are asked of several peers at once.
 */
export class Picker {
  /** What is verified. */
  readonly complete: Bitfield;
  /** Choose pieces in ascending order in place of rarest first. */
  sequential = false;
  readonly #options: Required<Omit<PickerOptions, 'have'>>;
  readonly #index: RarityIndex;
  readonly #random: Random;
  readonly #peers = new Set<PickerPeer>();
  readonly #partials = new Map<PieceIndex, PartialPiece>();
  /** The partials with free blocks. */
  readonly #open = new Set<PartialPiece>();
  #seedCount = 0;
  #begunCount = 0;
  #wantedLeft = 0;

  constructor(options: PickerOptions, modules: PickerModules) {
    this.#options = {
      ...PICKER_DEFAULTS,
      ...options,
      blocksIn: (piece) => options.blocksIn(piece),
    };
    this.#random = modules.random;
    this.complete = options.have?.copy() ?? new Bitfield(options.pieceCount);
    this.#index = new RarityIndex(options.pieceCount, modules.random);
    for (const piece of this.complete.missing()) this.#index.add(piece);
    this.#wantedLeft = options.pieceCount - this.complete.count;
  }

  /** Pieces wanted and not verified. */
  get wantedLeft(): number {
    return this.#wantedLeft;
  }

  /** Every piece that is wanted is verified. */
  get isDone(): boolean {
    return this.#wantedLeft === 0;
  }

  get partialCount(): number {
    return this.#partials.size;
  }

  /** Every block that is left and that some peer has was asked for: ask again, of others. BEP 3: endgame. */
  get inEndgame(): boolean {
    if (this.isDone) return false;
    const pickable = this.#seedCount > 0 ? this.#index.count : this.#index.heldCount;
    if (pickable > 0) return false;
    for (const partial of this.#open) {
      if (this.#isWanted(partial.piece) && this.availabilityOf(partial.piece) > 0) return false;
    }
    return true;
  }

  /** How many peers have this piece. */
  availabilityOf(piece: PieceIndex): number {
    return this.#index.holdersOf(piece) + this.#seedCount;
  }

  priorityOf(piece: PieceIndex): PiecePriority {
    return this.#index.priorityOf(piece);
  }

  /** A peer has come; it has nothing yet. */
  addPeer(): PickerPeer {
    const peer = new PickerPeer(this.#options.pieceCount);
    this.#peers.add(peer);
    return peer;
  }

  /** BITFIELD: takes the place of what was known. `bits` must have been checked; it is copied. */
  peerBitfield(peer: PickerPeer, bits: Uint8Array): void {
    const have = new Bitfield(this.#options.pieceCount, bits.slice());
    if (have.isFull && have.pieceCount > 0) {
      this.peerHasAll(peer);
      return;
    }
    this.#forgetHave(peer);
    this.#learnHave(peer, have);
  }

  /** HAVE ALL (BEP 6). */
  peerHasAll(peer: PickerPeer): void {
    this.#forgetHave(peer);
    peer.isSeed = true;
    this.#seedCount++;
    peer.wantedCount = this.#wantedLeft;
  }

  /** HAVE. True when the piece is wanted, so the peer has become interesting. */
  peerHas(peer: PickerPeer, piece: PieceIndex): boolean {
    if (peer.isSeed || !peer.have.set(piece)) return false;
    this.#index.addHolder(piece, 1);
    if (!this.#isWanted(piece)) return false;
    peer.wantedCount++;
    return true;
  }

  /** LT_DONTHAVE (BEP 54). Requests for it are answered by the peer with a reject or never. */
  peerLost(peer: PickerPeer, piece: PieceIndex): void {
    if (peer.isSeed) {
      this.#forgetHave(peer);
      this.#learnHave(peer, Bitfield.full(this.#options.pieceCount));
    }
    if (!peer.have.clear(piece)) return;
    this.#index.addHolder(piece, -1);
    if (this.#isWanted(piece)) peer.wantedCount--;
  }

  /** The connection is gone; its blocks are free again. The peer must not be used any more. */
  peerGone(peer: PickerPeer): void {
    this.releasePeer(peer);
    this.#forgetHave(peer);
    this.#peers.delete(peer);
  }

  /** Whether the peer has something this side wants. */
  interesting(peer: PickerPeer): boolean {
    return peer.wantedCount > 0;
  }

  /**
   * Up to `blocksMax` consecutive free blocks of one piece, now reserved for `peer` and for nobody else. undefined:
   * nothing for this peer now; in the endgame see {@link pickDuplicate}.
   */
  pickRun(peer: PickerPeer, blocksMax: number): BlockRun | undefined {
    if (peer.wantedCount === 0 || blocksMax < 1) return undefined;
    const partial = this.#bestOpen(peer) ?? this.#begin(peer);
    return partial === undefined ? undefined : this.#reserve(partial, peer, blocksMax);
  }

  /** {@link pickRun} among these pieces only, in this order: BEP 6 allowed fast while choked, suggested pieces. */
  pickRunAmong(peer: PickerPeer, pieces: Iterable<PieceIndex>, blocksMax: number): BlockRun | undefined {
    for (const piece of pieces) {
      if (!peer.has(piece) || !this.#isWanted(piece)) continue;
      const partial = this.#partials.get(piece);
      if (partial === undefined) {
        if (this.#partials.size < this.#options.partialsMax && this.#index.has(piece)) {
          return this.#reserve(this.#openPiece(piece, peer), peer, blocksMax);
        }
      } else if (this.#maySend(partial, peer)) return this.#reserve(partial, peer, blocksMax);
    }
    return undefined;
  }

  /**
   * One block that others were asked for already and that has not come, now asked of `peer` too. Only in the
   * endgame, or when no further piece may be begun.
   */
  pickDuplicate(peer: PickerPeer): BlockRun | undefined {
    if (peer.wantedCount === 0) return undefined;
    if (this.#partials.size < this.#options.partialsMax && !this.inEndgame) return undefined;
    let best: PartialPiece | undefined;
    let bestBlock = -1;
    let fewest: number = this.#options.duplicatesMax;
    for (const partial of this.#partials.values()) {
      if (partial.requestedCount === 0 || !peer.has(partial.piece) || !this.#isWanted(partial.piece))
        continue;
      const start = this.#random.below(partial.blockCount);
      for (let turn = 0; turn < partial.blockCount; turn++) {
        const block = (start + turn) % partial.blockCount;
        if (!partial.isRequested(block) || partial.askedCount(block) >= fewest) continue;
        if (partial.isAskedOf(block, peer)) continue;
        fewest = partial.askedCount(block);
        best = partial;
        bestBlock = block;
        if (fewest === 1) break;
      }
      if (fewest === 1) break;
    }
    if (best === undefined) return undefined;
    best.addDuplicate(bestBlock, peer);
    peer.addRequests(best.piece, 1);
    return { piece: best.piece, firstBlock: bestBlock, blockCount: 1 };
  }

  /** A whole block has come from `peer`. After `complete`, tell {@link pieceVerified} or {@link pieceFailed}. */
  blockReceived(peer: PickerPeer, piece: PieceIndex, block: number, onCancel: OnCancel): BlockVerdict {
    const partial = this.#partials.get(piece);
    if (partial === undefined) return this.complete.has(piece) ? 'duplicate' : 'unasked';
    if (partial.isReceived(block)) return 'duplicate';
    if (!partial.isAskedOf(block, peer)) return 'unasked';
    peer.dropRequest(piece);
    partial.receive(block, peer, (other) => {
      other.dropRequest(piece);
      onCancel(other, piece, block);
    });
    if (partial.reservedFor !== undefined && partial.reservedFor !== peer) partial.reservedFor = undefined;
    if (partial.freeCount === 0) this.#open.delete(partial);
    return partial.receivedCount === partial.blockCount ? 'complete' : 'taken';
  }

  /** REJECT REQUEST (BEP 6), or the peer was told CANCEL: it will not send this block. */
  releaseBlock(peer: PickerPeer, piece: PieceIndex, block: number): void {
    const partial = this.#partials.get(piece);
    if (partial === undefined || !partial.isAskedOf(block, peer)) return;
    peer.dropRequest(piece);
    if (partial.release(block, peer)) this.#freed(partial);
  }

  /** The peer will send nothing of what it was asked for: it choked this side, or is gone. */
  releasePeer(peer: PickerPeer): void {
    for (const piece of [...peer.requests.keys()]) {
      const partial = this.#partials.get(piece)!;
      for (let block = 0; block < partial.blockCount; block++) this.releaseBlock(peer, piece, block);
      if (partial.reservedFor === peer) partial.reservedFor = undefined;
    }
  }

  /** The peer takes too long: others may be asked for its blocks, but what it sends is still welcome. */
  peerSnubbed(peer: PickerPeer): void {
    for (const piece of peer.requests.keys()) {
      const partial = this.#partials.get(piece)!;
      partial.overtake(peer);
      if (partial.reservedFor === peer) partial.reservedFor = undefined;
      this.#freed(partial);
    }
  }

  /** The hash of the piece is right: it is complete. */
  pieceVerified(piece: PieceIndex): void {
    if (this.complete.has(piece)) return;
    const partial = this.#partials.get(piece);
    if (partial !== undefined) {
      this.#dropRequests(partial);
      this.#partials.delete(piece);
      this.#open.delete(partial);
    }
    this.#index.remove(piece);
    if (this.#isWanted(piece)) this.#changeWanted(piece, -1);
    this.complete.set(piece);
  }

  /** The hash of the piece is wrong: all its blocks are free again, and it stays the first to be finished. */
  pieceFailed(piece: PieceIndex): void {
    const partial = this.#partials.get(piece);
    if (partial === undefined) return;
    this.#dropRequests(partial);
    partial.reset();
    this.#freed(partial);
  }

  /** A piece that was complete is found damaged. */
  pieceLost(piece: PieceIndex): void {
    if (!this.complete.clear(piece)) return;
    if (!this.#isWanted(piece)) return;
    this.#changeWanted(piece, 1);
    this.#index.add(piece);
  }

  /** What is under way of a piece that is no longer wanted is not taken up again. */
  setPriority(piece: PieceIndex, priority: PiecePriority): void {
    const wasWanted = this.#isWanted(piece);
    this.#index.setPriority(piece, priority);
    if (this.complete.has(piece)) return;
    const isWanted = priority !== PRIORITY_SKIP;
    if (isWanted !== wasWanted) this.#changeWanted(piece, isWanted ? 1 : -1);
    if (!this.#partials.has(piece)) this.#index.add(piece);
  }

  #isWanted(piece: PieceIndex): boolean {
    return !this.complete.has(piece) && this.#index.priorityOf(piece) !== PRIORITY_SKIP;
  }

  #maySend(partial: PartialPiece, peer: PickerPeer): boolean {
    if (partial.freeCount === 0) return false;
    if (partial.reservedFor !== undefined) return partial.reservedFor === peer && partial.nextFree(peer) >= 0;
    if (peer.onParole && partial.freeCount < partial.blockCount) return false;
    return partial.nextFree(peer) >= 0;
  }

  /** BEP 3, strict priority: the oldest piece under way of the highest priority that this peer can help with. */
  #bestOpen(peer: PickerPeer): PartialPiece | undefined {
    let best: PartialPiece | undefined;
    let bestPriority: PiecePriority = PRIORITY_SKIP;
    for (const partial of this.#open) {
      const priority = this.#index.priorityOf(partial.piece);
      if (priority < bestPriority || priority === PRIORITY_SKIP || !peer.has(partial.piece)) continue;
      if (best !== undefined && priority === bestPriority && best.order < partial.order) continue;
      if (!this.#maySend(partial, peer)) continue;
      best = partial;
      bestPriority = priority;
    }
    return best;
  }

  #begin(peer: PickerPeer): PartialPiece | undefined {
    if (this.#partials.size >= this.#options.partialsMax) return undefined;
    const piece = this.#choose(peer);
    return piece < 0 ? undefined : this.#openPiece(piece as PieceIndex, peer);
  }

  #choose(peer: PickerPeer): PieceIndex | -1 {
    if (this.sequential) return this.#index.first(peer);
    // Something to trade matters more at first than what is rare, and common pieces come faster.
    if (this.complete.count < this.#options.randomFirstPieces) return this.#index.random(peer);
    return this.#index.rarest(peer);
  }

  #openPiece(piece: PieceIndex, peer: PickerPeer): PartialPiece {
    this.#index.remove(piece);
    const partial = new PartialPiece(piece, this.#options.blocksIn(piece), this.#begunCount++);
    this.#partials.set(piece, partial);
    this.#open.add(partial);
    if (peer.onParole) partial.reservedFor = peer;
    return partial;
  }

  #reserve(partial: PartialPiece, peer: PickerPeer, blocksMax: number): BlockRun {
    if (peer.onParole) partial.reservedFor = peer;
    const firstBlock = partial.nextFree(peer);
    const blockCount = partial.reserve(peer, firstBlock, blocksMax);
    peer.addRequests(partial.piece, blockCount);
    if (partial.freeCount === 0) this.#open.delete(partial);
    return { piece: partial.piece, firstBlock, blockCount };
  }

  /** Some blocks are free again. A piece that nothing is left of goes back among those nobody has begun. */
  #freed(partial: PartialPiece): void {
    if (partial.freeCount > 0) this.#open.add(partial);
  }

  #dropRequests(partial: PartialPiece): void {
    if (partial.receivedCount === partial.blockCount) return;
    for (const peer of this.#peers) {
      if (!peer.requests.has(partial.piece)) continue;
      for (let block = 0; block < partial.blockCount; block++) {
        if (!partial.isAskedOf(block, peer)) continue;
        peer.dropRequest(partial.piece);
        partial.release(block, peer);
      }
    }
  }

  #changeWanted(piece: PieceIndex, change: 1 | -1): void {
    this.#wantedLeft += change;
    for (const peer of this.#peers) if (peer.has(piece)) peer.wantedCount += change;
  }

  #forgetHave(peer: PickerPeer): void {
    if (peer.isSeed) this.#seedCount--;
    else for (const piece of peer.have.pieces()) this.#index.addHolder(piece, -1);
    peer.isSeed = false;
    peer.have = new Bitfield(this.#options.pieceCount);
    peer.wantedCount = 0;
  }

  #learnHave(peer: PickerPeer, have: Bitfield): void {
    peer.have = have;
    for (const piece of have.pieces()) {
      this.#index.addHolder(piece, 1);
      if (this.#isWanted(piece)) peer.wantedCount++;
    }
  }
}
