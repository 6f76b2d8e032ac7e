import { resolve, sep } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { FileHandle } from '../../runtime/port.ts';

/** Read at a time to compare. */
const COMPARED_BYTES = 64 * 1024;

/**
 * Files of a torrent that are not its own: those that are named, because they belong to another one, and those that lie
 * outside of its root. `paths` are absolute, in the order of the files.
 */
export function foreignFiles(
  paths: readonly string[],
  root: string,
  named: ReadonlySet<number> = new Set(),
): ReadonlySet<number> {
  const top = resolve(root);
  const inside = top.endsWith(sep) ? top : `${top}${sep}`;
  const foreign = new Set(named);
  paths.forEach((path, file) => {
    if (!resolve(path).startsWith(inside)) foreign.add(file);
  });
  return foreign;
}

/** Whether another torrent has verified some of these bytes of a file. */
export type IsVerifiedElsewhere = (path: string, position: number, byteLength: number) => boolean;

/**
 * What stands in for a write to a file of another torrent: the bytes must be there already, then there is nothing to
 * do. Rejects with NO_PERMISSION when they are not. Never writes.
 */
export async function expectBytes(
  handle: FileHandle,
  path: string,
  expected: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const found = new Uint8Array(COMPARED_BYTES);
  let at = position;
  for (const bytes of expected) {
    for (let done = 0; done < bytes.length; done += COMPARED_BYTES) {
      const part = bytes.subarray(done, done + COMPARED_BYTES);
      const length = await handle.readv([found.subarray(0, part.length)], at);
      if (length !== part.length || Buffer.compare(found.subarray(0, length), part) !== 0)
        throw belongsToOther(path);
      at += length;
    }
  }
}

/** Why a piece cannot be stored. */
export function belongsToOther(path: string): AlliumError {
  return new AlliumError('NO_PERMISSION', `${path} belongs to another torrent and has other bytes`, {
    advice: 'It was left as it is. Give this torrent a folder of its own, or recheck the other one.',
    details: { path },
  });
}
