import { join } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { foreignFiles } from '../../bittorrent/storage/foreign-files.ts';
import { removeSymlinks } from '../../bittorrent/storage/symlinks.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { foldersOf, moveFiles } from './move.ts';

/**
 * Brings the files of a torrent, which does not run, from below one folder to below another, also to another disk.
 * Files outside of `from` are not its own and stay. See {@link moveFiles} for what happens when it is interrupted.
 */
export async function moveContent(
  metainfo: Metainfo,
  from: string,
  to: string,
  modules: { readonly files: FileSystem },
): Promise<void> {
  const paths = metainfo.files.map((file) => join(from, ...file.path));
  const foreign = foreignFiles(paths, from);
  const own = metainfo.files.filter((file, index) => !file.isPadding && !foreign.has(index));
  // They are made anew where the torrent starts next, here or there.
  await removeSymlinks(metainfo, from, modules.files);
  const moves = own.map(({ path }) => ({ from: join(from, ...path), to: join(to, ...path) }));
  const folders = foldersOf(
    own.map(({ path }) => path),
    from,
  );
  await moveFiles({ moves, folders }, modules);
}
