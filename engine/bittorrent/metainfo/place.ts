import { type ByteCount, byteCount, torrentOffset } from '../units.ts';
import { badTorrent, type ParseContext } from './context.ts';
import type { FileList, ListedFile } from './files.ts';
import type { TorrentFile } from './types.ts';

/** Files with their places in the piece space. */
export interface PlacedFiles {
  readonly files: readonly TorrentFile[];
  readonly totalBytes: ByteCount;
  readonly contentBytes: ByteCount;
  readonly pieceCount: number;
}

/** v1 and hybrid: one file behind the other. v2 only: each at the start of a piece (BEP 52). */
export function placeFiles(
  listed: readonly ListedFile[],
  pieceLength: number,
  aligned: boolean,
  context: ParseContext,
): PlacedFiles {
  const { pieceCountMax } = context.limits;
  let end = 0;
  let contentBytes = 0;
  const files: TorrentFile[] = [];
  for (const file of listed) {
    const offset = aligned ? Math.ceil(end / pieceLength) * pieceLength : end;
    files.push({
      path: file.path,
      byteLength: byteCount(file.byteLength),
      offset: torrentOffset(offset),
      isPadding: file.isPadding,
      attributes: file.attributes,
      piecesRoot: file.piecesRoot,
    });
    if (file.byteLength === 0) continue;
    end = offset + file.byteLength;
    if (!file.isPadding) contentBytes += file.byteLength;
    if (end > pieceCountMax * pieceLength) throw badTorrent('info', `has more than ${pieceCountMax} pieces`);
  }
  if (contentBytes === 0) throw badTorrent('info', 'has no data, all files are empty');
  return {
    files,
    totalBytes: byteCount(end),
    contentBytes: byteCount(contentBytes),
    pieceCount: Math.ceil(end / pieceLength),
  };
}

/**
 * BEP 52: a hybrid torrent tells its files twice. Both lists must name the same files in the same order, and the
 * padding of the v1 list must put each at the start of a piece. Gives the v1 list with the roots of the other.
 */
export function mergeHybrid(v1: FileList, v2: FileList, pieceLength: number): ListedFile[] {
  const place = (index: number): string => `file ${index} of the hybrid torrent`;
  const merged: ListedFile[] = [];
  let next = 0;
  let offset = 0;
  for (const [index, file] of v1.files.entries()) {
    if (file.isPadding) {
      merged.push(file);
      offset += file.byteLength;
      continue;
    }
    const twin = v2.files[next];
    next += 1;
    if (twin === undefined) throw badTorrent(place(index), 'is in files but not in file tree');
    if (!samePath(file.path, twin.path)) throw badTorrent(place(index), 'has another path in file tree');
    if (file.byteLength !== twin.byteLength)
      throw badTorrent(place(index), 'has another length in file tree');
    if (file.byteLength > 0 && offset % pieceLength !== 0) {
      throw badTorrent(place(index), 'does not start at a piece, padding is missing before it');
    }
    offset += file.byteLength;
    merged.push({ ...file, piecesRoot: twin.piecesRoot });
  }
  if (next < v2.files.length) throw badTorrent('info.file tree', 'has files that are not in files');
  return merged;
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
