import type { FileDetail, TorrentDetail, TrackerDetail } from '../../control/details.ts';
import { ratioOf } from '../../control/row.ts';
import { secondsOf } from '../transmission/units.ts';
import type { Call, Reply } from './call.ts';
import { theOne } from './hashes.ts';
import { etaOf } from './info-fields.ts';

const TRACKER_STATUS = { off: 0, idle: 1, working: 2, announcing: 3, failed: 4 } as const;
/** Priorities of files by how much they are wanted; there is no low one. */
const PRIORITIES = [0, 1, 1, 6] as const;
const NOT_KNOWN = -1;

async function detailOf(call: Call): Promise<TorrentDetail> {
  return call.control.detail(theOne(call).infoHash);
}

export async function properties(call: Call): Promise<Reply> {
  const detail = await detailOf(call);
  const { row } = detail;
  const activeSec = secondsOf(row.downloadingMs + row.seedingMs);
  const average = (bytes: number): number => (activeSec === 0 ? 0 : Math.round(bytes / activeSec));
  const dateOf = (ms: number): number => (ms === 0 ? NOT_KNOWN : secondsOf(ms));
  return {
    json: {
      addition_date: dateOf(row.addedAtMs),
      comment: detail.comment,
      completion_date: dateOf(row.completedAtMs),
      created_by: detail.createdBy,
      creation_date: detail.createdAtSec === 0 ? NOT_KNOWN : detail.createdAtSec,
      dl_limit: row.downLimit === 0 ? NOT_KNOWN : row.downLimit,
      dl_speed: Math.round(row.downBytesPerSec),
      dl_speed_avg: average(row.downloadedBytes),
      download_path: '',
      eta: etaOf(row),
      has_metadata: row.totalBytes > 0,
      hash: row.infoHash,
      infohash_v1: row.infoHash.length === 40 ? row.infoHash : '',
      infohash_v2: row.infoHashV2,
      is_private: row.isPrivate,
      private: row.isPrivate,
      last_seen: dateOf(row.seedCount > 0 ? row.lastActiveMs : 0),
      name: row.name,
      nb_connections: row.peerCount,
      nb_connections_limit: call.control.options.peersPerTorrentMax,
      peers: Math.max(0, row.peerCount - row.seedCount),
      peers_total: Math.max(0, row.swarmLeechers),
      piece_size: row.pieceLength,
      pieces_have: row.pieceDoneCount,
      pieces_num: row.pieceCount,
      progress: row.wantedBytes === 0 ? 0 : row.doneBytes / row.wantedBytes,
      reannounce: reannounceSec(detail.trackers, call.nowMs()),
      save_path: row.root,
      seeding_time: secondsOf(row.seedingMs),
      seeds: row.seedCount,
      seeds_total: Math.max(0, row.swarmSeeds),
      share_ratio: ratioOf(row),
      time_elapsed: activeSec,
      total_downloaded: row.downloadedBytes,
      total_downloaded_session: row.downloadedBytes,
      total_size: row.totalBytes,
      total_uploaded: row.uploadedBytes,
      total_uploaded_session: row.uploadedBytes,
      total_wasted: row.wastedBytes,
      up_limit: row.upLimit === 0 ? NOT_KNOWN : row.upLimit,
      up_speed: Math.round(row.upBytesPerSec),
      up_speed_avg: average(row.uploadedBytes),
    },
  };
}

function reannounceSec(trackers: readonly TrackerDetail[], nowMs: number): number {
  const next = trackers.map(({ nextAnnounceMs }) => nextAnnounceMs).filter((ms) => ms > nowMs);
  return next.length === 0 ? 0 : Math.round((next.reduce((a, b) => Math.min(a, b)) - nowMs) / 1000);
}

export async function files(call: Call): Promise<Reply> {
  const detail = await detailOf(call);
  const indexes = call.params.list('indexes', '|').map(Number);
  const chosen = indexes.length === 0 ? undefined : new Set(indexes);
  const shown = detail.files.filter(({ index }) => chosen === undefined || chosen.has(index));
  return { json: shown.map((file) => fileOf(file, detail)) };
}

export function fileOf(file: FileDetail, { availability, row }: TorrentDetail): Record<string, unknown> {
  const progress = file.byteLength === 0 ? 1 : file.doneBytes / file.byteLength;
  return {
    availability: copiesOf(file, availability),
    index: file.index,
    is_seed: row.wantedBytes > 0 && row.doneBytes >= row.wantedBytes,
    name: file.path,
    piece_range: [file.firstPiece, Math.max(file.firstPiece, file.endPiece - 1)],
    priority: PRIORITIES[file.wish],
    progress,
    size: file.byteLength,
  };
}

/** How many peers have all of it, at least; -1: not known. */
function copiesOf({ firstPiece, endPiece }: FileDetail, availability: Uint8Array): number {
  if (availability.length === 0 || endPiece <= firstPiece) return NOT_KNOWN;
  return availability.subarray(firstPiece, endPiece).reduce((least, peers) => Math.min(least, peers), 255);
}

export async function trackers(call: Call): Promise<Reply> {
  const { trackers: known, row } = await detailOf(call);
  const source = (url: string, isOn: boolean): Record<string, unknown> => ({
    ...{ msg: row.isPrivate ? 'This torrent is private' : '', num_downloaded: 0, num_leeches: 0 },
    ...{ num_peers: 0, num_seeds: 0, status: isOn && !row.isPrivate ? 2 : 0, tier: -1, url },
  });
  const { dht, pex, lsd } = call.facts;
  const sources = [source('** [DHT] **', dht), source('** [PeX] **', pex), source('** [LSD] **', lsd)];
  return { json: [...sources, ...known.map(trackerOf)] };
}

export function trackerOf(tracker: TrackerDetail): Record<string, unknown> {
  return {
    msg: tracker.message,
    num_downloaded: tracker.downloads,
    num_leeches: tracker.leechers,
    num_peers: tracker.peersGiven,
    num_seeds: tracker.seeds,
    status: TRACKER_STATUS[tracker.state],
    tier: tracker.tier,
    url: tracker.url,
  };
}

export async function webSeeds(call: Call): Promise<Reply> {
  const { webSeeds: urls } = await detailOf(call);
  return { json: urls.map((url) => ({ url })) };
}

/** 2: there, 1: on its way, 0: neither. */
export async function pieceStates(call: Call): Promise<Reply> {
  const { have, fetching, row } = await detailOf(call);
  const under = new Set(fetching);
  const stateOf = (piece: number): number => {
    if (((have[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) return 2;
    return under.has(piece) ? 1 : 0;
  };
  return { json: Array.from({ length: row.pieceCount }, (_, piece) => stateOf(piece)) };
}

/** The torrent file. */
export async function exportFile(call: Call): Promise<Reply> {
  const bytes = await call.control.torrentFile(theOne(call).infoHash);
  return { bytes, type: 'application/x-bittorrent' };
}
