import type { Layout } from '../layout.ts';
import { MERKLE_HASH_BYTES } from '../merkle.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { FileIndex, PieceIndex } from '../units.ts';

const SHA1_BYTES = 20;

/** How the hashes of a piece compare with the torrent's. In a hybrid torrent both must fit. */
export type Comparison = 'good' | 'bad' | 'contradictory';

/** The hashes a torrent promises. */
export class ExpectedHashes {
  readonly #torrent: Pick<Metainfo, 'version' | 'pieces' | 'pieceLayers' | 'files'>;
  readonly #layout: Layout;

  constructor(torrent: Pick<Metainfo, 'version' | 'pieces' | 'pieceLayers' | 'files'>, layout: Layout) {
    this.#torrent = torrent;
    this.#layout = layout;
  }

  /**
   * Compares piece `piece` with `digests` (20 bytes at position `at`) and `roots` (32 bytes likewise). `file` is the
   * one the piece belongs to in v2. Contradictory: a hybrid torrent where one hash fits and the other does not.
   */
  compare(
    piece: PieceIndex,
    at: number,
    digests: Uint8Array,
    roots: Uint8Array,
    file: FileIndex,
  ): Comparison {
    const { version, pieces } = this.#torrent;
    const v1 = version !== 'v2' && isEqual(pieces, piece * SHA1_BYTES, digests, at * SHA1_BYTES, SHA1_BYTES);
    if (version === 'v1') return v1 ? 'good' : 'bad';
    const v2 = this.#fitsTree(piece, at, roots, file);
    if (version === 'hybrid' && v1 !== v2) return 'contradictory';
    return v2 ? 'good' : 'bad';
  }

  #fitsTree(piece: PieceIndex, at: number, roots: Uint8Array, file: FileIndex): boolean {
    const layer = this.#torrent.pieceLayers.get(file);
    const inFile = piece - this.#layout.piecesOf(file).first;
    const expected = layer ?? this.#torrent.files[file]!.piecesRoot;
    const from = layer === undefined ? 0 : inFile * MERKLE_HASH_BYTES;
    return (
      expected !== undefined && isEqual(expected, from, roots, at * MERKLE_HASH_BYTES, MERKLE_HASH_BYTES)
    );
  }
}

function isEqual(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number, byteLength: number): boolean {
  for (let at = 0; at < byteLength; at += 1) {
    if (a[aFrom + at] !== b[bFrom + at]) return false;
  }
  return true;
}
