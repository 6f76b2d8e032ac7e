import type { CheckpointEntry, CheckpointSubject, FileStamp } from './checkpoint.ts';
import type { DamageFile } from './damage.ts';
import { VERDICT, type VerdictMap } from './verdict.ts';

/**
 * Whether an entry speaks of this torrent at this place. Its files may have changed since: see
 * {@link restoreVerdicts}.
 */
export function isSameSubject(entry: CheckpointSubject, subject: CheckpointSubject): boolean {
  return (
    entry.place === subject.place &&
    entry.pieceCount === subject.pieceCount &&
    entry.stamps.length === subject.stamps.length &&
    entry.infoHash.length === subject.infoHash.length &&
    entry.infoHash.every((byte, at) => byte === subject.infoHash[at])
  );
}

/** Size and time are the same. Files that were missing both times are the same too. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return Object.is(a.byteLength, b.byteLength) && Object.is(a.modifiedMs, b.modifiedMs);
}

/**
 * Takes over what was hashed earlier: pending pieces get their verdicts, except those that hold bytes of a file
 * that has changed since. Returns how many pieces need not be hashed again.
 */
export function restoreVerdicts(
  entry: CheckpointEntry,
  subject: CheckpointSubject,
  torrent: { readonly pieceLength: number; readonly files: readonly DamageFile[] },
  verdicts: VerdictMap,
): number {
  const stale = stalePieces(entry.subject, subject, torrent);
  let restored = 0;
  for (const run of entry.hashed) {
    for (let piece = run.first as number; piece < run.end; piece += 1) {
      const verdict = verdicts.get(piece);
      if (stale[piece] === 1) continue;
      // A piece that was hashed twice: the later record counts.
      if (verdict === VERDICT.pending) restored += 1;
      else if (verdict !== VERDICT.good && verdict !== VERDICT.bad) continue;
      verdicts.set(piece, run.good ? VERDICT.good : VERDICT.bad);
    }
  }
  return restored;
}

/** A byte for each piece: 1 when it holds bytes of a file that has changed. */
function stalePieces(
  before: CheckpointSubject,
  now: CheckpointSubject,
  torrent: { readonly pieceLength: number; readonly files: readonly DamageFile[] },
): Uint8Array {
  const stale = new Uint8Array(now.pieceCount);
  for (let file = 0; file < now.stamps.length; file += 1) {
    if (isSameStamp(before.stamps[file]!, now.stamps[file]!)) continue;
    const { offset, byteLength } = torrent.files[file]!;
    const first = Math.floor(offset / torrent.pieceLength);
    stale.fill(1, first, Math.ceil((offset + byteLength) / torrent.pieceLength));
  }
  return stale;
}
