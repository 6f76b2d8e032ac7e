import { join } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { openReadPool } from '../content/read-pool.ts';
import { type FoundData, findData } from '../cross-seed/find-data.ts';
import type { Entry } from './entry.ts';

/** Torrents of the same size that are looked at without being asked. */
const ALIKE_MAX = 16;

/**
 * The data of a torrent that is about to be added, where another torrent of the library has it. Without being asked it
 * looks only where one of exactly the same size lies; `everywhere`: below all folders of the library. Undefined when
 * something lies in its own place already, and when nothing is found.
 */
export async function findElsewhere(
  options: { readonly metainfo: Metainfo; readonly root: string; readonly everywhere: boolean },
  modules: { readonly entries: ReadonlyMap<string, Entry>; readonly files: FileSystem },
): Promise<FoundData | undefined> {
  const { metainfo, root } = options;
  const places = options.everywhere
    ? rootsOf(modules.entries)
    : alike(modules.entries, metainfo.contentBytes);
  if (places.length === 0 || (await isAnythingThere(metainfo, root, modules.files))) return undefined;
  return findData({ metainfo, root, places }, { openPool: () => openReadPool({ threadCount: 1 }) });
}

function rootsOf(entries: ReadonlyMap<string, Entry>): string[] {
  return [...new Set([...entries.values()].map(({ row }) => row.root))];
}

function alike(entries: ReadonlyMap<string, Entry>, byteLength: number): string[] {
  const places = new Set<string>();
  for (const { row, removed } of entries.values()) {
    if (row.totalBytes !== byteLength || removed || row.pieceDoneCount === 0) continue;
    if (places.size < ALIKE_MAX) places.add(row.contentPath);
  }
  return byteLength === 0 ? [] : [...places];
}

async function isAnythingThere(metainfo: Metainfo, root: string, files: FileSystem): Promise<boolean> {
  for (const file of metainfo.files) {
    if (file.isPadding || file.byteLength === 0) continue;
    if ((await files.stat(join(root, ...file.path)).catch(() => undefined)) !== undefined) return true;
  }
  return false;
}
