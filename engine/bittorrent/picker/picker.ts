import type { Random } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import type { PieceIndex } from '../units.ts';
import { leastAskedBlock } from './duplicates.ts';
import { PartialPiece } from './partial-piece.ts';
import type { PickerPeer } from './picker-peer.ts';
import { SwarmPieces } from './swarm-pieces.ts';
import {
  type BlockRun,
  type BlockVerdict,
  type OnCancel,
  PICKER_DEFAULTS,
  type PickerModules,
  type PickerOptions,
  type PiecePriority,
  PRIORITY_SKIP,
} from './types.ts';

/**
 * Decides which blocks to ask of which peer (BEP 3). Pure: data in, decision out, chance from the Random passed in.
 * A new piece is chosen at random until four are complete, then rarest first; a piece that is begun is finished
 * before another one is begun; when every block left has been asked for, blocks are asked of several peers at once.
 */
export class Picker {
  /** Choose pieces in ascending order in place of rarest first. */
  sequential = false;
  /** Pieces that somebody waits for, in the order in which they are; they go before all others. */
  urgent: readonly PieceIndex[] = [];
  /** Those of {@link urgent} that take too long: what was asked of one peer is asked of others too. */
  late: readonly PieceIndex[] = [];
  readonly #options: Required<Omit<PickerOptions, 'have'>>;
  readonly #pieces: SwarmPieces;
  readonly #random: Random;
  readonly #partials = new Map<PieceIndex, PartialPiece>();
  /** The partials with free blocks. */
  readonly #open = new Set<PartialPiece>();
  #begunCount = 0;
  /** Counts what may have made something pickable for somebody; see {@link PickerPeer.nothingAtChange}. */
  #change = 0;

