import {
  candidatesFor,
  type Finder,
  type Location,
  locateDirectly,
  locateFolder,
  wantedNames,
} from '../../bittorrent/verify/library.ts';
import type { ReadPool } from '../content/read-pool.ts';
import { chooseMoved } from './choose-moved.ts';
import type { FileStates } from './file-state.ts';
import { keyOf, LibraryIndex, type WantedNames } from './library-index.ts';
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
  readonly found: readonly Found[];
  readonly warnings: readonly string[];
}

/** Where a torrent's data lies. */
export interface Found {
  readonly place: Place;
  /** Files that exist with some length. */
  readonly presentFiles: number;
}

/** Finds the data of all torrents. The roots are searched only when something is not in its usual place. */
export async function locateAll(
  torrents: readonly LoadedTorrent[],
  options: LocateOptions,
  modules: { readonly pool: ReadPool; readonly states: FileStates },
): Promise<LocatedLibrary> {
  const { roots } = options;
  const nowhere: Finder = {
    lengthAt: (path) => {
      const state = modules.states.at(path);
      return state.kind === 'file' ? state.byteLength : undefined;
    },
    foldersNamed: () => [],
    filesNamed: () => [],
    isTaken: () => false,
  };
  const direct = torrents.map((torrent) => locateDirectly(torrent, roots, nowhere));
  const incomplete = torrents.filter((torrent, at) => direct[at]!.presentFiles < torrent.files.length);
  if (!options.search || incomplete.length === 0) return { found: direct.map(asFound), warnings: [] };

  const index = await LibraryIndex.of(roots, namesOf(incomplete), { signal: options.signal });
  const finder = { ...nowhere, ...finderOf(index) };
  const together = torrents.map((torrent, at) => locateFolder(torrent, direct[at]!, finder));
  // Who has found a place owns what lies there: files of common names are not taken from others.
  const bases = new Set(together.filter((location) => location.exactFiles > 0).map(({ base }) => base));
  const found: Found[] = [];
  for (const [at, torrent] of torrents.entries()) {
    const here = together[at]!;
    const isTaken = (path: string): boolean => isBelowOther(path, here.base, bases);
    const candidates = candidatesFor(torrent, here, { ...finder, isTaken });
    found.push(
      candidates.size === 0 ? asFound(here) : await chooseMoved(torrent, here, candidates, modules.pool),
    );
  }
  return { found, warnings: index.warnings };
}

function asFound(location: Location): Found {
  return { place: { base: location.base, moved: new Map() }, presentFiles: location.presentFiles };
}

function namesOf(torrents: readonly LoadedTorrent[]): WantedNames {
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const names of torrents.map(wantedNames)) {
    for (const name of names.folders) folders.add(keyOf(name));
    for (const name of names.files) files.add(keyOf(name));
  }
  return { folders, files };
}

function finderOf(index: LibraryIndex): Pick<Finder, 'foldersNamed' | 'filesNamed'> {
  return {
    foldersNamed: (name) => index.foldersNamed(name),
    filesNamed: (name, byteLength) => index.filesNamed(name, byteLength),
  };
}

/** Whether the path is one of `bases` or lies below one, other than `own`. */
function isBelowOther(path: string, own: string, bases: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const above = path.slice(0, end);
    if (above !== own && bases.has(above)) return true;
  }
  return false;
}
