import { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { asBytes, asInteger, asList, type BencodeDict, decodeUtf8 } from '../../codec/bencode.ts';
import type { FileWish } from '../control/details.ts';
import { countAt, flagAt, secondsAt, textsOf } from './read-files.ts';
import { localFile, type PathMapping } from './source-paths.ts';
import { badSource, type FileClaim, type ImportedState, STATE_UNKNOWN } from './types.ts';

/** In each byte of `pieces`. */
const HAVE = 1;
/** libtorrent's priorities of files: 0 none, 1 low, 4 normal, 7 high. */
export const LIBTORRENT_WISHES: readonly FileWish[] = [0, 1, 1, 1, 2, 3, 3, 3];

/**
 * Where each file is in the lists of libtorrent: of a torrent that is v2 only it counts the gaps behind files as files.
 */
export function libtorrentIndexes({ version, files, pieceLength }: Metainfo): number[] {
  let gaps = 0;
  return files.map((file, index) => {
    const at = index + gaps;
    if (version === 'v2' && file.byteLength % pieceLength !== 0) gaps += 1;
    return at;
  });
}

/** The pieces that libtorrent had. Throws BAD_STATE when they are of another torrent. */
export function piecesOf(resume: BencodeDict, metainfo: Metainfo): Bitfield {
  const have = new Bitfield(metainfo.pieceCount);
  const pieces = asBytes(resume.get('pieces'));
  if (pieces === undefined) return have;
  // It begins a torrent without writing how many pieces there are.
  if (pieces.length !== 0 && pieces.length !== metainfo.pieceCount) {
    throw badSource(`its state has ${pieces.length} pieces, the torrent ${metainfo.pieceCount}`);
  }
  pieces.forEach((piece, index) => {
    if ((piece & HAVE) !== 0) have.set(index);
  });
  return have;
}

/** In `seed_mode` it has believed that all is there and looks at each piece when somebody wants it. */
export function believedPieces(resume: BencodeDict, metainfo: Metainfo): Bitfield {
  return flagAt(resume, 'seed_mode') ? Bitfield.full(metainfo.pieceCount) : new Bitfield(metainfo.pieceCount);
}

/**
 * Versions before 1.2 wrote the length and the time of each file; later ones write nothing, and what has not changed
 * since the state was saved is as they left it.
 */
export function claimsOf(resume: BencodeDict, metainfo: Metainfo, savedAtMs: number): FileClaim[] {
  const sizes = asList(resume.get('file sizes'));
  return libtorrentIndexes(metainfo).map((at) => {
    const modifiedSec = asInteger(asList(sizes?.[at])?.[1]);
    if (modifiedSec !== undefined && modifiedSec > 0) return { kind: 'modified', modifiedSec };
    return savedAtMs > 0 ? { kind: 'seen', atMs: savedAtMs } : { kind: 'none' };
  });
}

/** Files under other names. Throws BAD_STATE. */
export function renamedFiles(
  resume: BencodeDict,
  metainfo: Metainfo,
  root: string,
  mappings: readonly PathMapping[],
): Map<number, string> {
  const places = new Map<number, string>();
  const mapped = asList(resume.get('mapped_files')) ?? [];
  const indexes = libtorrentIndexes(metainfo);
  metainfo.files.forEach((file, index) => {
    const bytes = asBytes(mapped[indexes[index]!]);
    if (bytes === undefined || bytes.length === 0 || file.isPadding) return;
    const path = decodeUtf8(bytes);
    if (path === undefined) throw badSource('the name of a file is not UTF-8');
    if (path !== file.path.join('/')) places.set(index, localFile(path, root, mappings));
  });
  return places;
}

/** Tiers of trackers; undefined when the state has none of its own. */
export function trackersOf(resume: BencodeDict): string[][] | undefined {
  return asList(resume.get('trackers'))?.map((tier) => textsOf(tier));
}

export function webSeedsOf(resume: BencodeDict): string[] {
  return textsOf(resume.get('url-list'));
}

/** What libtorrent itself remembers of a torrent. */
export function stateOf(resume: BencodeDict, metainfo: Metainfo): ImportedState {
  const priorities = asList(resume.get('file_priority'));
  const seedingMs = secondsAt(resume, 'seeding_time');
  const limit = (key: string): number => countAt(resume, key);
  return {
    ...STATE_UNKNOWN,
    addedAtMs: secondsAt(resume, 'added_time'),
    completedAtMs: secondsAt(resume, 'completed_time'),
    lastActiveMs: Math.max(secondsAt(resume, 'last_upload'), secondsAt(resume, 'last_download')),
    downloadedBytes: countAt(resume, 'total_downloaded'),
    uploadedBytes: countAt(resume, 'total_uploaded'),
    downloadingMs: Math.max(0, secondsAt(resume, 'active_time') - secondsAt(resume, 'finished_time')),
    seedingMs,
    stopped: flagAt(resume, 'paused') && !flagAt(resume, 'auto_managed'),
    sequential: flagAt(resume, 'sequential_download'),
    superSeed: flagAt(resume, 'super_seeding'),
    wishes: wishesOf(
      libtorrentIndexes(metainfo).map((at) => asInteger(priorities?.[at])),
      LIBTORRENT_WISHES,
    ),
    downLimit: limit('download_rate_limit'),
    upLimit: limit('upload_rate_limit'),
  };
}

/** Priorities as wishes; none at all when all files are wanted as usual. */
export function wishesOf(
  priorities: readonly (number | undefined)[],
  table: readonly FileWish[],
): FileWish[] {
  const wishes = priorities.map((priority) => (priority === undefined ? 2 : (table[priority] ?? 2)));
  return wishes.every((wish) => wish === 2) ? [] : wishes;
}
