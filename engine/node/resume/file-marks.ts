import { join } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { FileSystem } from '../../runtime/port.ts';
import type { FileMark } from '../store/schema.ts';

/** Files looked at side by side. */
const AT_ONCE = 16;

/** Length and time of last change of every file of a torrent saved below `root`; null where there is no file. */
export async function markFiles(metainfo: Metainfo, root: string, files: FileSystem): Promise<FileMark[]> {
  const marks: FileMark[] = metainfo.files.map(() => null);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < marks.length) {
      const index = next;
      next += 1;
      const file = metainfo.files[index]!;
      if (file.isPadding) continue;
      // A file that cannot be examined cannot be believed either.
      const stat = await files.stat(join(root, ...file.path)).catch(() => undefined);
      if (stat?.kind === 'file') {
        marks[index] = { byteLength: stat.byteLength, modifiedMs: stat.modifiedMs };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return marks;
}
