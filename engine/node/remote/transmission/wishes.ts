import type { FileDetail, FileWish } from '../../control/details.ts';
import { indexesIn, type JsonRecord, wrongValue } from '../values.ts';

const PRIORITY_KEYS: readonly (readonly [string, FileWish])[] = [
  ['priority_low', 1],
  ['priority_normal', 2],
  ['priority_high', 3],
];

/** Arguments about files, read once: sets of positions; an empty list in a request means all files. */
interface FileArgs {
  readonly wanted: ReadonlySet<number> | 'all' | undefined;
  readonly unwanted: ReadonlySet<number> | 'all' | undefined;
  readonly priorities: readonly (readonly [ReadonlySet<number> | 'all', FileWish])[];
}

function readArgs(args: JsonRecord): FileArgs | undefined {
  const setOf = (key: string): ReadonlySet<number> | 'all' | undefined => {
    const indexes = indexesIn(args, key);
    if (indexes === undefined) return undefined;
    return indexes.length === 0 ? 'all' : new Set(indexes);
  };
  const wanted = setOf('files_wanted');
  const unwanted = setOf('files_unwanted');
  const priorities = PRIORITY_KEYS.flatMap(([key, wish]): [ReadonlySet<number> | 'all', FileWish][] => {
    const set = setOf(key);
    return set === undefined ? [] : [[set, wish]];
  });
  const isNone = wanted === undefined && unwanted === undefined && priorities.length === 0;
  return isNone ? undefined : { wanted, unwanted, priorities };
}

const holds = (set: ReadonlySet<number> | 'all' | undefined, position: number): boolean =>
  set === 'all' || set?.has(position) === true;

function wishAt(position: number, before: FileWish, { wanted, unwanted, priorities }: FileArgs): FileWish {
  let wish = before;
  if (holds(wanted, position) && wish === 0) wish = 2;
  if (holds(unwanted, position)) wish = 0;
  for (const [set, priority] of priorities) {
    if (wish > 0 && holds(set, position)) wish = priority;
  }
  return wish;
}

/**
 * How the files are wanted after a request that counts them by their place among those shown; only what changes.
 * Undefined: the request says nothing of files. Throws BAD_USAGE when a place is beyond the last file.
 */
export async function changedWishes(
  args: JsonRecord,
  filesOf: () => Promise<readonly FileDetail[]>,
): Promise<ReadonlyMap<number, FileWish> | undefined> {
  const read = readArgs(args);
  if (read === undefined) return undefined;
  const files = await filesOf();
  checkPlaces(read, files.length);
  const changed = new Map<number, FileWish>();
  for (const [position, file] of files.entries()) {
    const wish = wishAt(position, file.wish, read);
    if (wish !== file.wish) changed.set(file.index, wish);
  }
  return changed;
}

/** Wishes for a torrent that is being added; `indexesOf` gives those of the files that are shown. */
export function firstWishes(
  args: JsonRecord,
  indexesOf: () => readonly number[],
): readonly FileWish[] | undefined {
  const read = readArgs(args);
  if (read === undefined) return undefined;
  const indexes = indexesOf();
  checkPlaces(read, indexes.length);
  const wishes: FileWish[] = Array.from({ length: (indexes.at(-1) ?? -1) + 1 }, () => 2);
  for (const [position, index] of indexes.entries()) wishes[index] = wishAt(position, 2, read);
  return wishes;
}

function checkPlaces({ wanted, unwanted, priorities }: FileArgs, fileCount: number): void {
  for (const set of [wanted, unwanted, ...priorities.map(([places]) => places)]) {
    if (set === undefined || set === 'all') continue;
    for (const position of set) {
      if (position >= fileCount) throw wrongValue('the files', `numbers below ${fileCount}`);
    }
  }
}
