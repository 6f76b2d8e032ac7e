import { dirname, join, relative } from 'node:path';
import type { FileSystem } from '../../runtime/port.ts';
import type { Metainfo } from '../metainfo/types.ts';

/**
 * Makes the symbolic links of a torrent (BEP 47) that are not there yet, each relative and to a place inside of the
 * torrent. What lies in the place of one stays; a disk without links does without.
 */
export async function makeSymlinks(metainfo: Metainfo, root: string, files: FileSystem): Promise<void> {
  for (const { path, attributes } of metainfo.files) {
    const target = attributes.symlinkTarget;
    if (target === undefined) continue;
    const link = join(root, ...path);
    const folder = dirname(link);
    await files.makeDirectory(folder);
    // Where a folder on the way is a link itself, `..` would lead out of the torrent.
    const straight = join(await files.realPath(root), ...path.slice(0, -1));
    if ((await files.realPath(folder)) !== straight) continue;
    await files.makeLink(link, relative(folder, join(root, ...target)) || '.');
  }
}

/** Takes the links of a torrent away; what is no link stays. */
export async function removeSymlinks(metainfo: Metainfo, root: string, files: FileSystem): Promise<void> {
  for (const { path, attributes } of metainfo.files) {
    if (attributes.symlinkTarget !== undefined) await files.removeLink(join(root, ...path));
  }
}
