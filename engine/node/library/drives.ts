import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { fileError } from '../../runtime/real/file-error.ts';

/** Torrents of a folder whose content is looked for, to tell a drive that is missing from a file that is. */
export const SAMPLES_MAX = 8;

/**
 * Whether what was saved below `root` can still be there: the folder exists and holds one of these files or folders at
 * least, or something else. An empty one is where a drive would be mounted.
 */
export async function isRootThere(
  root: string,
  samples: readonly string[],
  files: FileSystem,
): Promise<boolean> {
  const stat = await files.stat(root).catch(() => undefined);
  // Without content there is nothing to miss; the folder is made when it is needed.
  if (samples.length === 0) return stat === undefined || stat.kind === 'directory';
  if (stat?.kind !== 'directory') return false;
  for (const path of samples) {
    if ((await files.stat(path).catch(() => undefined)) !== undefined) return true;
  }
  const names = await files.readDirectory(root).catch(() => []);
  return names.length > 0;
}

/** Bytes that can be written, and that there are, where `path` is or would be. Rejects with the file system's codes. */
export async function freeSpaceAt(
  path: string,
): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize } = await statfs(at);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      const known = fileError(error, 'look at', at);
      const isTop = dirname(at) === at;
      if (isTop || !(known instanceof AlliumError) || known.code !== 'NOT_FOUND') throw known;
    }
  }
}
