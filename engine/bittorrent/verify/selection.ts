import { AlliumError } from '../../codec/error.ts';
import type { Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { type FileIndex, fileIndex, pieceIndex } from '../units.ts';
import { globPattern, isGlob } from './glob.ts';
import { type PieceRun, VERDICT, VerdictMap } from './verdict.ts';

/** What of a torrent shall be looked at. Both absent: all of it. Both given: what either of them names. */
export interface SelectionOptions {
  /** Paths, folders or globs; each may hold several, separated by commas. */
  readonly files?: readonly string[];
  readonly pieces?: readonly PieceRun[];
}

/** The part of a {@link Metainfo} that a selection is made from. */
export type SelectableTorrent = Pick<Metainfo, 'files' | 'contentBytes' | 'isSingleFile'>;

export interface Selection {
  /** The chosen pieces are pending, the others unselected. */
  readonly verdicts: VerdictMap;
  /** Files whose presence and length count: all, those chosen by name, or those that a chosen piece touches. */
  readonly files: readonly FileIndex[];
  /** Bytes under the chosen pieces, without padding: what will be read. */
  readonly contentBytes: number;
  /** Names that fit no file of this torrent. */
  readonly unmatched: readonly string[];
}

/**
 * Turns names and piece numbers into pieces. A file's first and last piece may hold bytes of its neighbours (v1):
 * these are read too, because only whole pieces have a hash.
 *
 * @throws AlliumError BAD_USAGE for a piece that the torrent does not have
 */
export function select(torrent: SelectableTorrent, layout: Layout, options: SelectionOptions): Selection {
  const verdicts = new VerdictMap(layout.pieceCount);
  const chosen = new Set<FileIndex>();
  const unmatched: string[] = [];
  const all = options.files === undefined && options.pieces === undefined;
  if (all) chooseRun({ first: 0, end: layout.pieceCount }, verdicts);
  for (const run of options.pieces ?? []) {
    checkRun(run, layout.pieceCount);
    chooseRun(run, verdicts);
    for (const file of layout.filesOf(run.first, run.end)) chosen.add(file);
  }
  for (const words of options.files ?? []) {
    for (const [word, files] of matchFiles(torrent, words)) {
      if (files.length === 0) unmatched.push(word);
      for (const file of files) {
        chosen.add(file);
        chooseRun(layout.piecesOf(file), verdicts);
      }
    }
  }
  const files = torrent.files
    .map((_, index) => fileIndex(index))
    .filter((index) => isStored(torrent, index) && (all || chosen.has(index)));
  return {
    verdicts,
    files,
    contentBytes: all ? torrent.contentBytes : selectedBytes(layout, verdicts),
    unmatched,
  };
}

/** Whether there is a file on disk for it: padding and symbolic links are none that could be checked. */
export function isStored(torrent: Pick<Metainfo, 'files'>, index: FileIndex): boolean {
  const file = torrent.files[index]!;
  return !file.isPadding && file.attributes.symlinkTarget === undefined;
}

function chooseRun(run: { readonly first: number; readonly end: number }, verdicts: VerdictMap): void {
  for (let piece = run.first; piece < run.end; piece += 1) verdicts.set(piece, VERDICT.pending);
}

function checkRun(run: PieceRun, pieceCount: number): void {
  if (run.end <= pieceCount) return;
  throw new AlliumError(
    'BAD_USAGE',
    `there is no piece ${run.end - 1} in a torrent of ${pieceCount} pieces`,
    {
      advice: pieceCount === 0 ? 'This torrent is empty.' : `Pieces are numbered 0 to ${pieceCount - 1}.`,
    },
  );
}

/** Each name of a comma-separated list with the files it stands for. A file name may itself hold commas. */
function matchFiles(torrent: SelectableTorrent, words: string): [string, FileIndex[]][] {
  const whole = matchName(torrent, words);
  if (whole.length > 0) return [[words, whole]];
  return words
    .split(',')
    .filter((word) => word.trim() !== '')
    .map((word) => [word, matchName(torrent, word)]);
}

/**
 * A name stands for a file or for all files below a folder; with or without the torrent's own name in front. A glob
 * without a slash is tried on file names in every folder.
 */
function matchName(torrent: SelectableTorrent, word: string): FileIndex[] {
  const name = word.replace(/\\/g, '/').replace(/^(?:\.?\/)+|\/+$/g, '');
  if (name === '') return [];
  const pattern = isGlob(name) ? globPattern(name) : undefined;
  const matches: FileIndex[] = [];
  for (let index = 0; index < torrent.files.length; index += 1) {
    if (!isStored(torrent, fileIndex(index))) continue;
    const { path } = torrent.files[index]!;
    const full = path.join('/');
    const below = torrent.isSingleFile ? full : path.slice(1).join('/');
    const exact = [full, below].some((text) => text === name || text.startsWith(`${name}/`));
    const fits =
      pattern !== undefined &&
      [full, below, ...(name.includes('/') ? [] : [path.at(-1)!])].some((text) => pattern.test(text));
    if (exact || fits) matches.push(fileIndex(index));
  }
  return matches;
}

function selectedBytes(layout: Layout, verdicts: VerdictMap): number {
  let bytes = 0;
  for (
    let piece = verdicts.next(VERDICT.pending, 0);
    piece >= 0;
    piece = verdicts.next(VERDICT.pending, piece + 1)
  ) {
    bytes += layout.contentLengthOf(pieceIndex(piece));
  }
  return bytes;
}
