import { relative, resolve } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { isFileName } from './adding.ts';

/** Brings the data of a torrent, which is not running, from one folder to another. */
export type MoveData = (
  metainfo: Metainfo,
  from: string,
  to: string,
  modules: { readonly files: FileSystem },
) => Promise<void>;

/** An absolute folder. Throws BAD_USAGE for anything else. */
export function checkedRoot(root: string): string {
  if (root !== '' && root === resolve(root)) return root;
  throw new AlliumError('BAD_USAGE', `${root} is no absolute path`, { advice: 'Give the whole path.' });
}

/**
 * Where the files of a torrent lie after a file or folder of its content has got another name: index and path below the
 * root, of those that change. Throws NOT_FOUND or BAD_USAGE.
 */
export function renamedPaths(metainfo: Metainfo, path: string, name: string): [number, string][] {
  if (!isFileName(name)) {
    throw new AlliumError('BAD_USAGE', `“${name}” cannot be the name of a file`, {
      advice: 'Give another name.',
    });
  }
  const to = [...path.split('/').slice(0, -1), name].join('/');
  const all = metainfo.files.map((file) => file.path.join('/'));
  const next = all.map((own) =>
    own === path || own.startsWith(`${path}/`) ? `${to}${own.slice(path.length)}` : own,
  );
  const moved = next.flatMap((own, index): [number, string][] => (own === all[index] ? [] : [[index, own]]));
  if (moved.length === 0) {
    throw new AlliumError('NOT_FOUND', `there is no “${path}” in it`, { advice: 'Look at the files again.' });
  }
  const others = all.filter((_, index) => next[index] === all[index]);
  if (others.some((own) => own === to || own.startsWith(`${to}/`))) throw inTheWay(to);
  return moved;
}

/** The paths that differ from those of the torrent file, after some have changed. */
export function mergePaths(
  before: readonly (readonly [number, string])[],
  changes: readonly (readonly [number, string])[],
): readonly (readonly [number, string])[] {
  return [...new Map([...before, ...changes])];
}

/** Paths below `root` of files at absolute places. */
export function pathsBelow(
  root: string,
  places: readonly (readonly [number, string])[],
): readonly (readonly [number, string])[] {
  return places.map(([index, path]) => [index, relative(root, path)]);
}

/** Something lies where a file or folder is to go. */
export function inTheWay(path: string): AlliumError {
  return new AlliumError('WRONG_KIND', `there is something at ${path} already`, {
    advice: 'It was left as it is. Move it away, or choose another place.',
    details: { path },
  });
}
