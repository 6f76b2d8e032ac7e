import { dirname, join } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { foreignFiles } from '../../bittorrent/storage/foreign-files.ts';
import { removeSymlinks } from '../../bittorrent/storage/symlinks.ts';
import type { FileSystem, Runtime } from '../../runtime/port.ts';
import type { NodeStore } from '../store/store.ts';
import { foldersOf } from '../upkeep/move.ts';
import type { Entry } from './entry.ts';
import { parseStored, placed } from './ready.ts';

/**
 * Deletes the files of a torrent that has been removed, and the folders of its content that are empty then. What
 * another torrent of the library has as well stays. Rejects with the file system's codes when something cannot be
 * deleted; the rest is deleted all the same.
 */
export async function deleteData(
  metainfo: Metainfo,
  root: string,
  modules: {
    readonly entries: ReadonlyMap<string, Entry>;
    readonly store: NodeStore;
    readonly runtime: Pick<Runtime, 'files'>;
  },
): Promise<void> {
  const { files } = modules.runtime;
  const kept = pathsOfOthers(metainfo, root, modules);
  let failure: unknown;
  await removeSymlinks(metainfo, root, files).catch((error: unknown) => {
    failure = error;
  });
  const paths = metainfo.files.map((file) => join(root, ...file.path));
  // What was found outside of its folder was somebody's before.
  const foreign = foreignFiles(paths, root);
  for (const [index, file] of metainfo.files.entries()) {
    const path = paths[index]!;
    if (file.isPadding || kept.has(path) || foreign.has(index)) continue;
    try {
      await removeFile(path, files);
    } catch (error) {
      failure ??= error;
    }
  }
  const own = metainfo.files.filter((_, index) => !foreign.has(index));
  const folders = foldersOf(
    own.map(({ path }) => path),
    root,
  );
  // The deepest first. One that is not empty says so and stays.
  for (const folder of folders.sort((a, b) => b.length - a.length))
    await files.remove(folder).catch(() => {});
  if (failure !== undefined) throw failure;
}

async function removeFile(path: string, files: FileSystem): Promise<void> {
  const stat = await files.stat(path);
  if (stat?.kind === 'file') await files.remove(path);
}

/** Files of torrents whose content may lie in the same places: only of those the metadata is read. */
function pathsOfOthers(
  metainfo: Metainfo,
  root: string,
  { entries, store }: { readonly entries: ReadonlyMap<string, Entry>; readonly store: NodeStore },
): ReadonlySet<string> {
  const kept = new Set<string>();
  const tops = new Set(metainfo.files.map(({ path }) => join(root, path[0] ?? '')));
  for (const { infoHash, row, magnet, trackers, paths, removed } of entries.values()) {
    if (removed || magnet !== '') continue;
    const reachesOut = paths.some(([, path]) => path.startsWith('../'));
    if (!reachesOut && !tops.has(row.contentPath) && !isInside(row.contentPath, tops)) continue;
    const { torrentFile } = store.read(infoHash).torrent;
    for (const file of placed(parseStored(infoHash, torrentFile), { trackers, paths }).files) {
      kept.add(join(row.root, ...file.path));
    }
  }
  return kept;
}

/** Whether one of these folders is above or below the path. */
function isInside(path: string, tops: ReadonlySet<string>): boolean {
  for (const top of tops) {
    if (path.startsWith(`${top}/`) || top.startsWith(`${path}/`)) return true;
  }
  return tops.has(dirname(path));
}
