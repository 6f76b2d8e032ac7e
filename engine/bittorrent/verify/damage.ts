import type { Layout } from '../layout.ts';
import { type BlockOffset, type FileIndex, pieceIndex } from '../units.ts';
import { availableBytes, type FileProblem, type FileState, problemOf } from './file-state.ts';
import { type PieceRun, VERDICT, type Verdict, type VerdictMap } from './verdict.ts';

/** Bytes `from` up to and without `to` of one file. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** What is to be said about one file; files of which there is nothing to say have none. */
export interface FileFinding {
  readonly file: FileIndex;
  readonly problem: FileProblem | undefined;
  /** Read, and the hash of their piece is wrong. */
  readonly bad: readonly ByteRange[];
  /**
   * The part of {@link bad} that lies in pieces which hold bytes of other files too (v1): the fault may as well
   * be in the other file.
   */
  readonly shared: readonly ByteRange[];
  /** Not there, or could not be read. */
  readonly lost: readonly ByteRange[];
  /** There, but not checked, because the piece they lie in has lost bytes in another file. */
  readonly unchecked: readonly ByteRange[];
}

/** The part of a torrent's file that the damage report needs. */
export interface DamageFile {
  /** Where it starts in the piece space. */
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * Marks every pending piece as blocked that needs bytes which are not there, so that nobody reads for nothing.
 * `states` has an entry for each file that a pending piece touches.
 */
export function blockUnavailable(
  pieceLength: number,
  files: readonly DamageFile[],
  states: ReadonlyMap<FileIndex, FileState>,
  verdicts: VerdictMap,
): void {
  for (const [file, state] of states) {
    blockFrom(pieceLength, files[file]!, availableBytes(state), verdicts);
  }
}

/** Blocks the pending pieces that hold bytes of this file at `position` or behind. */
export function blockFrom(
  pieceLength: number,
  file: DamageFile,
  position: number,
  verdicts: VerdictMap,
): void {
  if (position >= file.byteLength) return;
  const first = Math.floor((file.offset + position) / pieceLength);
  const end = Math.ceil((file.offset + file.byteLength) / pieceLength);
  for (let piece = first; piece < end; piece += 1) {
    if (verdicts.get(piece) === VERDICT.pending) verdicts.set(piece, VERDICT.blocked);
  }
}

/** What a finished check has learnt. */
export interface CheckedTorrent {
  readonly files: readonly DamageFile[];
  readonly verdicts: VerdictMap;
  /** Of every file whose presence and length count. */
  readonly states: ReadonlyMap<FileIndex, FileState>;
  /** Bytes that could not be read in pieces that were tried: what became of a file after it was first looked at. */
  readonly readFailures: ReadonlyMap<FileIndex, ReadFailure>;
  /** Files to judge as a whole; of the others only what hurts a chosen piece is told. */
  readonly wholeFiles: ReadonlySet<FileIndex>;
}

/** A file that let a reader down. */
export interface ReadFailure {
  readonly problem: FileProblem;
  /** The parts that could not be read, in order and joined. */
  readonly ranges: readonly ByteRange[];
}

/** The exact account: for each file with something to say, which of its bytes are bad, lost or unchecked. */
export function findDamage(layout: Layout, checked: CheckedTorrent): FileFinding[] {
  const drafts = new Map<FileIndex, Draft>();
  for (const [file, state] of checked.states) {
    const expected = checked.files[file]!.byteLength;
    const problem = checked.readFailures.get(file)?.problem ?? problemOf(state, expected);
    if (problem === undefined || (problem.kind === 'long' && !checked.wholeFiles.has(file))) continue;
    draftOf(drafts, file).problem = problem;
  }
  for (const run of checked.verdicts.runs(VERDICT.bad)) addRun(layout, checked, run, VERDICT.bad, drafts);
  for (const run of checked.verdicts.runs(VERDICT.blocked))
    addRun(layout, checked, run, VERDICT.blocked, drafts);
  return [...drafts.values()]
    .sort((a, b) => a.file - b.file)
    .map((draft) => ({
      file: draft.file,
      problem: draft.problem,
      bad: joinRanges(draft.bad),
      shared: joinRanges(draft.shared),
      lost: joinRanges(draft.lost),
      unchecked: joinRanges(draft.unchecked),
    }));
}

interface Draft {
  readonly file: FileIndex;
  problem: FileProblem | undefined;
  readonly bad: ByteRange[];
  readonly shared: ByteRange[];
  readonly lost: ByteRange[];
  readonly unchecked: ByteRange[];
}

function draftOf(drafts: Map<FileIndex, Draft>, file: FileIndex): Draft {
  let draft = drafts.get(file);
  if (draft === undefined) {
    draft = { file, problem: undefined, bad: [], shared: [], lost: [], unchecked: [] };
    drafts.set(file, draft);
  }
  return draft;
}

function addRun(
  layout: Layout,
  checked: CheckedTorrent,
  run: PieceRun,
  verdict: Verdict,
  drafts: Map<FileIndex, Draft>,
): void {
  for (let piece = run.first; piece < run.end; piece = pieceIndex(piece + 1)) {
    const extents = layout
      .extentsOf(piece, 0 as BlockOffset, layout.pieceLengthOf(piece))
      .filter((extent) => !extent.isPadding);
    for (const { file, position, byteLength } of extents) {
      const range = { from: position, to: position + byteLength };
      const draft = draftOf(drafts, file);
      if (verdict === VERDICT.bad) {
        draft.bad.push(range);
        if (extents.length > 1) draft.shared.push(range);
      } else addBlocked(checked, draft, range);
    }
  }
}

/** Splits a range of a blocked piece into what is lost and what is only unchecked. */
function addBlocked(checked: CheckedTorrent, draft: Draft, range: ByteRange): void {
  const state = checked.states.get(draft.file);
  const available = state === undefined ? range.to : availableBytes(state);
  const present = { from: range.from, to: Math.min(range.to, Math.max(range.from, available)) };
  if (present.to < range.to) draft.lost.push({ from: present.to, to: range.to });
  let { from } = present;
  for (const failed of checked.readFailures.get(draft.file)?.ranges ?? []) {
    const start = Math.max(failed.from, from);
    const end = Math.min(failed.to, present.to);
    if (start >= end) continue;
    if (start > from) draft.unchecked.push({ from, to: start });
    draft.lost.push({ from: start, to: end });
    from = end;
  }
  if (from < present.to) draft.unchecked.push({ from, to: present.to });
}

/** The same bytes in order, with no range that touches the next. */
export function joinRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const before = joined.at(-1);
    if (before !== undefined && range.from <= before.to) {
      joined[joined.length - 1] = { from: before.from, to: Math.max(before.to, range.to) };
    } else if (range.to > range.from) joined.push(range);
  }
  return joined;
}
