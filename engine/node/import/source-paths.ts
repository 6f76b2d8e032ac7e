import { isAbsolute, join } from 'node:path';
import { badSource } from './types.ts';

/** `from` at the beginning of a path stands for `to`: the program saw its disks under other names. */
export interface PathMapping {
  readonly from: string;
  readonly to: string;
}

/** A folder as a program called it, as it is called here. The longest mapping that fits is used. Throws BAD_STATE. */
export function localFolder(path: string, mappings: readonly PathMapping[]): string {
  if (path === '') throw badSource('it does not say where its files are');
  if (path.includes('\0')) throw badSource('the place of its files holds a NUL');
  let best: PathMapping | undefined;
  for (const mapping of mappings) {
    if (!isAtOrBelow(path, mapping.from)) continue;
    if (best === undefined || mapping.from.length > best.from.length) best = mapping;
  }
  const local = best === undefined ? path : join(best.to, path.slice(best.from.length));
  if (!isAbsolute(local)) {
    throw badSource(`its files are at ${path}, which is no absolute path: say where that is (--map)`);
  }
  return join(local);
}

/** Where a file lies that the program has renamed: a path below `root`, or an absolute one. Throws BAD_STATE. */
export function localFile(path: string, root: string, mappings: readonly PathMapping[]): string {
  if (isAbsolute(path)) return localFolder(path, mappings);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..') || path.includes('\0')) {
    throw badSource(`a file of it was renamed to ${JSON.stringify(path)}`);
  }
  return join(root, ...parts);
}

function isAtOrBelow(path: string, folder: string): boolean {
  const bare = folder.endsWith('/') ? folder.slice(0, -1) : folder;
  return path === bare || path.startsWith(`${bare}/`);
}
