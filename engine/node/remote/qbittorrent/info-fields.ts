import { etaSecondsOf, ratioOf, type TorrentRow } from '../../control/row.ts';
import type { NodeOptions } from '../../control/session-options.ts';
import { objectWriter } from '../row-writer.ts';
import { isDone } from '../transmission/row-fields.ts';
import { secondsOf } from '../transmission/units.ts';

type InfoField = (row: TorrentRow, options: NodeOptions) => string | number | boolean;

/** Stands for “never”. */
const ETA_NEVER = 8_640_000;
const AS_GLOBAL = -2;
const NO_LIMIT = -1;
const MINUTE_MS = 60_000;

/** What a torrent does, in words that tools for qBittorrent 4 and for 5 both know. */
export function stateOf(row: TorrentRow): string {
  const done = isDone(row);
  switch (row.state) {
    case 'metadata':
      return row.forced ? 'forcedMetaDL' : 'metaDL';
    case 'queued':
      return done ? 'queuedUP' : 'queuedDL';
    case 'checking':
      return done ? 'checkingUP' : 'checkingDL';
    case 'downloading':
      if (row.forced) return 'forcedDL';
      return row.downBytesPerSec > 0 ? 'downloading' : 'stalledDL';
    case 'seeding':
      if (row.forced) return 'forcedUP';
      return row.upBytesPerSec > 0 ? 'uploading' : 'stalledUP';
    case 'moving':
      return 'moving';
    case 'stopped':
      return done ? 'pausedUP' : 'pausedDL';
    case 'offline':
      return 'missingFiles';
    default:
      return 'error';
  }
}

/** A rule for seeds as the protocol writes it: -2 as the node says, -1 never. */
export function ruleOf(limit: number | undefined, unit = 1): number {
  return limit === undefined ? AS_GLOBAL : counted(limit, unit);
}

/** The same with the node's rule in the place of “as the node says”. */
function rule(own: number | undefined, node: number | undefined, unit = 1): number {
  return counted(own ?? node ?? Number.POSITIVE_INFINITY, unit);
}

/** Times are whole minutes. */
function counted(limit: number, unit: number): number {
  if (!Number.isFinite(limit)) return NO_LIMIT;
  return unit === 1 ? limit : Math.round(limit / unit);
}

export function etaOf(row: TorrentRow): number {
  const seconds = etaSecondsOf(row);
  return Number.isFinite(seconds) ? Math.min(ETA_NEVER, Math.ceil(seconds)) : ETA_NEVER;
}

/** Only the host is in a row; what follows it may be a secret. */
function trackerOf(row: TorrentRow): string {
  return row.trackerHost === '' ? '' : `http://${row.trackerHost}/announce`;
}

function magnetOf(row: TorrentRow): string {
  const topic = row.infoHash.length === 40 ? `btih:${row.infoHash}` : `btmh:1220${row.infoHash}`;
  return `magnet:?xt=urn:${topic}&dn=${encoded(row.name)}`;
}

/** Half a surrogate pair cannot be written in an address; that is rare, and this is done for every row. */
function encoded(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch {
    return encodeURIComponent(Buffer.from(name).toString());
  }
}

function progressOf(row: TorrentRow): number {
  if (row.state === 'checking') return row.progress;
  return row.wantedBytes === 0 ? 0 : Math.min(1, row.doneBytes / row.wantedBytes);
}

/** What lists and deltas say of a torrent, by the name of the field. */
export const INFO_FIELDS: Readonly<Record<string, InfoField>> = {
  added_on: (row) => secondsOf(row.addedAtMs),
  amount_left: (row) => Math.max(0, row.wantedBytes - row.doneBytes),
  auto_tmm: () => false,
  availability: () => -1,
  category: (row) => row.category,
  comment: () => '',
  completed: (row) => row.doneBytes,
  completion_on: (row) => (row.completedAtMs === 0 ? -1 : secondsOf(row.completedAtMs)),
  content_path: (row) => row.contentPath,
  dl_limit: (row) => row.downLimit,
  dlspeed: (row) => Math.round(row.downBytesPerSec),
  download_path: () => '',
  downloaded: (row) => row.downloadedBytes,
  downloaded_session: (row) => row.downloadedBytes,
  eta: etaOf,
  f_l_piece_prio: () => false,
  force_start: (row) => row.forced,
  has_metadata: (row) => row.totalBytes > 0,
  hash: (row) => row.infoHash,
  inactive_seeding_time_limit: (row) => ruleOf(row.seedLimits.idleTimeMs, MINUTE_MS),
  infohash_v1: (row) => (row.infoHash.length === 40 ? row.infoHash : ''),
  infohash_v2: (row) => row.infoHashV2,
  last_activity: (row) => secondsOf(row.lastActiveMs),
  magnet_uri: magnetOf,
  max_inactive_seeding_time: (row, { seedLimits }) =>
    rule(row.seedLimits.idleTimeMs, seedLimits.idleTimeMs, MINUTE_MS),
  max_ratio: (row, { seedLimits }) => rule(row.seedLimits.ratio, seedLimits.ratio),
  max_seeding_time: (row, { seedLimits }) =>
    rule(row.seedLimits.seedTimeMs, seedLimits.seedTimeMs, MINUTE_MS),
  name: (row) => row.name,
  num_complete: (row) => row.swarmSeeds,
  num_incomplete: (row) => row.swarmLeechers,
  num_leechs: (row) => Math.max(0, row.peerCount - row.seedCount),
  num_seeds: (row) => row.seedCount,
  priority: (row) => row.queuePosition + 1,
  private: (row) => row.isPrivate,
  progress: progressOf,
  ratio: (row) => ratioOf(row),
  ratio_limit: (row) => ruleOf(row.seedLimits.ratio),
  reannounce: () => 0,
  root_path: (row) => (row.fileCount > 1 ? row.contentPath : ''),
  save_path: (row) => row.root,
  seeding_time: (row) => secondsOf(row.seedingMs),
  seeding_time_limit: (row) => ruleOf(row.seedLimits.seedTimeMs, MINUTE_MS),
  seen_complete: (row) => (row.seedCount > 0 ? secondsOf(row.lastActiveMs) : -1),
  seq_dl: (row) => row.sequential,
  size: (row) => row.wantedBytes,
  state: stateOf,
  super_seeding: (row) => row.superSeed,
  tags: (row) => row.tags.join(', '),
  time_active: (row) => secondsOf(row.downloadingMs + row.seedingMs),
  total_size: (row) => row.totalBytes,
  total_wasted: (row) => row.wastedBytes,
  tracker: trackerOf,
  trackers_count: (row) => (row.trackerHost === '' ? 0 : 1),
  up_limit: (row) => row.upLimit,
  uploaded: (row) => row.uploadedBytes,
  uploaded_session: (row) => row.uploadedBytes,
  upspeed: (row) => Math.round(row.upBytesPerSec),
};

type Writer = (row: TorrentRow) => string;

/** The fields of a row as JSON, all or some. */
export function infoWriter(options: NodeOptions, isWanted: (name: string) => boolean = () => true): Writer {
  const fields = Object.entries(INFO_FIELDS).filter(([name]) => isWanted(name));
  return objectWriter(fields.map(([name, field]) => [name, (row: TorrentRow) => field(row, options)]));
}
