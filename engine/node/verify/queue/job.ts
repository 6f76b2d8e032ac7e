import { EXTENT_NUMBERS } from '../../../kernels/tasks/piece-source.ts';
import type { ReadHashPayload, ReadHashResult } from '../../../kernels/tasks/read-hash.ts';

/** What a file was when its pieces were handed out: `[path, length, time of change in ms]`. */
export type SeenFile = readonly [path: string, byteLength: number, modifiedMs: number];

/** A range of pieces of one torrent, as it lies in the queue: where their bytes are, and never the bytes. */
export interface PieceJob {
  readonly version: 1;
  readonly files: readonly SeenFile[];
  readonly extents: readonly number[];
  readonly extentCounts: readonly number[];
  readonly sha1: boolean;
  readonly trees: readonly number[] | undefined;
}

/** Hashes of the pieces, or why this process could not have them. `by` names the process. */
export type JobAnswer =
  | { readonly by: string; readonly digests: string; readonly roots: string; readonly bytesRead: number }
  | { readonly by: string; readonly trouble: string };

/** `files`: of the payload's paths, in the same order. */
export function encodeJob(payload: ReadHashPayload, files: readonly SeenFile[]): PieceJob {
  return {
    version: 1,
    files,
    extents: [...payload.extents],
    extentCounts: [...payload.extentCounts],
    sha1: payload.sha1,
    trees: payload.trees === undefined ? undefined : [...payload.trees],
  };
}

/** Undefined for what is no job of this version: others may write into the queue. */
export function decodeJob(
  data: unknown,
): { readonly payload: ReadHashPayload; readonly files: readonly SeenFile[] } | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { version, files, extents, extentCounts, sha1, trees } = data as Partial<PieceJob>;
  if (version !== 1 || !Array.isArray(files) || !files.every(isSeenFile)) return undefined;
  if (!isNumbers(extents) || !isNumbers(extentCounts) || typeof sha1 !== 'boolean') return undefined;
  if (trees !== undefined && (!isNumbers(trees) || trees.length !== 2 * extentCounts.length))
    return undefined;
  const extentCount = extentCounts.reduce((sum, count) => sum + count, 0);
  if (extentCount * EXTENT_NUMBERS !== extents.length) return undefined;
  const isKnown = extents.every((index, at) => at % EXTENT_NUMBERS !== 0 || index < files.length);
  if (!isKnown) return undefined;
  return {
    files,
    payload: {
      paths: files.map(([path]) => path),
      extents: new Float64Array(extents),
      extentCounts: new Uint32Array(extentCounts),
      sha1,
      trees: trees === undefined ? undefined : new Float64Array(trees),
    },
  };
}

export function encodeResult(result: ReadHashResult, by: string): JobAnswer {
  const text = (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return { by, digests: text(result.digests), roots: text(result.roots), bytesRead: result.bytesRead };
}

/** Undefined unless it has a hash of the right kind for each piece of `payload`. */
export function decodeResult(answer: JobAnswer, payload: ReadHashPayload): ReadHashResult | undefined {
  if ('trouble' in answer || typeof answer.digests !== 'string' || typeof answer.roots !== 'string')
    return undefined;
  const pieces = payload.extentCounts.length;
  const digests = new Uint8Array(Buffer.from(answer.digests, 'base64'));
  const roots = new Uint8Array(Buffer.from(answer.roots, 'base64'));
  if (digests.length !== (payload.sha1 ? 20 * pieces : 0)) return undefined;
  if (roots.length !== (payload.trees === undefined ? 0 : 32 * pieces)) return undefined;
  if (!Number.isSafeInteger(answer.bytesRead) || answer.bytesRead < 0) return undefined;
  return { digests, roots, faults: [], bytesRead: answer.bytesRead };
}

/** Undefined for what is no answer at all. */
export function asAnswer(value: unknown): JobAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { by } = value as { by?: unknown };
  return typeof by === 'string' ? (value as JobAnswer) : undefined;
}

function isSeenFile(value: unknown): value is SeenFile {
  if (!Array.isArray(value)) return false;
  const [path, byteLength, modifiedMs] = value as readonly unknown[];
  return typeof path === 'string' && Number.isFinite(byteLength) && Number.isFinite(modifiedMs);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isFinite(item));
}
