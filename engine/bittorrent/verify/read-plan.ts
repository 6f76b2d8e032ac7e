import { PADDING } from '../../kernels/tasks/piece-source.ts';
import type { ReadHashPayload } from '../../kernels/tasks/read-hash.ts';
import type { Layout } from '../layout.ts';
import { LEAF_BYTES, levelsAbove } from '../merkle.ts';
import type { MetainfoVersion } from '../metainfo/types.ts';
import { type BlockOffset, type FileIndex, fileIndex, type PieceIndex } from '../units.ts';

/** What {@link planRead} has to know of the content. */
export interface ReadableContent {
  readonly version: MetainfoVersion;
  readonly layout: Layout;
  readonly files: readonly { readonly byteLength: number }[];
  readonly pathOf: (file: FileIndex) => string;
}

/** A task for a worker, and what its numbers stand for. */
export interface ReadPlan {
  readonly pieces: readonly PieceIndex[];
  readonly payload: ReadHashPayload;
  /** By index of the payload's paths. */
  readonly files: readonly FileIndex[];
  /** By position in {@link pieces}: the first file the piece has bytes of, in v2 the only one. */
  readonly firstFiles: readonly FileIndex[];
}

/** Says which bytes of which files make up these pieces, and what to hash of them. */
export function planRead(content: ReadableContent, pieces: readonly PieceIndex[]): ReadPlan {
  const { layout, version } = content;
  const paths: string[] = [];
  const files: FileIndex[] = [];
  const pathNumbers = new Map<FileIndex, number>();
  const extentCounts = new Uint32Array(pieces.length);
  const numbers: number[] = [];
  const firstFiles: FileIndex[] = [];
  pieces.forEach((piece, at) => {
    const extents = layout.extentsOf(piece, 0 as BlockOffset, layout.pieceLengthOf(piece));
    extentCounts[at] = extents.length;
    firstFiles.push(extents[0]?.file ?? fileIndex(0));
    for (const { file, position, byteLength, isPadding } of extents) {
      if (!isPadding && !pathNumbers.has(file)) {
        pathNumbers.set(file, paths.length);
        paths.push(content.pathOf(file));
        files.push(file);
      }
      numbers.push(isPadding ? PADDING : pathNumbers.get(file)!, position, byteLength);
    }
  });
  const extents = new Float64Array(numbers);
  const trees = version === 'v1' ? undefined : treeShapes(content, pieces, firstFiles);
  return {
    pieces,
    files,
    firstFiles,
    payload: { paths, extents, extentCounts, sha1: version !== 'v2', trees },
  };
}

/**
 * BEP 52: a piece of a file longer than a piece is a whole subtree of the file's tree, also the short last one. A
 * file of at most one piece is a tree of its own, no wider than it has to be.
 */
function treeShapes(
  content: ReadableContent,
  pieces: readonly PieceIndex[],
  firstFiles: readonly FileIndex[],
): Float64Array {
  const { layout } = content;
  const shapes = new Float64Array(2 * pieces.length);
  pieces.forEach((piece, at) => {
    const byteLength = layout.hashedLengthV2(piece);
    const isLong = content.files[firstFiles[at]!]!.byteLength > layout.pieceLength;
    const leaves = Math.ceil((isLong ? layout.pieceLength : byteLength) / LEAF_BYTES);
    shapes[2 * at] = byteLength;
    shapes[2 * at + 1] = 2 ** levelsAbove(leaves);
  });
  return shapes;
}
