import type { Random } from '../runtime/port.ts';
import type { PieceIndex } from './units.ts';

/**
 * BEP 16: which piece the only seeder of a swarm shows to whom. A peer sees one piece; it is shown the next one when
 * somebody else has got hold of that piece, so that what goes out of the seeder goes on from there.
 */
export class SuperSeed {
  private readonly pieceCount: number;
  private readonly random: Random;
  /** How often a piece was shown, or told of by a peer. */
  private readonly spread: Uint16Array;
  private readonly shown = new Map<number, PieceIndex>();

  constructor(options: { readonly pieceCount: number }, modules: { readonly random: Random }) {
    this.pieceCount = options.pieceCount;
    this.random = modules.random;
    this.spread = new Uint16Array(options.pieceCount);
  }

  /** A piece to show to this peer, one of those that have been shown least; undefined when it has them all. */
  next(peer: number, has: (piece: PieceIndex) => boolean): PieceIndex | undefined {
    if (this.pieceCount === 0) return undefined;
    const start = this.random.below(this.pieceCount);
    const before = this.shown.get(peer);
    let best: PieceIndex | undefined;
    for (let step = 0; step < this.pieceCount; step++) {
      const piece = ((start + step) % this.pieceCount) as PieceIndex;
      if (piece === before || has(piece)) continue;
      if (best === undefined || this.spread[piece]! < this.spread[best]!) best = piece;
      if (this.spread[best] === 0) break;
    }
    if (best === undefined) return undefined;
    this.shown.set(peer, best);
    this.count(best);
    return best;
  }

  /**
   * A peer says that it has a piece. Returns the peers that are to be shown another one: those that this piece was shown
   * to, as it has gone on to somebody else. `isAlone`: there is nobody that it could go on to.
   */
  onHave(peer: number, piece: PieceIndex, isAlone: boolean): number[] {
    this.count(piece);
    const free: number[] = [];
    for (const [other, shown] of this.shown) {
      if (shown === piece && (other !== peer || isAlone)) free.push(other);
    }
    return free;
  }

  gone(peer: number): void {
    this.shown.delete(peer);
  }

  private count(piece: PieceIndex): void {
    if (this.spread[piece]! < 0xffff) this.spread[piece]!++;
  }
}
