import { Layout, type LayoutOptions } from '../../bittorrent/layout.ts';
import { MERKLE_HASH_BYTES, merkleRoot, pieceLevel } from '../../bittorrent/merkle.ts';
import { type FileIndex, fileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';
import { nextBatch } from '../../bittorrent/verify/batch.ts';
import { planRead, type ReadableContent, type ReadPlan } from '../../bittorrent/verify/read-plan.ts';
import { AlliumError } from '../../codec/error.ts';
import type { ReadHashResult } from '../../kernels/tasks/read-hash.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import type { ReadPool } from './read-pool.ts';

const SHA1_BYTES = 20;
/** Tasks each thread has in work or at hand. */
const TASKS_PER_THREAD = 2;

export interface HashContentOptions {
  /** Which pieces there are, and of which files. Padding is hashed as zeros and never read. */
  readonly layout: LayoutOptions;
  /** Where a file lies. Not asked for padding and empty files. */
  readonly pathOf: (file: FileIndex) => string;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each task with all bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

export interface ContentHashes {
  /** 20 bytes for each piece; empty for v2. */
  readonly pieces: Uint8Array;
  /** BEP 52 piece layers of files longer than a piece; empty for v1. */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  /** BEP 52 merkle roots of all files that are neither empty nor padding; empty for v1. */
  readonly piecesRoots: ReadonlyMap<FileIndex, Uint8Array>;
  readonly bytesRead: number;
}

/**
 * Reads all content once, on all threads, and hashes it as the layout's version asks: SHA-1 pieces, BEP 52 trees or
 * both. Throws AlliumError: FILE_CHANGED when a file is shorter than the layout says, NO_PERMISSION, NOT_FOUND,
 * WRONG_KIND or IO_FAILED with the path when one cannot be read.
 */
export async function hashContent(options: HashContentOptions, pool: ReadPool): Promise<ContentHashes> {
  const layout = new Layout(options.layout);
  const content = {
    version: options.layout.version,
    layout,
    files: options.layout.files,
    pathOf: options.pathOf,
  };
  const collected = new Collected(options.layout.version, layout.pieceCount);
  await eachBatch(content, pool, options.signal, (plan, result) => {
    collected.add(plan, result);
    options.onProgress?.(collected.bytesRead);
  });
  return {
    pieces: collected.pieces,
    ...treesOf(options.layout, layout, collected.roots),
    bytesRead: collected.bytesRead,
  };
}

/** What has come back so far. */
class Collected {
  readonly pieces: Uint8Array;
  /** By piece. */
  readonly roots: Uint8Array;
  bytesRead = 0;

  constructor(version: LayoutOptions['version'], pieceCount: number) {
    this.pieces = new Uint8Array(version === 'v2' ? 0 : pieceCount * SHA1_BYTES);
    this.roots = new Uint8Array(version === 'v1' ? 0 : pieceCount * MERKLE_HASH_BYTES);
  }

  add(plan: ReadPlan, result: ReadHashResult): void {
    const fault = result.faults[0];
    if (fault !== undefined) throw faultError(plan.payload.paths[fault.path]!, fault.code);
    const first = plan.pieces[0]!;
    if (this.pieces.length > 0) this.pieces.set(result.digests, first * SHA1_BYTES);
    if (this.roots.length > 0) this.roots.set(result.roots, first * MERKLE_HASH_BYTES);
    this.bytesRead += result.bytesRead;
  }
}

/** Hands out runs of pieces until all are done; a few tasks more than there are threads are under way. */
async function eachBatch(
  content: ReadableContent,
  pool: ReadPool,
  signal: AbortSignal | undefined,
  onResult: (plan: ReadPlan, result: ReadHashResult) => void,
): Promise<void> {
  const { layout } = content;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < layout.pieceCount) {
      signal?.throwIfAborted();
      const left = (layout.pieceCount - next) * layout.pieceLength;
      const { bytes, piecesMin } = nextBatch(left, layout.pieceLength, pool.threadCount);
      const count = Math.max(piecesMin, Math.floor(bytes / layout.pieceLength));
      const end = Math.min(layout.pieceCount, next + count);
      const pieces: PieceIndex[] = [];
      for (; next < end; next += 1) pieces.push(pieceIndex(next));
      const plan = planRead(content, pieces);
      onResult(plan, await pool.run(plan.payload));
    }
  };
  const stopOnError = (error: unknown): never => {
    next = layout.pieceCount;
    throw error;
  };
  const loops = Array.from({ length: pool.threadCount * TASKS_PER_THREAD }, () => work().catch(stopOnError));
  // Nothing is left running when the caller hears of an error.
  for (const outcome of await Promise.allSettled(loops)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function treesOf(
  options: LayoutOptions,
  layout: Layout,
  roots: Uint8Array,
): Pick<ContentHashes, 'pieceLayers' | 'piecesRoots'> {
  const pieceLayers = new Map<FileIndex, Uint8Array>();
  const piecesRoots = new Map<FileIndex, Uint8Array>();
  options.files.forEach((file, index) => {
    if (options.version === 'v1' || file.isPadding || file.byteLength === 0) return;
    const { first, end } = layout.piecesOf(fileIndex(index));
    const layer = roots.slice(first * MERKLE_HASH_BYTES, end * MERKLE_HASH_BYTES);
    if (file.byteLength > layout.pieceLength) {
      pieceLayers.set(fileIndex(index), layer);
      piecesRoots.set(fileIndex(index), merkleRoot(layer, pieceLevel(layout.pieceLength)));
    } else piecesRoots.set(fileIndex(index), layer);
  });
  return { pieceLayers, piecesRoots };
}

function faultError(path: string, code: string): AlliumError {
  if (code === '') {
    return new AlliumError('FILE_CHANGED', `“${path}” became shorter while it was read`, {
      advice: 'Try again when nobody writes to it.',
      details: { path },
    });
  }
  return fileError(Object.assign(new Error(code), { code }), 'read', path);
}
