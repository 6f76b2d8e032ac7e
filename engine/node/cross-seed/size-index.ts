import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';

export interface SizeIndexOptions {
  /** Folders inside one another. */
  readonly depthMax?: number;
  /** Files looked at; the rest is not searched. */
  readonly filesMax?: number;
  /** Files of one length that are remembered. */
  readonly perSizeMax?: number;
  readonly signal?: AbortSignal | undefined;
  /** How long to walk before others get a turn. */
  readonly turnMs?: number;
}

export const FILES_MAX = 5_000_000;
/** Many small files have the same length; the right one of a large one is among few. */
export const PER_SIZE_MAX = 32;
const DEPTH_MAX = 100;
const TURN_MS = 20;

/** Which files below some folders have one of the lengths that are sought. Links are not followed. */
export class SizeIndex {
  readonly #wanted: ReadonlySet<number>;
  readonly #options: Required<Omit<SizeIndexOptions, 'signal' | 'turnMs'>>;
  readonly #found = new Map<number, string[]>();
  readonly #walked = new Set<string>();
  #filesSeen = 0;

  private constructor(wanted: ReadonlySet<number>, options: SizeIndexOptions) {
    this.#wanted = wanted;
    this.#options = {
      depthMax: options.depthMax ?? DEPTH_MAX,
      filesMax: options.filesMax ?? FILES_MAX,
      perSizeMax: options.perSizeMax ?? PER_SIZE_MAX,
    };
  }

  /** Walks over folders, and takes files as they are. What cannot be read is left out. Rejects when the signal aborts. */
  static async of(
    places: readonly string[],
    wanted: ReadonlySet<number>,
    options: SizeIndexOptions = {},
  ): Promise<SizeIndex> {
    const index = new SizeIndex(wanted, options);
    let turnAtMs = performance.now();
    for (const place of places) {
      for (const step of index.#visit(place)) {
        if (performance.now() - turnAtMs < (options.turnMs ?? TURN_MS)) continue;
        await new Promise((resolve) => setImmediate(resolve, step));
        options.signal?.throwIfAborted();
        turnAtMs = performance.now();
      }
    }
    return index;
  }

  /** It saw all there was to see. */
  get isComplete(): boolean {
    return this.#filesSeen < this.#options.filesMax;
  }

  filesOf(byteLength: number): readonly string[] {
    return this.#found.get(byteLength) ?? [];
  }

  *#visit(place: string): Generator<void> {
    const stats = tryStat(place);
    if (stats?.isFile() === true) this.#note(place, stats.size);
    else if (stats?.isDirectory() === true) yield* this.#walk(place.replace(/(?<=.)\/+$/, ''), 0);
  }

  *#walk(folder: string, depth: number): Generator<void> {
    if (depth > this.#options.depthMax || this.#walked.has(folder) || !this.isComplete) return;
    this.#walked.add(folder);
    yield;
    for (const entry of entriesOf(folder)) {
      const path = folder === '/' ? `/${entry.name}` : `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.#walk(path, depth + 1);
      else if (entry.isFile()) {
        if (!this.isComplete) return;
        this.#note(path, tryStat(path)?.size ?? -1);
      }
    }
  }

  #note(path: string, byteLength: number): void {
    this.#filesSeen += 1;
    if (!this.#wanted.has(byteLength)) return;
    const paths = this.#found.get(byteLength);
    if (paths === undefined) this.#found.set(byteLength, [path]);
    else if (paths.length < this.#options.perSizeMax && !paths.includes(path)) paths.push(path);
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
