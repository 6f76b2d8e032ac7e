/** A file that has to be found. */
export interface WantedFile {
  /** Components; the first is the torrent's name. */
  readonly path: readonly string[];
  readonly byteLength: number;
}

/** What the search has to know of a torrent. Only files that are stored. */
export interface WantedTorrent {
  readonly name: string;
  readonly isSingleFile: boolean;
  readonly files: readonly WantedFile[];
}

/** Eyes on the file system. Paths are absolute, components joined by slashes. */
export interface Finder {
  /** Length of the regular file at this path, or undefined when there is none. Follows symbolic links. */
  lengthAt(path: string): number | undefined;
  /** Folders of this name anywhere below the roots. */
  foldersNamed(name: string): readonly string[];
  /** Files of this name and length anywhere below the roots. */
  filesNamed(name: string, byteLength: number): readonly string[];
}

/** Where the data of one torrent lies. */
export interface Location {
  /** The file of a single-file torrent, else the folder that stands for the torrent's name. */
  readonly base: string;
  /** Files that lie elsewhere: position in {@link WantedTorrent.files} to path. */
  readonly moved: ReadonlyMap<number, string>;
  /** Files that exist with the right length, and their bytes. */
  readonly exactFiles: number;
  readonly exactBytes: number;
  /** Files that exist with any length. */
  readonly presentFiles: number;
}

/** More places of the same name than this are not looked into. */
export const CANDIDATES_MAX = 64;

/** The path of a file when the torrent lies at `base`. */
export function pathBelow(base: string, file: WantedFile): string {
  return [base, ...file.path.slice(1)].join('/');
}

/** The names that a search must remember where it sees them; of files, together with their length. */
export function wantedNames(torrent: WantedTorrent): { folders: string[]; files: string[] } {
  return {
    folders: torrent.isSingleFile ? [] : [torrent.name],
    files: torrent.files.filter((file) => file.byteLength > 0).map((file) => file.path.at(-1)!),
  };
}

/**
 * Looks where people put things: below a root, or the root itself. Enough when the location is complete; else
 * {@link locateAnywhere} knows more.
 */
export function locateDirectly(torrent: WantedTorrent, roots: readonly string[], finder: Finder): Location {
  const named = bestOf(
    torrent,
    roots.map((root) => join(root, torrent.name)),
    finder,
  );
  if (isComplete(torrent, named)) return named;
  const itself = bestOf(torrent, roots, finder);
  // A root that happens to hold a file of the same name is not yet the torrent's folder under another name.
  const renamed = itself.exactFiles > 0 || torrent.isSingleFile || itself.base.endsWith(`/${torrent.name}`);
  return renamed && isBetter(itself, named) ? itself : named;
}

/** Also looks into every folder of that name, and for missing files by name and exact length wherever they lie. */
export function locateAnywhere(torrent: WantedTorrent, roots: readonly string[], finder: Finder): Location {
  const direct = locateDirectly(torrent, roots, finder);
  if (isComplete(torrent, direct)) return direct;
  const folders = torrent.isSingleFile ? [] : finder.foldersNamed(torrent.name);
  const best = bestOf(torrent, [direct.base, ...folders.slice(0, CANDIDATES_MAX)], finder);
  return findMoved(torrent, best, finder);
}

/** Whether every file is there with the right length. */
export function isComplete(torrent: WantedTorrent, location: Location): boolean {
  return location.exactFiles === torrent.files.length;
}

function join(root: string, name: string): string {
  return root.endsWith('/') ? root + name : `${root}/${name}`;
}

function isBetter(a: Location, b: Location): boolean {
  return (a.exactBytes - b.exactBytes || a.presentFiles - b.presentFiles) > 0;
}

/** The candidate with the most bytes in files of the right length; of equals the first. */
function bestOf(torrent: WantedTorrent, candidates: readonly string[], finder: Finder): Location {
  let best: Location = {
    base: torrent.name,
    moved: new Map(),
    exactFiles: 0,
    exactBytes: 0,
    presentFiles: 0,
  };
  let isFirst = true;
  for (const base of new Set(candidates)) {
    const location = locationAt(torrent, base, finder);
    if (isFirst || isBetter(location, best)) best = location;
    isFirst = false;
    if (isComplete(torrent, location)) break;
  }
  return best;
}

function locationAt(torrent: WantedTorrent, base: string, finder: Finder): Location {
  let exactFiles = 0;
  let presentFiles = 0;
  let exactBytes = 0;
  for (const file of torrent.files) {
    const byteLength = finder.lengthAt(pathBelow(base, file));
    if (byteLength === undefined) continue;
    presentFiles += 1;
    if (byteLength !== file.byteLength) continue;
    exactFiles += 1;
    exactBytes += byteLength;
  }
  return { base, moved: new Map(), exactFiles, exactBytes, presentFiles };
}

function findMoved(torrent: WantedTorrent, location: Location, finder: Finder): Location {
  const moved = new Map<number, string>();
  let { base, exactBytes } = location;
  let found = 0;
  torrent.files.forEach((file, index) => {
    if (file.byteLength === 0 || finder.lengthAt(pathBelow(location.base, file)) !== undefined) return;
    const paths = finder.filesNamed(file.path.at(-1)!, file.byteLength);
    const best = nearest(file, location.base, paths.slice(0, CANDIDATES_MAX));
    if (best === undefined) return;
    if (torrent.isSingleFile) base = best;
    else moved.set(index, best);
    exactBytes += file.byteLength;
    found += 1;
  });
  return {
    base,
    moved,
    exactBytes,
    exactFiles: location.exactFiles + found,
    presentFiles: location.presentFiles + found,
  };
}

/** The path that ends most like the file's own, then the one nearest to the torrent's folder, then by the alphabet. */
function nearest(file: WantedFile, base: string, paths: readonly string[]): string | undefined {
  const order = (path: string): readonly [number, number] => {
    const components = path.split('/');
    return [
      commonStart(components.reverse(), [...file.path].reverse()),
      commonStart(path.split('/'), base.split('/')),
    ];
  };
  let best: string | undefined;
  let bestOrder: readonly [number, number] = [-1, -1];
  for (const path of [...paths].sort()) {
    const now = order(path);
    if (now[0] > bestOrder[0] || (now[0] === bestOrder[0] && now[1] > bestOrder[1])) {
      best = path;
      bestOrder = now;
    }
  }
  return best;
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
