import { createHash } from 'node:crypto';
import type { FileDetail, TorrentDetail } from '../../../engine/node/control/details.ts';
import type { TorrentRow } from '../../../engine/node/control/row.ts';
import type { NodeOptions } from '../../../engine/node/control/session-options.ts';

const NOVEMBER = 1_762_000_000_000;
const PIECE = 1024 * 1024;

/** The row of a finished torrent of 4 MiB in one file that seeds; its hash comes from its number. */
export function fakeRow(id: number, change: Partial<TorrentRow> = {}): TorrentRow {
  const name = change.name ?? `torrent ${id}`;
  const root = change.root ?? '/srv/data';
  const totalBytes = change.totalBytes ?? 4 * PIECE;
  const pieceCount = Math.ceil(totalBytes / PIECE);
  return {
    id,
    infoHash: createHash('sha1').update(`torrent ${id}`).digest('hex'),
    infoHashV2: '',
    name,
    state: 'seeding',
    error: '',
    revision: id,
    totalBytes,
    wantedBytes: totalBytes,
    doneBytes: totalBytes,
    pieceCount,
    pieceLength: PIECE,
    pieceDoneCount: pieceCount,
    fileCount: 1,
    progress: 1,
    downBytesPerSec: 0,
    upBytesPerSec: 0,
    downloadedBytes: totalBytes,
    uploadedBytes: 2 * totalBytes,
    wastedBytes: 0,
    peerCount: 0,
    seedCount: 0,
    servedCount: 0,
    servingCount: 0,
    swarmSeeds: -1,
    swarmLeechers: -1,
    root,
    contentPath: `${root}/${name}`,
    category: '',
    tags: [],
    trackerHost: 'tracker.test',
    isPrivate: false,
    sequential: false,
    superSeed: false,
    forced: false,
    queuePosition: id - 1,
    downLimit: 0,
    upLimit: 0,
    seedLimits: {},
    addedAtMs: NOVEMBER + id * 1000,
    completedAtMs: NOVEMBER + id * 1000 + 500,
    lastActiveMs: NOVEMBER + id * 1000 + 500,
    lastCheckedMs: 0,
    downloadingMs: 500,
    seedingMs: 60_000,
    ...change,
  };
}

/** What a node is told when it is told nothing, for tests. */
export const FAKE_OPTIONS: NodeOptions = {
  downloadRoot: '/srv/data',
  downLimit: 0,
  upLimit: 0,
  altDownLimit: 50_000,
  altUpLimit: 50_000,
  altEnabled: false,
  altSchedule: { enabled: false, beginMinute: 540, endMinute: 1020, days: 127 },
  trackerLimits: {},
  trackerSeedLimits: {},
  seedLimits: {},
  activeDownloadsMax: 5,
  activeSeedsMax: 0,
  stalledAfterMs: 1_800_000,
  connectionsMax: 2_000,
  peersPerTorrentMax: 50,
  uploadSlotsPerTorrent: 4,
  startWhenAdded: true,
  freeSpaceMin: 0,
  scrubRate: 0,
  scrubEveryMs: 0,
};

/** One file of all the bytes, one tracker and, while it runs, one peer. */
export function fakeDetail(
  row: TorrentRow,
  files: readonly FileDetail[],
  trackers: readonly (readonly string[])[],
): TorrentDetail {
  const have = new Uint8Array(Math.ceil(row.pieceCount / 8));
  for (let piece = 0; piece < row.pieceDoneCount; piece++) have[piece >> 3]! |= 0x80 >> (piece & 7);
  const runs = row.state === 'seeding' || row.state === 'downloading';
  return {
    row,
    comment: 'a comment',
    createdBy: 'allium',
    createdAtSec: NOVEMBER / 1000,
    magnet: `magnet:?xt=urn:btih:${row.infoHash}&dn=${encodeURIComponent(row.name)}`,
    files,
    trackers: trackers.flatMap((urls, tier) =>
      urls.map((url) => ({
        url,
        tier,
        state: 'working' as const,
        message: '',
        seeds: 3,
        leechers: 2,
        downloads: 7,
        peersGiven: 5,
        lastAnnounceMs: NOVEMBER,
        nextAnnounceMs: NOVEMBER + 1_800_000,
      })),
    ),
    webSeeds: [],
    peers: runs ? [FAKE_PEER] : [],
    have,
    fetching: [],
    availability: runs ? new Uint8Array(row.pieceCount).fill(1) : new Uint8Array(0),
  };
}

const FAKE_PEER = {
  host: '127.0.0.2',
  port: 6881,
  client: 'Transmission 4.0',
  transport: 'tcp',
  encrypted: true,
  incoming: false,
  progress: 0.5,
  downBytesPerSec: 0,
  upBytesPerSec: 1000,
  downloadedBytes: 0,
  uploadedBytes: 5000,
  amChoking: false,
  amInterested: false,
  peerChoking: true,
  peerInterested: true,
} as const;

/** One file for each length, named as in a folder of the torrent's name, or as the torrent when it is the only one. */
export function fakeFiles(row: TorrentRow, lengths: readonly number[]): readonly FileDetail[] {
  let offset = 0;
  return lengths.map((byteLength, index) => {
    const firstPiece = Math.floor(offset / row.pieceLength);
    offset += byteLength;
    return {
      index,
      path: lengths.length === 1 ? row.name : `${row.name}/f${index}`,
      byteLength,
      doneBytes: Math.floor(byteLength * row.progress),
      wish: 2,
      firstPiece,
      endPiece: Math.max(firstPiece + 1, Math.ceil(offset / row.pieceLength)),
    };
  });
}
