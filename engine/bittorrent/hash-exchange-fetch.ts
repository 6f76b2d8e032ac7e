import { type HashedFile, rangeOf } from './hash-exchange.ts';
import { hashOfPiece, LEAF_BYTES, levelsAbove, MERKLE_HASH_BYTES, pieceLevel } from './merkle.ts';
import { provesRoot, treeLevels } from './merkle-proof.ts';
import type { HashRequest } from './wire/message.ts';

/** BEP 52: no more hashes should be asked for at once. */
export const HASHES_PER_REQUEST = 512;

/** `taken`: proven and kept; `bad`: the proof is wrong, the sender lies; `unasked`: nothing that was wanted. */
export type HashesVerdict = 'taken' | 'bad' | 'unasked';

/**
 * Fetches the piece layer of a file whose root is known, from a magnet link say (BEP 52): in parts of 512 hashes,
 * each proven against the root by itself, so that parts may come from different peers. Pure: the caller sends.
 */
export class PieceLayerFetch {
  readonly #file: Omit<HashedFile, 'pieceLayer'>;
  readonly #pieceCount: number;
  readonly #partHashes: number;
  readonly #layer: Uint8Array;
  readonly #missing = new Set<number>();

  /** The file must be longer than a piece: shorter ones have no piece layer. */
  constructor(file: Omit<HashedFile, 'pieceLayer'>) {
    this.#file = file;
    this.#pieceCount = Math.ceil(file.byteLength / file.pieceLength);
    if (this.#pieceCount < 2) throw new RangeError('a file of one piece has no piece layer');
    this.#partHashes = Math.min(HASHES_PER_REQUEST, 2 ** levelsAbove(this.#pieceCount));
    this.#layer = new Uint8Array(this.#pieceCount * MERKLE_HASH_BYTES);
    for (let index = 0; index < this.#pieceCount; index += this.#partHashes) this.#missing.add(index);
  }

  /** The whole layer, 32 bytes for each piece; undefined until every part is here. */
  get layer(): Uint8Array | undefined {
    return this.#missing.size === 0 ? this.#layer : undefined;
  }

  /** Requests for the parts that are missing. A peer answers for pieces it has. */
  requests(): HashRequest[] {
    const baseLayer = pieceLevel(this.#file.pieceLength);
    return [...this.#missing].map((index) => ({
      piecesRoot: this.#file.piecesRoot,
      baseLayer,
      index,
      hashCount: this.#partHashes,
      proofLayers: treeLevels(this.#file.byteLength) - baseLayer - 1,
    }));
  }

  /** A HASHES message about this file. */
  take(request: HashRequest, hashes: Uint8Array): HashesVerdict {
    const baseLayer = pieceLevel(this.#file.pieceLength);
    if (!this.#missing.has(request.index) || request.hashCount !== this.#partHashes) return 'unasked';
    if (request.baseLayer !== baseLayer) return 'unasked';
    const { piecesRoot, byteLength } = this.#file;
    if (!provesRoot(rangeOf(request), hashes, piecesRoot, byteLength)) return 'bad';
    const at = request.index * MERKLE_HASH_BYTES;
    const wanted = Math.min(this.#partHashes * MERKLE_HASH_BYTES, this.#layer.length - at);
    this.#layer.set(hashes.subarray(0, wanted), at);
    this.#missing.delete(request.index);
    return 'taken';
  }
}

/**
 * Asks for the leaves of a piece that failed, to learn which of its blocks are bad. `piece`: counted from the file's
 * first. undefined when the piece is one block, whose hash is known already.
 */
export function leafRequest(file: HashedFile, piece: number): HashRequest | undefined {
  const hashCount = 2 ** Math.min(pieceLevel(file.pieceLength), treeLevels(file.byteLength));
  if (hashCount < 2) return undefined;
  return {
    piecesRoot: file.piecesRoot,
    baseLayer: 0,
    index: piece * hashCount,
    hashCount,
    // The hash of the piece is known: the leaves need no further proof.
    proofLayers: 0,
  };
}

/**
 * The leaves of a piece out of the answer to {@link leafRequest}, 32 bytes for each of its blocks; undefined when
 * they do not add up to the hash of the piece.
 */
export function provenLeaves(file: HashedFile, piece: number, hashes: Uint8Array): Uint8Array | undefined {
  const begin = piece * file.pieceLength;
  const blockCount = Math.ceil(Math.min(file.pieceLength, file.byteLength - begin) / LEAF_BYTES);
  const leaves = hashes.subarray(0, blockCount * MERKLE_HASH_BYTES);
  if (leaves.length !== blockCount * MERKLE_HASH_BYTES) return undefined;
  const { pieceLayer, piecesRoot, pieceLength } = file;
  const at = piece * MERKLE_HASH_BYTES;
  const expected = pieceLayer === undefined ? piecesRoot : pieceLayer.subarray(at, at + MERKLE_HASH_BYTES);
  const actual = hashOfPiece(leaves, pieceLength, pieceLayer === undefined);
  return Buffer.compare(actual, expected) === 0 ? leaves : undefined;
}
