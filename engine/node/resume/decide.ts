import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { type FileIndex, fileIndex, pieceIndex } from '../../bittorrent/units.ts';
import type { FileMark } from '../store/schema.ts';

/** A file written last just before the process was killed may carry a time a little behind the last note. */
const KILL_SLACK_MS = 2_000;
/** After a power cut the last notes themselves may be lost, as many as the system had not written out. */
const POWER_CUT_SLACK_MS = 60_000;

/** How the run before this one ended. */
export interface RunEnd {
  /** It saved everything before it ended. */
  readonly clean: boolean;
  /** The machine has not been restarted since. */
  readonly sameBoot: boolean;
  /** Unix milliseconds: this node wrote nothing later than this, but for a little slack. */
  readonly lastWriteMs: number;
}

/** Two sets of pieces without a common one. */
export interface Belief {
  /** Verified and written. */
  readonly have: Bitfield;
  /** Perhaps there: to be read and hashed before they are believed. */
  readonly doubt: Bitfield;
}

/**
 * Joins what was saved with the pieces noted since. What a killed process wrote is still there; after a power cut
 * what was noted may be there without its bytes.
 */
export function mergeNotes(saved: Belief, notes: Iterable<number>, end: RunEnd): Belief {
  const have = saved.have.copy();
  const doubt = saved.doubt.copy();
  for (const piece of notes) {
    if (end.clean || end.sameBoot) {
      have.set(piece);
      doubt.clear(piece);
    } else if (!have.has(piece)) doubt.set(piece);
  }
  return { have, doubt };
}

export interface FilesAtStart {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  /** The files when they were last known to be right; empty when nothing is known. */
  readonly recorded: readonly FileMark[];
  /** The files as they are now, in the order of the torrent; null for one that is not there or no file. */
  readonly found: readonly FileMark[];
}

/**
 * Which pieces to believe in face of the files. Those of a file that is exactly as recorded are; after a run that was
 * killed also those of a file that nobody can have changed since this node last wrote. All others of `before.have`
 * come into doubt. `missing`: files that held verified pieces and are gone; their pieces are in neither set.
 */
export function judgeFiles(
  before: Belief,
  files: FilesAtStart,
  end: RunEnd,
): Belief & { readonly missing: readonly FileIndex[] } {
  const have = before.have.copy();
  const doubt = before.doubt.copy();
  const missing: FileIndex[] = [];
  files.metainfo.files.forEach((file, index) => {
    if (file.isPadding || file.byteLength === 0) return;
    const { first, end: behind } = files.layout.piecesOf(fileIndex(index));
    const verdict = judgeFile(files, index, lastByteOf(before.have, files, index), end);
    if (verdict === 'untouched') return;
    let held = false;
    for (let piece: number = first; piece < behind; piece += 1) {
      const believed = have.clear(piece);
      held ||= before.have.has(piece);
      if (verdict === 'missing') doubt.clear(piece);
      else if (believed) doubt.set(piece);
    }
    if (held && verdict === 'missing') missing.push(fileIndex(index));
  });
  return { have, doubt, missing };
}

/** How long the file must be at least for the pieces that are said to be in it. */
function lastByteOf(have: Bitfield, { layout, metainfo }: FilesAtStart, index: number): number {
  const file = metainfo.files[index]!;
  const { first, end } = layout.piecesOf(fileIndex(index));
  for (let piece = end - 1; piece >= first; piece -= 1) {
    if (!have.has(piece)) continue;
    const pieceEnd = piece * metainfo.pieceLength + layout.pieceLengthOf(pieceIndex(piece));
    return Math.min(file.byteLength, pieceEnd - file.offset);
  }
  return 0;
}

function judgeFile(
  files: FilesAtStart,
  index: number,
  neededBytes: number,
  end: RunEnd,
): 'untouched' | 'changed' | 'missing' {
  const now = files.found[index] ?? null;
  const then = files.recorded[index] ?? null;
  if (now === null) return 'missing';
  if (now.byteLength < neededBytes) return 'changed';
  if (then?.byteLength === now.byteLength && then.modifiedMs === now.modifiedMs) return 'untouched';
  if (end.clean) return 'changed';
  const slackMs = end.sameBoot ? KILL_SLACK_MS : POWER_CUT_SLACK_MS;
  return now.modifiedMs <= end.lastWriteMs + slackMs ? 'untouched' : 'changed';
}
