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
  /** Whether another torrent has this path in its own place, so that it is hardly a missing file of ours. */
  isTaken(path: string): boolean;
}

/** Where the data of one torrent lies, as far as its files lie together. */
export interface Location {
  /** The file of a single-file torrent, else the folder that stands for the torrent's name. */
  readonly base: string;
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
 * Looks where people put things: below a root, or the root itself. When that is not complete, {@link locateFolder}
 * and {@link candidatesFor} know more.
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

/** The best of `direct` and all folders of the torrent's name, wherever they lie. */
export function locateFolder(torrent: WantedTorrent, direct: Location, finder: Finder): Location {
  if (torrent.isSingleFile || isComplete(torrent, direct)) return direct;
  const folders = finder.foldersNamed(torrent.name).slice(0, CANDIDATES_MAX);
  return bestOf(torrent, [direct.base, ...folders], finder);
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
  return { base, exactFiles, exactBytes, presentFiles };
}

/** A file somewhere that has the name and the length of a missing one. */
export interface Candidate {
  readonly path: string;
  /** Another torrent has it in its own place: only worth something when its hashes fit. */
  readonly isTaken: boolean;
}

/**
 * For each missing file, by position, the files that may be it, the likeliest first: what nobody else has; then the
 * path that ends most like the file's own; then the one nearest to the torrent's place.
 */
export function candidatesFor(
  torrent: WantedTorrent,
  location: Location,
  finder: Finder,
): ReadonlyMap<number, readonly Candidate[]> {
  const candidates = new Map<number, readonly Candidate[]>();
  torrent.files.forEach((file, index) => {
    if (file.byteLength === 0 || finder.lengthAt(pathBelow(location.base, file)) !== undefined) return;
    const paths = finder.filesNamed(file.path.at(-1)!, file.byteLength);
    if (paths.length > 0) candidates.set(index, ranked(file, location.base, paths, finder));
  });
  return candidates;
}

function ranked(file: WantedFile, base: string, paths: readonly string[], finder: Finder): Candidate[] {
  const own = [...file.path].reverse();
  return [...paths]
    .sort()
    .map((path) => {
      const isTaken = finder.isTaken(path);
      const likeOwn = commonStart(path.split('/').reverse(), own);
      return {
        path,
        isTaken,
        rank: [isTaken ? 0 : 1, likeOwn, commonStart(path.split('/'), base.split('/'))],
      };
    })
    .sort((a, b) => compareRanks(b.rank, a.rank))
    .slice(0, CANDIDATES_MAX)
    .map(({ path, isTaken }) => ({ path, isTaken }));
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return 0;
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
