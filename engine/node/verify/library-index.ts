import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';

/** Names worth remembering. */
export interface WantedNames {
  readonly folders: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
}

export interface LibraryIndexOptions {
  /** Places remembered at most; the search goes on without those beyond. */
  readonly placesMax?: number;
  /** Folders inside one another. */
  readonly depthMax?: number;
  readonly signal?: AbortSignal | undefined;
  /** How long to walk before others (a signal, say) get a turn. Default: 50. */
  readonly turnMs?: number;
}

const PLACES_MAX = 1_000_000;
const DEPTH_MAX = 100;
const WARNINGS_MAX = 20;
const TURN_MS = 50;

/**
 * Where folders and files of the wanted names lie below some roots. Walks each root once and remembers nothing
 * else, so that its memory is that of what is sought, not that of the disk.
 */
export class LibraryIndex {
  /** What could not be looked into, one sentence each. */
  readonly warnings: string[] = [];
  readonly #wanted: WantedNames;
  readonly #placesMax: number;
  readonly #depthMax: number;
  readonly #folders = new Map<string, string[]>();
  readonly #files = new Map<string, string[]>();
  /** Real paths of the roots, and of folders reached over links that lead out of them. */
  readonly #walked: string[] = [];
  #places = 0;

  private constructor(wanted: WantedNames, options: LibraryIndexOptions) {
    this.#wanted = wanted;
    this.#placesMax = options.placesMax ?? PLACES_MAX;
    this.#depthMax = options.depthMax ?? DEPTH_MAX;
  }

  /** Walks over `roots` in order. Rejects only when the signal aborts. */
  static async of(
    roots: readonly string[],
    wanted: WantedNames,
    options: LibraryIndexOptions = {},
  ): Promise<LibraryIndex> {
    const index = new LibraryIndex(wanted, options);
    const turnMs = options.turnMs ?? TURN_MS;
    let turnAtMs = performance.now();
    for (const step of index.#walkAll(roots)) {
      if (performance.now() - turnAtMs < turnMs) continue;
      await new Promise((resolve) => setImmediate(resolve, step));
      options.signal?.throwIfAborted();
      turnAtMs = performance.now();
    }
    return index;
  }

  foldersNamed(name: string): readonly string[] {
    return this.#folders.get(keyOf(name)) ?? [];
  }

  filesNamed(name: string, byteLength: number): readonly string[] {
    const paths = this.#files.get(keyOf(name)) ?? [];
    return paths.filter((path) => {
      const stats = tryOr(() => statSync(path), undefined);
      return stats?.isFile() === true && stats.size === byteLength;
    });
  }

  *#walkAll(roots: readonly string[]): Generator<void> {
    for (const root of roots) {
      const real = tryOr(() => realpathSync(root), undefined);
      if (real === undefined || this.#isWalked(real)) continue;
      this.#walked.push(real);
      yield* this.#walk(root, 0);
    }
  }

  *#walk(folder: string, depth: number): Generator<void> {
    yield;
    if (depth > this.#depthMax) {
      this.#warn(`“${folder}” lies too deep and was not searched`);
      return;
    }
    for (const entry of this.#entriesOf(folder)) {
      const path = folder.endsWith('/') ? folder + entry.name : `${folder}/${entry.name}`;
      const kind = kindOf(entry, path);
      if (kind === 'file') this.#note(this.#files, this.#wanted.files, entry.name, path);
      if (kind !== 'folder') continue;
      this.#note(this.#folders, this.#wanted.folders, entry.name, path);
      if (entry.isSymbolicLink() && !this.#mayFollow(path)) continue;
      yield* this.#walk(path, depth + 1);
    }
  }

  #entriesOf(folder: string): readonly Dirent[] {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A root that is a file has nothing in it.
      if (code !== 'ENOTDIR') this.#warn(`“${folder}” could not be searched: ${code ?? 'unknown error'}`);
      return [];
    }
  }

  /** A link is followed only out of all that is walked anyway, and only once: no loop is walked twice. */
  #mayFollow(path: string): boolean {
    const real = tryOr(() => realpathSync(path), undefined);
    if (real === undefined || this.#isWalked(real)) return false;
    this.#walked.push(real);
    return true;
  }

  #isWalked(real: string): boolean {
    return this.#walked.some(
      (walked) => real === walked || real.startsWith(walked.endsWith('/') ? walked : `${walked}/`),
    );
  }

  #note(places: Map<string, string[]>, wanted: ReadonlySet<string>, name: string, path: string): void {
    const key = keyOf(name);
    if (!wanted.has(key)) return;
    if (this.#places >= this.#placesMax) {
      if (this.#places === this.#placesMax)
        this.#warn(`more than ${this.#placesMax} files and folders have fitting names`);
      this.#places = this.#placesMax + 1;
      return;
    }
    this.#places += 1;
    const paths = places.get(key);
    if (paths === undefined) places.set(key, [path]);
    else paths.push(path);
  }

  #warn(text: string): void {
    if (this.warnings.length < WARNINGS_MAX) this.warnings.push(text);
    else if (this.warnings.length === WARNINGS_MAX) this.warnings.push('more of this kind is left out');
  }
}

/** The form in which names are compared: some file systems take accented letters apart. */
export function keyOf(name: string): string {
  return name.normalize('NFC');
}

function kindOf(entry: Dirent, path: string): 'file' | 'folder' | 'other' {
  const what = entry.isSymbolicLink() ? tryOr(() => statSync(path), undefined) : entry;
  if (what?.isFile() === true) return 'file';
  return what?.isDirectory() === true ? 'folder' : 'other';
}

function tryOr<T>(action: () => T, fallback: T): T {
  try {
    return action();
  } catch {
    return fallback;
  }
}
