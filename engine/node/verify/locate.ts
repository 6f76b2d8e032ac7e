import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { FileIndex } from '../../bittorrent/units.ts';
import {
  type Finder,
  isComplete,
  type Location,
  locateAnywhere,
  locateDirectly,
  wantedNames,
} from '../../bittorrent/verify/library.ts';
import { isStored } from '../../bittorrent/verify/selection.ts';
import { fileStateAt } from './file-state.ts';
import { keyOf, LibraryIndex } from './library-index.ts';
import type { LoadedTorrent } from './load-torrents.ts';
import type { Place } from './torrent-check.ts';

export interface LocateOptions {
  /** Absolute. */
  readonly roots: readonly string[];
  /** Whether to look through the roots for what does not lie in its usual place. */
  readonly search: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface LocatedLibrary {
  /** In the order of the torrents. */
  readonly locations: readonly Location[];
  readonly warnings: readonly string[];
}

/** Finds the data of all torrents. The roots are searched only when something is not in its usual place. */
export async function locateAll(
  torrents: readonly LoadedTorrent[],
  options: LocateOptions,
): Promise<LocatedLibrary> {
  const { roots } = options;
  const nowhere: Finder = { lengthAt, foldersNamed: () => [], filesNamed: () => [] };
  const direct = torrents.map((torrent) => locateDirectly(torrent, roots, nowhere));
  const incomplete = torrents.filter((torrent, at) => direct[at]!.presentFiles < torrent.files.length);
  if (!options.search || incomplete.length === 0) return { locations: direct, warnings: [] };

  const folders = new Set<string>();
  const files = new Set<string>();
  for (const names of incomplete.map(wantedNames)) {
    for (const name of names.folders) folders.add(keyOf(name));
    for (const name of names.files) files.add(keyOf(name));
  }
  const index = await LibraryIndex.of(roots, { folders, files }, { signal: options.signal });
  const finder: Finder = {
    lengthAt,
    foldersNamed: (name) => index.foldersNamed(name),
    filesNamed: (name, byteLength) => index.filesNamed(name, byteLength),
  };
  const locations = torrents.map((torrent, at) =>
    isComplete(torrent, direct[at]!) ? direct[at]! : locateAnywhere(torrent, roots, finder),
  );
  return { locations, warnings: index.warnings };
}

/** A location in terms of the torrent's own file numbers. */
export function placeOf(torrent: Metainfo, location: Location): Place {
  const moved = new Map<FileIndex, string>();
  let stored = 0;
  torrent.files.forEach((_, index) => {
    if (!isStored(torrent, index as FileIndex)) return;
    const path = location.moved.get(stored);
    if (path !== undefined) moved.set(index as FileIndex, path);
    stored += 1;
  });
  return { base: location.base, moved };
}

function lengthAt(path: string): number | undefined {
  const state = fileStateAt(path);
  return state.kind === 'file' ? state.byteLength : undefined;
}
