import type { LaneHashers } from '../lane-hasher.ts';
import { HASH_BYTES } from '../sha.ts';
import type { LaneHasher } from '../types.ts';
import type { LeafRow } from './leaf-row.ts';

/** Takes the bytes of up to four pieces side by side, chunk by chunk, and makes hashes of them. */
export interface PieceSink {
  /** Pieces `first` up to `first + count` come now. */
  begin(first: number, count: number): void;
  /** The next bytes: of piece i those at offsets[i]. All chunks but the last hold whole leaves. */
  update(offsets: readonly number[], byteLength: number): void;
  /** False: not all of them came, so that their hashes mean nothing. */
  end(isWhole: boolean): void;
}

/** BEP 3: one SHA-1 over each piece. */
export class Sha1Sink implements PieceSink {
  readonly digests: Uint8Array;
  readonly #pair: LaneHashers;
  #hasher: LaneHasher;
  #first = 0;
  #count = 0;

  constructor(pieceCount: number, pair: LaneHashers) {
    this.digests = new Uint8Array(pieceCount * HASH_BYTES.sha1);
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
    this.#hasher.digest(this.#count, this.digests.subarray(this.#first * HASH_BYTES.sha1));
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
  /** One for each lane. */
  readonly #rows: readonly LeafRow[];
  #first = 0;
  #count = 0;
  #done = 0;

  constructor(pieceCount: number, shapes: (piece: number) => TreeShape, rows: readonly LeafRow[]) {
    this.roots = new Uint8Array(pieceCount * HASH_BYTES.sha256);
    this.#shapes = shapes;
    this.#rows = rows;
  }

  begin(first: number, count: number): void {
    this.#first = first;
    this.#count = count;
    this.#done = 0;
    for (const row of this.#rows) row.begin();
  }

  update(offsets: readonly number[], byteLength: number): void {
    for (let lane = 0; lane < this.#count; lane += 1) {
      const left = this.#shapes(this.#first + lane).byteLength - this.#done;
      if (left > 0) this.#rows[lane]!.hash(offsets[lane]!, Math.min(left, byteLength));
    }
    this.#done += byteLength;
  }

  end(isWhole: boolean): void {
    for (let lane = 0; isWhole && lane < this.#count; lane += 1) {
      const piece = this.#first + lane;
      const out = this.roots.subarray(piece * HASH_BYTES.sha256, (piece + 1) * HASH_BYTES.sha256);
      this.#rows[lane]!.root(this.#shapes(piece).width, out);
    }
  }
}
