import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Layout } from '../../bittorrent/layout.ts';
import { type FileIndex, fileIndex, pieceIndex } from '../../bittorrent/units.ts';
import type { FileMark } from '../store/schema.ts';
import type { FileClaim, SourceTorrent } from './types.ts';

/** A program may note its state a moment before the last write has changed the time of the file. */
const SEEN_SLACK_MS = 2_000;

/** What to believe of a torrent of another program. */
export interface Judgement {
  /** Taken over without being hashed again. */
  readonly have: Bitfield;
  /** To be hashed before it is believed. */
  readonly doubt: Bitfield;
  /** Files with pieces in them, by what the program said, that are not there. */
  readonly missing: readonly FileIndex[];
  /** Files that are not as the program left them, or of which it has not said how it left them. */
  readonly changed: readonly FileIndex[];
}

/**
 * Holds what a program said against the files as they are. A piece is believed when all files that it lies in are as
 * long as it needs and as they were; pieces of other files are in doubt; those of files that are gone are gone.
 */
export function judgeSource(source: SourceTorrent, layout: Layout, found: readonly FileMark[]): Judgement {
  const have = source.have.copy();
  const doubt = source.doubt.copy();
  const missing: FileIndex[] = [];
  const changed: FileIndex[] = [];
  source.metainfo.files.forEach((file, index) => {
    if (file.isPadding || file.byteLength === 0) return;
    const { first, end } = layout.piecesOf(fileIndex(index));
    let neededBytes = 0;
    for (let piece: number = first; piece < end; piece += 1) {
      if (!source.have.has(piece) && !source.doubt.has(piece)) continue;
      const pieceEnd = piece * source.metainfo.pieceLength + layout.pieceLengthOf(pieceIndex(piece));
      neededBytes = Math.min(file.byteLength, pieceEnd - file.offset);
    }
    if (neededBytes === 0) return;
    const mark = found[index] ?? null;
    if (mark !== null && mark.byteLength >= neededBytes && agrees(source.claims[index], mark)) return;
    (mark === null ? missing : changed).push(fileIndex(index));
    for (let piece: number = first; piece < end; piece += 1) {
      const believed = have.clear(piece);
      if (mark === null) doubt.clear(piece);
      else if (believed) doubt.set(piece);
    }
  });
  for (const piece of lostPieces(layout, missing)) doubt.clear(piece);
  return { have, doubt, missing, changed };
}

/** A file that is gone takes its pieces with it, whatever else they lie in. */
function* lostPieces(layout: Layout, missing: readonly FileIndex[]): Generator<number> {
  for (const file of missing) {
    const { first, end } = layout.piecesOf(file);
    for (let piece: number = first; piece < end; piece += 1) yield piece;
  }
}

function agrees(claim: FileClaim | undefined, mark: NonNullable<FileMark>): boolean {
  switch (claim?.kind) {
    case 'modified':
      return Math.floor(mark.modifiedMs / 1000) === claim.modifiedSec;
    case 'seen':
      return mark.modifiedMs <= claim.atMs + SEEN_SLACK_MS;
    default:
      return false;
  }
}
