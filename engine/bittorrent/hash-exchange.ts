import { foldLayer, hashAt, levelsAbove, MERKLE_HASH_BYTES, parentLayer, pieceLevel } from './merkle.ts';
import { type HashRange, isValidRange, treeLevels, uncleCount } from './merkle-proof.ts';
import type { HashRequest } from './wire/message.ts';

/** A file of a v2 torrent, as far as its hashes go. */
export interface HashedFile {
  /** 32 bytes. */
  readonly piecesRoot: Uint8Array;
  readonly byteLength: number;
  readonly pieceLength: number;
  /** Absent for a file of one piece or less, whose root is the hash of its piece. */
  readonly pieceLayer: Uint8Array | undefined;
}

/** A run of pieces of one file, counted from the file's first. */
export interface LeafSpan {
  readonly firstPiece: number;
  readonly pieceCount: number;
}

/** The numbers of a message, as the merkle functions take them. */
export function rangeOf(request: HashRequest): HashRange {
  const { baseLayer, index, hashCount, proofLayers } = request;
  return { baseLayer, index, length: hashCount, proofLayers };
}

/**
 * Answers HASH REQUESTs about one file (BEP 52): for the piece layer and all layers above from the torrent, for
 * leaves from the blocks of the pieces they belong to, which the caller hashes. The layers above the piece layer
 * are computed once, at the first question.
 */
export class HashServer {
  readonly #file: HashedFile;
  /** Level of the piece layer, or of the root of a file shorter than a piece. */
  readonly #level: number;
  readonly #treeLevels: number;
  #layers: Uint8Array[] | undefined;

  constructor(file: HashedFile) {
    this.#file = file;
    this.#treeLevels = treeLevels(file.byteLength);
    this.#level = Math.min(pieceLevel(file.pieceLength), this.#treeLevels);
  }

  /**
   * What has to be known to answer: `layers`: nothing more; a span: the leaves of these pieces; undefined: the
   * request is wrong or about layers nobody must serve, so reject it.
   */
  needs(request: HashRequest): 'layers' | LeafSpan | undefined {
    const range = rangeOf(request);
    if (!isValidRange(range, this.#file.byteLength)) return undefined;
    if (range.baseLayer >= this.#level) return 'layers';
    if (range.baseLayer !== 0) return undefined;
    const leavesPerPiece = 2 ** this.#level;
    return {
      firstPiece: Math.floor(range.index / leavesPerPiece),
      pieceCount: Math.max(1, range.length / leavesPerPiece),
    };
  }

  /**
   * The hashes of the answer, those asked for and then the uncles. `leaves`: of the pieces {@link needs} has named,
   * 32 bytes for each block, ending where the file ends. The request must have passed {@link needs}.
   */
  answer(request: HashRequest, leaves?: Uint8Array): Uint8Array {
    const range = rangeOf(request);
    const span = this.needs(request);
    if (span === undefined || (span !== 'layers' && leaves === undefined)) {
      throw new RangeError('not a request that can be answered');
    }
    const local = leaves === undefined ? [] : this.#foldLeaves(leaves);
    const localFirst = span === 'layers' ? 0 : span.firstPiece * 2 ** this.#level;
    const hashOf = (level: number, index: number): Uint8Array => {
      const layer = local[level];
      if (layer === undefined) return this.#hashAt(level, index);
      return hashAt(layer, level, index - localFirst / 2 ** level);
    };
    const uncles = uncleCount(range);
    const body = new Uint8Array((range.length + uncles) * MERKLE_HASH_BYTES);
    for (let offset = 0; offset < range.length; offset++) {
      body.set(hashOf(range.baseLayer, range.index + offset), offset * MERKLE_HASH_BYTES);
    }
    let level = range.baseLayer + levelsAbove(range.length);
    let index = range.index / range.length;
    for (let uncle = 0; uncle < uncles; uncle++) {
      body.set(hashOf(level, index ^ 1), (range.length + uncle) * MERKLE_HASH_BYTES);
      level++;
      index >>>= 1;
    }
    return body;
  }

  /** The leaves and the layers above them, up to under the piece layer. */
  #foldLeaves(leaves: Uint8Array): Uint8Array[] {
    const layers: Uint8Array[] = [];
    for (let level = 0; level < this.#level; level++) {
      layers.push(level === 0 ? leaves : foldLayer(layers[level - 1]!, level - 1, 1));
    }
    return layers;
  }

  /** A hash of the piece layer or above. */
  #hashAt(level: number, index: number): Uint8Array {
    if (this.#layers === undefined) {
      this.#layers = [this.#file.pieceLayer ?? this.#file.piecesRoot];
      for (let up = this.#level; up < this.#treeLevels; up++) {
        this.#layers.push(parentLayer(this.#layers.at(-1)!, up));
      }
    }
    return hashAt(this.#layers[level - this.#level]!, level, index);
  }
}
