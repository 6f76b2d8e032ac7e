import { dirname, join, resolve } from 'node:path';
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

/** By renaming, within one file system. What is in the way stays, and nothing is moved. */
export const moveByRename: MoveData = async (metainfo, from, to, { files }) => {
  const pairs: [string, string][] = [];
  for (const file of metainfo.files) {
    if (file.isPadding) continue;
    const source = join(from, ...file.path);
    const target = join(to, ...file.path);
    if ((await files.stat(source)) === undefined) continue;
    if ((await files.stat(target)) !== undefined) throw inTheWay(target);
    pairs.push([source, target]);
  }
  const done: [string, string][] = [];
  try {
    for (const [source, target] of pairs) {
      await files.makeDirectory(dirname(target));
      await files.rename(source, target);
      done.push([source, target]);
    }
  } catch (error) {
    for (const [source, target] of done.reverse()) await files.rename(target, source).catch(() => {});
    throw error;
  }
  await removeEmptyFolders(metainfo, from, files);
};

/** Folders of the content that hold nothing any more, the deepest first. */
export async function removeEmptyFolders(metainfo: Metainfo, root: string, files: FileSystem): Promise<void> {
  const folders = new Set<string>();
  for (const { path } of metainfo.files) {
    for (let depth = 1; depth < path.length; depth += 1) folders.add(join(root, ...path.slice(0, depth)));
  }
  // One that is not empty says so and stays.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    await files.remove(folder).catch(() => {});
  }
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

/** Something lies where a file or folder is to go. */
export function inTheWay(path: string): AlliumError {
  return new AlliumError('WRONG_KIND', `there is something at ${path} already`, {
    advice: 'It was left as it is. Move it away, or choose another place.',
    details: { path },
  });
}