  constructor(options: PickerOptions, modules: PickerModules) {
    this.#options = {
      ...PICKER_DEFAULTS,
      ...options,
      blocksIn: (piece) => options.blocksIn(piece),
    };
    this.#random = modules.random;
    this.#pieces = new SwarmPieces(options.pieceCount, options.have, modules.random);
  }

  /** What is verified. The picker's own; do not change it. */
  get complete(): Bitfield {
    return this.#pieces.complete;
  }

  /** Pieces wanted and not verified. */
  get wantedLeft(): number {
    return this.#pieces.wantedLeft;
  }

  /** Every piece that is wanted is verified. */
  get isDone(): boolean {
    return this.#pieces.wantedLeft === 0;
  }

  /** How many pieces are {@link underWay}. */
  get partialCount(): number {
    return this.#partials.size;
  }

  /** Pieces begun and not verified. */
  underWay(): Iterable<PieceIndex> {
    return this.#partials.keys();
  }

  /** Every block that is left and that some peer has was asked for: ask again, of others. BEP 3: endgame. */
  get inEndgame(): boolean {
    if (this.isDone || this.#pieces.hasPickable) return false;
    for (const { piece } of this.#open) {
      if (this.#pieces.isWanted(piece) && this.#pieces.availabilityOf(piece) > 0) return false;
    }
    return true;
  }

  /**
   * When no further piece may be begun: one under way that nobody can finish, so that it stands in the way of those
   * that could be. To be given up with {@link pieceDropped}. The one that has come least far.
   */
  get stalledPiece(): PieceIndex | undefined {
    if (this.#partials.size < this.#options.partialsMax) return undefined;
    let least: PartialPiece | undefined;
    for (const partial of this.#open) {
      const canGoOn = this.#pieces.isWanted(partial.piece) && this.availabilityOf(partial.piece) > 0;
      if (canGoOn || partial.requestedCount > 0) continue;
      if (least === undefined || partial.receivedCount < least.receivedCount) least = partial;
    }
    return least?.piece;
  }

  /** How many peers have this piece. */
  availabilityOf(piece: PieceIndex): number {
    return this.#pieces.availabilityOf(piece);
  }

  priorityOf(piece: PieceIndex): PiecePriority {
    return this.#pieces.index.priorityOf(piece);
  }

  /** A peer has come; it has nothing yet. */
  addPeer(): PickerPeer {
    return this.#pieces.addPeer();
  }

  /**
   * BITFIELD: takes the place of what was known. `bits` must have been checked; it is copied. Costs time in
   * proportion to the pieces, so a peer may send it, or {@link peerHasAll}, only once.
   */
  peerBitfield(peer: PickerPeer, bits: Uint8Array): void {
    this.#pieces.setHave(peer, new Bitfield(this.#options.pieceCount, bits.slice()));
    this.#change++;
  }

  /** HAVE ALL (BEP 6). */
  peerHasAll(peer: PickerPeer): void {
    this.#pieces.setHave(peer, Bitfield.full(this.#options.pieceCount));
    this.#change++;
  }

  /** HAVE. True when this is the news of a wanted piece. */
  peerHas(peer: PickerPeer, piece: PieceIndex): boolean {
    if (!this.#pieces.addHave(peer, piece)) return false;
    peer.nothingAtChange = -1;
    return true;
  }

  /** LT_DONTHAVE (BEP 54). The peer rejects what it was asked for, or is overdue with it in the end. */
  peerLost(peer: PickerPeer, piece: PieceIndex): void {
    this.#pieces.removeHave(peer, piece);
  }

  /** The connection is gone; its blocks are free again. The peer must not be used any more. */
  peerGone(peer: PickerPeer): void {
    this.releasePeer(peer);
    this.#pieces.removePeer(peer);
  }

  /** Whether the peer has something this side wants. */
  interesting(peer: PickerPeer): boolean {
    return peer.wantedCount > 0;
  }

  /** On parole a peer gets only pieces that nobody else has a part in, so that a bad one is its fault alone. */
  setParole(peer: PickerPeer, onParole: boolean): void {
    peer.onParole = onParole;
    this.#change++;
  }

  /**
   * Up to `blocksMax` consecutive free blocks of one piece, now reserved for `peer` and for nobody else. undefined:
   * nothing for this peer now; in the endgame see {@link pickDuplicate}.
   */
  pickRun(peer: PickerPeer, blocksMax: number): BlockRun | undefined {
    if (peer.wantedCount === 0 || blocksMax < 1) return undefined;
    if (this.urgent.length > 0) {
      const run = this.#pickLate(peer) ?? this.pickRunAmong(peer, this.urgent, blocksMax);
      if (run !== undefined) return run;
    }
    if (peer.nothingAtChange === this.#change) return undefined;
    const partial = this.#bestOpen(peer) ?? this.#begin(peer);
    if (partial !== undefined) return this.#reserve(partial, peer, blocksMax);
    peer.nothingAtChange = this.#change;
    return undefined;
  }

  /** {@link pickRun} among these pieces only, in this order: BEP 6 allowed fast while choked, suggested pieces. */
  pickRunAmong(peer: PickerPeer, pieces: Iterable<PieceIndex>, blocksMax: number): BlockRun | undefined {
    if (blocksMax < 1) return undefined;
    for (const piece of pieces) {
      if (!peer.has(piece) || !this.#pieces.isWanted(piece)) continue;
      const partial = this.#partials.get(piece) ?? this.#openPiece(piece, peer);
      if (partial !== undefined && this.#maySend(partial, peer)) {
        return this.#reserve(partial, peer, blocksMax);
      }
    }
    return undefined;
  }

  /**
   * One block that others were asked for already and that has not come, now asked of `peer` too: in the endgame,
   * or when no further piece may be begun, and only of a peer that has little left to send.
   */
  pickDuplicate(peer: PickerPeer): BlockRun | undefined {
    const { partialsMax, duplicateQueueMax } = this.#options;
    if (peer.wantedCount === 0 || peer.requestCount >= duplicateQueueMax) return undefined;
    if (this.#partials.size < partialsMax && !this.inEndgame) return undefined;
    return this.#duplicate(peer, this.#partials.values());
  }

  /** A whole block has come from `peer`. After `complete`, tell {@link pieceVerified} or {@link pieceFailed}. */
  blockReceived(peer: PickerPeer, piece: PieceIndex, block: number, onCancel: OnCancel): BlockVerdict {
    const partial = this.#partials.get(piece);
    if (partial === undefined) return this.complete.has(piece) ? 'duplicate' : 'unasked';
    if (partial.isReceived(block)) return 'duplicate';
    if (!partial.isAskedOf(block, peer)) return 'unasked';
    peer.dropRequest(piece);
    const others = partial.receive(block, peer);
    if (others !== undefined) {
      for (const other of others) {
        other.dropRequest(piece);
        onCancel(other, piece, block);
      }
    }
    if (partial.reservedFor !== undefined && partial.reservedFor !== peer) this.#share(partial);
    if (partial.freeCount === 0) this.#open.delete(partial);
    return partial.receivedCount === partial.blockCount ? 'complete' : 'taken';
  }

  /** REJECT REQUEST (BEP 6), or the peer was told CANCEL: it will not send this block. */
  releaseBlock(peer: PickerPeer, piece: PieceIndex, block: number): void {
    const partial = this.#partials.get(piece);
    if (partial === undefined || !partial.isAskedOf(block, peer)) return;
    peer.dropRequest(piece);
    partial.release(block, peer);
    this.#reopen(partial);
  }

  /** The peer will send nothing of what it was asked for: it choked this side, or is gone. */
  releasePeer(peer: PickerPeer): void {
    for (const piece of [...peer.requests.keys()]) {
      const partial = this.#partials.get(piece)!;
      for (let block = 0; block < partial.blockCount; block++) this.releaseBlock(peer, piece, block);
    }
    for (const partial of this.#open) if (partial.reservedFor === peer) this.#share(partial);
  }

  /** The peer takes too long: others may be asked for its blocks, but what it sends is still welcome. */
  peerSnubbed(peer: PickerPeer): void {
    for (const piece of peer.requests.keys()) {
      const partial = this.#partials.get(piece)!;
      partial.overtake(peer);
      if (partial.reservedFor === peer) this.#share(partial);
      this.#reopen(partial);
    }
  }

  /** The hash of the piece is right: it is complete. */
  pieceVerified(piece: PieceIndex): void {
    const partial = this.#partials.get(piece);
    if (!this.#pieces.setComplete(piece) || partial === undefined) return;
    this.#dropRequests(partial);
    this.#partials.delete(piece);
    this.#open.delete(partial);
    this.#change++;
  }

  /** The hash of the piece is wrong: all its blocks are free again, and it is the first to be finished. */
  pieceFailed(piece: PieceIndex): void {
    const partial = this.#partials.get(piece);
    if (partial === undefined) return;
    this.#dropRequests(partial);
    partial.reset();
    this.#open.add(partial);
    this.#change++;
  }

  /** What is here of the piece is given up: it counts as not begun. */
  pieceDropped(piece: PieceIndex): void {
    const partial = this.#partials.get(piece);
    if (partial === undefined) return;
    this.#dropRequests(partial);
    this.#close(partial);
    this.#change++;
  }

  /** A piece that was complete is found damaged. */
  pieceLost(piece: PieceIndex): void {
    this.#pieces.clearComplete(piece);
    this.#change++;
  }

  /** What is under way of a piece that is no longer wanted stays, and is not taken up until it is wanted again. */
  setPriority(piece: PieceIndex, priority: PiecePriority): void {
    this.#pieces.setPriority(piece, priority);
    if (!this.#partials.has(piece) && !this.complete.has(piece)) this.#pieces.index.add(piece);
    this.#change++;
  }

  /** A block of a piece that takes too long. */
  #pickLate(peer: PickerPeer): BlockRun | undefined {
    if (this.late.length === 0) return undefined;
    const late = this.late.map((piece) => this.#partials.get(piece));
    const begun = late.filter((partial) => partial !== undefined);
    return this.#duplicate(peer, begun);
  }

  #duplicate(peer: PickerPeer, partials: Iterable<PartialPiece>): BlockRun | undefined {
    const may = ({ piece }: PartialPiece): boolean => peer.has(piece) && this.#pieces.isWanted(piece);
    const found = leastAskedBlock(partials, peer, may, this.#options.duplicatesMax, this.#random);
    if (found === undefined) return undefined;
    const { partial, block } = found;
    partial.addDuplicate(block, peer);
    peer.addRequests(partial.piece, 1);
    return { piece: partial.piece, firstBlock: block, blockCount: 1 };
  }

  /** Whether `peer` may be asked for free blocks of this piece. */
  #maySend(partial: PartialPiece, peer: PickerPeer): boolean {
    if (partial.freeCount === 0) return false;
    if (partial.reservedFor !== undefined && partial.reservedFor !== peer) return false;
    if (peer.onParole && partial.reservedFor !== peer && !partial.isUntouched) return false;
    return partial.nextFree(peer) >= 0;
  }

  /** BEP 3, strict priority: the oldest piece under way of the highest priority that this peer can help with. */
  #bestOpen(peer: PickerPeer): PartialPiece | undefined {
    let best: PartialPiece | undefined;
    let bestPriority: PiecePriority = PRIORITY_SKIP;
    for (const partial of this.#open) {
      const priority = this.priorityOf(partial.piece);
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
    const { index } = this.#pieces;
    if (this.sequential) return index.first(peer);
    // Something to trade matters more at first than what is rare, and common pieces come faster.
    if (this.complete.count < this.#options.randomFirstPieces) return index.random(peer);
    return index.rarest(peer);
  }

  #openPiece(piece: PieceIndex, peer: PickerPeer): PartialPiece | undefined {
    if (this.#partials.size >= this.#options.partialsMax) return undefined;
    this.#pieces.index.remove(piece);
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

  #share(partial: PartialPiece): void {
    partial.reservedFor = undefined;
    this.#change++;
  }

  /** Some blocks are free again. A piece of which nothing is asked for or here counts as not begun. */
  #reopen(partial: PartialPiece): void {
    this.#change++;
    if (partial.isUntouched) this.#close(partial);
    else if (partial.freeCount > 0) this.#open.add(partial);
  }

  #close(partial: PartialPiece): void {
    this.#partials.delete(partial.piece);
    this.#open.delete(partial);
    if (this.#pieces.isWanted(partial.piece)) this.#pieces.index.add(partial.piece);
  }

  /** Forgets who was asked for blocks of a piece that needs none any more. */
  #dropRequests(partial: PartialPiece): void {
    if (partial.receivedCount === partial.blockCount) return;
    for (const peer of this.#pieces.peers) {
      if (!peer.requests.has(partial.piece)) continue;
      for (let block = 0; block < partial.blockCount; block++) {
        if (!partial.isAskedOf(block, peer)) continue;
        peer.dropRequest(partial.piece);
        partial.release(block, peer);
      }
    }
  }
}
