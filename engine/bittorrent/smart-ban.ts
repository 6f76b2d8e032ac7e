import type { PieceIndex } from './units.ts';

/** One block of a piece: who sent it, and a digest of its bytes. */
export interface BlockSource {
  /** The caller's number for the peer; must outlast the connection. */
  readonly peer: number;
  /**
   * The same length for all blocks. Cryptographic, SHA-1 say: a checksum that can be forged lets a bad block pass
   * for the good one.
   */
  readonly digest: Uint8Array;
}

export interface SmartBanOptions {
  /** Blocks of failed pieces that are remembered; the oldest are forgotten. */
  readonly blocksMax?: number;
  /** Peers whose failed pieces are counted; the oldest are forgotten. */
  readonly peersMax?: number;
  /** A peer with a part in this many failed pieces is on parole. */
  readonly paroleAfter?: number;
}

export const SMART_BAN_DEFAULTS = { blocksMax: 65_536, peersMax: 1024, paroleAfter: 2 } as const;

/** What to do about peers. */
export interface Judgement {
  /** They have certainly sent bad blocks. */
  readonly ban: readonly number[];
  /** Ask them only for pieces of their own from now on, see `Picker.setParole`. */
  readonly parole: readonly number[];
  /** They have sent a good piece all by themselves: parole is over. */
  readonly acquit: readonly number[];
}

const NOTHING: Judgement = { ban: [], parole: [], acquit: [] };

/** The blocks of a piece as they were when its hash was wrong. */
type Attempt = readonly BlockSource[];

/**
 * Finds the peer that sent a bad block among the many that helped with a piece. When a piece fails its hash, who
 * sent which block and a digest of it is noted; when the piece comes right later, those whose block was another one
 * are to blame, and only those. Pure bookkeeping, bounded.
 */
export class SmartBan {
  readonly #options: Required<SmartBanOptions>;
  /** In the order of the first failure. */
  readonly #attempts = new Map<PieceIndex, Attempt[]>();
  #blockCount = 0;
  /** Failed pieces a peer had a part in; in the order of the last one. */
  readonly #failures = new Map<number, number>();
  readonly #paroled = new Set<number>();

  constructor(options: SmartBanOptions = {}) {
    this.#options = { ...SMART_BAN_DEFAULTS, ...options };
  }

  /** Blocks that are remembered. */
  get blockCount(): number {
    return this.#blockCount;
  }

  /** Whether {@link pieceVerified} has to look at the blocks of this piece, or at who sent them. */
  isOfInterest(piece: PieceIndex): boolean {
    return this.#attempts.has(piece) || this.#paroled.size > 0;
  }

  /**
   * The piece has failed its hash; `blocks` are all of its blocks in order. A peer that sent every one of them is
   * to blame; of several, those that have been part of too many failures come on parole.
   */
  pieceFailed(piece: PieceIndex, blocks: readonly BlockSource[]): Judgement {
    const peers = new Set(blocks.map((block) => block.peer));
    if (peers.size === 1) {
      for (const peer of peers) this.#forgetPeer(peer);
      return { ...NOTHING, ban: [...peers] };
    }
    this.#remember(piece, blocks);
    const parole: number[] = [];
    for (const peer of peers) {
      if (this.#countFailure(peer) < this.#options.paroleAfter || this.#paroled.has(peer)) continue;
      this.#paroled.add(peer);
      parole.push(peer);
    }
    return { ...NOTHING, parole };
  }

  /**
   * The piece has passed. Only needed when {@link isOfInterest}. `peers`: who sent its blocks. `digestOf` is called
   * for the blocks whose digest matters.
   */
  pieceVerified(
    piece: PieceIndex,
    peers: readonly number[],
    digestOf: (block: number) => Uint8Array,
  ): Judgement {
    const attempts = this.#attempts.get(piece) ?? [];
    this.#forgetPiece(piece);
    const ban = new Set<number>();
    const digests = new Map<number, Uint8Array>();
    for (const attempt of attempts) {
      for (let block = 0; block < attempt.length; block++) {
        const { peer, digest } = attempt[block]!;
        if (ban.has(peer)) continue;
        let good = digests.get(block);
        if (good === undefined) {
          good = digestOf(block);
          digests.set(block, good);
        }
        if (!areEqual(good, digest)) ban.add(peer);
      }
    }
    for (const peer of ban) this.#forgetPeer(peer);
    const only = new Set(peers).size === 1 ? peers[0]! : undefined;
    const acquit = only !== undefined && this.#paroled.has(only) ? [only] : [];
    for (const peer of acquit) this.#forgetPeer(peer);
    return { ...NOTHING, ban: [...ban], acquit };
  }

  #remember(piece: PieceIndex, blocks: readonly BlockSource[]): void {
    const attempts = this.#attempts.get(piece) ?? [];
    this.#attempts.set(piece, attempts);
    attempts.push(blocks.map(({ peer, digest }) => ({ peer, digest: digest.slice() })));
    this.#blockCount += blocks.length;
    for (const [oldest, its] of this.#attempts) {
      while (this.#blockCount > this.#options.blocksMax && its.length > 0) {
        this.#blockCount -= its.shift()!.length;
      }
      if (its.length > 0) break;
      this.#attempts.delete(oldest);
    }
  }

  #countFailure(peer: number): number {
    const count = (this.#failures.get(peer) ?? 0) + 1;
    this.#failures.delete(peer);
    this.#failures.set(peer, count);
    if (this.#failures.size > this.#options.peersMax) {
      for (const oldest of this.#failures.keys()) {
        this.#forgetPeer(oldest);
        break;
      }
    }
    return count;
  }

  #forgetPiece(piece: PieceIndex): void {
    for (const attempt of this.#attempts.get(piece) ?? []) this.#blockCount -= attempt.length;
    this.#attempts.delete(piece);
  }

  #forgetPeer(peer: number): void {
    this.#failures.delete(peer);
    this.#paroled.delete(peer);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
