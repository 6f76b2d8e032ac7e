import type { LaneHasher } from '../types.ts';
import type { HasherPair } from './hash-messages.ts';
import { LeafRow } from './merkle-fold.ts';
import { DIGEST_BYTES } from './message-list.ts';

/** BEP 52: what one leaf covers. */
export const LEAF_BYTES = 16384;

/** Takes the bytes of up to four pieces side by side, chunk by chunk, and makes hashes of them. */
export interface PieceSink {
  /** Pieces `first` up to `first + count` come now. */
  begin(first: number, count: number): void;
  /** The next bytes: of piece i those at offsets[i]. All chunks but the last hold whole leaves. */
  update(offsets: readonly number[], byteLength: number): void;
  end(): void;
}

/** BEP 3: one SHA-1 over each piece. */
export class Sha1Sink implements PieceSink {
  readonly digests: Uint8Array;
  readonly #pair: HasherPair;
  #hasher: LaneHasher;
  #first = 0;
  #count = 0;

  constructor(pieceCount: number, pair: HasherPair) {
    this.digests = new Uint8Array(pieceCount * DIGEST_BYTES.sha1);
    this.#pair = pair;
    this.#hasher = pair.single;
  }

  begin(first: number, count: number): void {
    this.#first = first;
    this.#count = count;
    this.#hasher = count === 1 ? this.#pair.single : this.#pair.wide;
  }

  update(offsets: readonly number[], byteLength: number): void {
    this.#hasher.update(offsets, this.#count, byteLength);
  }

  end(): void {
    this.#hasher.digest(this.#count, this.digests.subarray(this.#first * DIGEST_BYTES.sha1));
  }
}

/** What is asked of one piece in BEP 52. */
export interface TreeShape {
  /** Bytes under the hash: without the padding behind a file. */
  readonly byteLength: number;
  /** Leaves of the subtree, a power of two. */
  readonly width: number;
}

/** BEP 52: the root of the leaves of each piece. */
export class TreeSink implements PieceSink {
  readonly roots: Uint8Array;
  readonly #shapes: (piece: number) => TreeShape;
  readonly #hashLeaves: LeafHasher;
  readonly #rows: LeafRow[] = [];
  #first = 0;
  #count = 0;
  #done = 0;

  constructor(pieceCount: number, shapes: (piece: number) => TreeShape, hashLeaves: LeafHasher) {
    this.roots = new Uint8Array(pieceCount * DIGEST_BYTES.sha256);
    this.#shapes = shapes;
    this.#hashLeaves = hashLeaves;
  }

  begin(first: number, count: number): void {
    this.#first = first;
    this.#count = count;
    this.#done = 0;
    for (let lane = 0; lane < count; lane += 1) {
      this.#rows[lane] ??= new LeafRow();
      this.#rows[lane]!.begin(Math.ceil(this.#shapes(first + lane).byteLength / LEAF_BYTES));
    }
  }

  update(offsets: readonly number[], byteLength: number): void {
    for (let lane = 0; lane < this.#count; lane += 1) {
      const left = this.#shapes(this.#first + lane).byteLength - this.#done;
      if (left > 0) this.#hashLeaves(offsets[lane]!, Math.min(left, byteLength), this.#rows[lane]!);
    }
    this.#done += byteLength;
  }

  end(): void {
    for (let lane = 0; lane < this.#count; lane += 1) {
      const piece = this.#first + lane;
      const out = this.roots.subarray(piece * DIGEST_BYTES.sha256);
      this.#rows[lane]!.fold(this.#shapes(piece).width, out);
    }
  }
}

/** Hashes the leaves that lie one behind the other at `offset`; the last one may be short. */
export type LeafHasher = (offset: number, byteLength: number, row: LeafRow) => void;

/** Leaf by leaf in one call each; views are kept, as a chunk lies in few places. */
export function nativeLeafHasher(bytes: Uint8Array): LeafHasher {
  const views = new Map<number, Uint8Array>();
  return (offset, byteLength, row) => {
    const end = offset + byteLength;
    let at = offset;
    for (; at + LEAF_BYTES <= end; at += LEAF_BYTES) {
      let view = views.get(at);
      if (view === undefined) {
        view = bytes.subarray(at, at + LEAF_BYTES);
        views.set(at, view);
      }
      row.pushHashOf(view);
    }
    if (at < end) row.pushHashOf(bytes.subarray(at, end));
  };
}

/** Leaves side by side, as many as there are lanes. */
export function wideLeafHasher(pair: HasherPair): LeafHasher {
  const { wide, single } = pair;
  const digests = new Uint8Array(wide.lanes * DIGEST_BYTES.sha256);
  const offsets: number[] = [];
  return (offset, byteLength, row) => {
    const end = offset + byteLength;
    let at = offset;
    while (at < end) {
      offsets.length = 0;
      const size = Math.min(LEAF_BYTES, end - at);
      while (offsets.length < wide.lanes && at + size <= end) {
        offsets.push(at);
        at += size;
      }
      const hasher = offsets.length === 1 ? single : wide;
      hasher.update(offsets, offsets.length, size);
      hasher.digest(offsets.length, digests);
      row.push(digests, offsets.length);
    }
  };
}
