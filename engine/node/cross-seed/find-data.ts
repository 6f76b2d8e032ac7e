import { dirname, join, relative } from 'node:path';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { fileIndex } from '../../bittorrent/units.ts';
import type { Candidate } from '../../bittorrent/verify/library.ts';
import { isStored } from '../../bittorrent/verify/selection.ts';
import type { ReadPool } from '../content/read-pool.ts';
import { chooseMoved } from '../verify/choose-moved.ts';
import type { LoadedTorrent } from '../verify/load-torrents.ts';
import { SizeIndex, type SizeIndexOptions } from './size-index.ts';

/** Data of a torrent that was found elsewhere. */
export interface FoundData {
  /** The folder to save it below. */
  readonly root: string;
  /** Files that lie elsewhere than the torrent says: index, and path below the root; it may lead out of it. */
  readonly paths: readonly (readonly [number, string])[];
  readonly foundFiles: number;
  readonly foundBytes: number;
}

export interface FindDataOptions extends SizeIndexOptions {
  readonly metainfo: Metainfo;
  /** Folders to look through, and files; absolute. */
  readonly places: readonly string[];
  /** The folder it is saved below when its files do not lie together as the torrent has them. */
  readonly root: string;
}

/**
 * Looks for the data of a torrent by the lengths of its files, whatever they are called, and proves each one by a piece
 * that fits. Undefined when nothing is found. The files are opened for reading only; the rest of their pieces is to be
 * hashed by who takes them.
 */
export async function findData(
  options: FindDataOptions,
  modules: { readonly openPool: () => ReadPool },
): Promise<FoundData | undefined> {
  const { metainfo } = options;
  const stored = metainfo.files
    .map((_, index) => fileIndex(index))
    .filter((file) => isStored(metainfo, file));
  const sizes = new Set(
    stored.map((file) => metainfo.files[file]!.byteLength as number).filter((size) => size > 0),
  );
  const index = await SizeIndex.of(options.places, sizes, options);
  const candidates = new Map<number, readonly Candidate[]>();
  // The largest first: small files share their pieces with others, which have to be known then.
  const order = [...stored.keys()].sort(
    (a, b) => metainfo.files[stored[b]!]!.byteLength - metainfo.files[stored[a]!]!.byteLength,
  );
  for (const position of order) {
    const { byteLength, path } = metainfo.files[stored[position]!]!;
    const found = byteLength === 0 ? [] : index.filesOf(byteLength);
    const name = path.at(-1);
    const likely = [...found].sort((a, b) => Number(b.endsWith(`/${name}`)) - Number(a.endsWith(`/${name}`)));
    // Nothing is taken without proof.
    if (likely.length > 0)
      candidates.set(
        position,
        likely.map((path) => ({ path, isTaken: true })),
      );
  }
  if (candidates.size === 0) return undefined;
  const base = join(options.root, metainfo.name);
  const location = { base, exactFiles: 0, exactBytes: 0, presentFiles: 0 };
  const pool = modules.openPool();
  const { place } = await chooseMoved(loadedOf(metainfo), location, candidates, pool).finally(() =>
    pool.close(),
  );
  const moved = new Map(place.moved);
  if (metainfo.isSingleFile && place.base !== base) moved.set(stored[0]!, place.base);
  return moved.size === 0 ? undefined : placedAt(metainfo, moved, options.root);
}

/** Where all files lie as the torrent has them, that is its root; else they are named one by one. */
function placedAt(metainfo: Metainfo, found: ReadonlyMap<number, string>, root: string): FoundData {
  let foundBytes = 0;
  const roots = new Set<string>();
  for (const [index, path] of found) {
    const file = metainfo.files[index]!;
    foundBytes += file.byteLength;
    let above = path;
    for (let depth = 0; depth < file.path.length; depth += 1) above = dirname(above);
    roots.add(join(above, ...file.path) === path ? above : '');
  }
  const [together] = roots;
  const own = roots.size === 1 && together !== undefined && together !== '' ? together : undefined;
  const paths = [...found].map(([index, path]) => [index, relative(root, path)] as const);
  return { root: own ?? root, paths: own === undefined ? paths : [], foundFiles: found.size, foundBytes };
}

function loadedOf(metainfo: Metainfo): LoadedTorrent {
  const { name, isSingleFile, version, contentBytes, pieceLength } = metainfo;
  const files = metainfo.files.filter((_, index) => isStored(metainfo, fileIndex(index)));
  return {
    ...{ source: '', duplicates: [], name, isSingleFile, files, version, contentBytes, pieceLength },
    metainfo: () => metainfo,
  };
}
