import type { Layout } from '../layout.ts';
import { type FileIndex, type PieceIndex, pieceIndex } from '../units.ts';
import type { Metainfo } from './types.ts';

const SHA1_BYTES = 20;
const SHA256_BYTES = 32;

/** The SHA-1 a piece must have, a view; undefined when the torrent is v2 only. */
export function pieceHashV1(metainfo: Metainfo, piece: PieceIndex): Uint8Array | undefined {
  if (metainfo.pieces.length === 0) return undefined;
  return metainfo.pieces.subarray(piece * SHA1_BYTES, (piece + 1) * SHA1_BYTES);
}

/** What BEP 52 says of a piece. */
export interface PieceHashV2 {
  /** The one file the piece belongs to. */
  readonly file: FileIndex;
  /** The only piece of its file: hashed up to the next power of two of leaves, not up to a whole piece. */
  readonly isOnlyPiece: boolean;
  /** The merkle hash of the piece, a view; undefined while its piece layer is missing. */
  readonly hash: Uint8Array | undefined;
}

/**
 * The BEP 52 hash of a piece; undefined in a v1 torrent, for a piece of padding only, and in a hybrid torrent whose
 * layers peers did not have: its pieces have a SHA-1 as well. `layout` is the torrent's.
 */
export function pieceHashV2(metainfo: Metainfo, layout: Layout, piece: PieceIndex): PieceHashV2 | undefined {
  if (metainfo.version === 'v1') return undefined;
  const file = layout.filesOf(piece, pieceIndex(piece + 1))[0];
  const root = file === undefined ? undefined : metainfo.files[file]?.piecesRoot;
  if (file === undefined || root === undefined) return undefined;
  const { first, end } = layout.piecesOf(file);
  if (end - first === 1) return { file, isOnlyPiece: true, hash: root };
  const start = (piece - first) * SHA256_BYTES;
  const hash = metainfo.pieceLayers.get(file)?.subarray(start, start + SHA256_BYTES);
  if (hash === undefined && metainfo.version === 'hybrid') return undefined;
  return { file, isOnlyPiece: false, hash };
}
