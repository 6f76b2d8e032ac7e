import { etaSecondsOf, ratioOf, type SeedLimits, type TorrentRow } from '../../control/row.ts';
import type { NodeOptions } from '../../control/session-options.ts';
import { kiloOf, modeOf, secondsOf } from './units.ts';

type RowField = (row: TorrentRow, options: NodeOptions) => unknown;

/** Transmission's numbers for what a torrent does. */
export const STATUS = {
  stopped: 0,
  checkWait: 1,
  check: 2,
  downloadWait: 3,
  download: 4,
  seedWait: 5,
  seed: 6,
} as const;

const MINUTE_MS = 60_000;
const KNOWN_NOT = -1;
const ERROR_LOCAL = 3;

export function statusOf(row: TorrentRow): number {
  switch (row.state) {
    case 'queued':
      return isDone(row) ? STATUS.seedWait : STATUS.downloadWait;
    case 'metadata':
    case 'downloading':
      return STATUS.download;
    case 'seeding':
      return STATUS.seed;
    // A torrent that is stopped and complete is taken away by some programs: not while its files are under way.
    case 'moving':
    case 'checking':
      return STATUS.check;
    default:
      return STATUS.stopped;
  }
}

/** All chosen files are there. */
export function isDone(row: TorrentRow): boolean {
  return row.totalBytes > 0 && row.doneBytes >= row.wantedBytes;
}

/** It was stopped because it has been seeded enough. */
function isFinished(row: TorrentRow, node: SeedLimits): boolean {
  const { ratio, seedTimeMs } = { ...node, ...row.seedLimits };
  if (row.state !== 'stopped' || !isDone(row)) return false;
  return (
    ratioOf(row) >= (ratio ?? Number.POSITIVE_INFINITY) ||
    row.seedingMs >= (seedTimeMs ?? Number.POSITIVE_INFINITY)
  );
}

function etaOf(row: TorrentRow): number {
  const seconds = etaSecondsOf(row);
  return row.state === 'downloading' && Number.isFinite(seconds) ? Math.ceil(seconds) : KNOWN_NOT;
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  mkv: 'video/x-matroska',
  mp4: 'video/mp4',
  avi: 'video/x-msvideo',
  flac: 'audio/flac',
  mp3: 'audio/mpeg',
  iso: 'application/x-iso9660-image',
  zip: 'application/zip',
  pdf: 'application/pdf',
  epub: 'application/epub+zip',
};

/** A guess by the name: it is for the icon that a remote control shows. */
function mimeTypeOf(row: TorrentRow): string {
  const ending = row.name.slice(row.name.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(MIME_TYPES, ending) ? MIME_TYPES[ending] : undefined) ?? 'application/octet-stream';
}

/** What `torrent_get` says of a row alone, by the name of the field. */
export const ROW_FIELDS: Readonly<Record<string, RowField>> = {
  activity_date: (row) => secondsOf(row.lastActiveMs),
  added_date: (row) => secondsOf(row.addedAtMs),
  bandwidth_priority: () => 0,
  bytes_completed: (row) => row.doneBytes,
  corrupt_ever: (row) => row.wastedBytes,
  desired_available: (row) => (row.seedCount > 0 ? Math.max(0, row.wantedBytes - row.doneBytes) : 0),
  done_date: (row) => secondsOf(row.completedAtMs),
  download_dir: (row) => row.root,
  download_limit: (row) => kiloOf(row.downLimit),
  download_limited: (row) => row.downLimit > 0,
  downloaded_ever: (row) => row.downloadedBytes,
  edit_date: () => 0,
  error: (row) => (row.error === '' ? 0 : ERROR_LOCAL),
  error_string: (row) => row.error,
  eta: etaOf,
  eta_idle: () => KNOWN_NOT,
  file_count: (row) => row.fileCount,
  group: (row) => row.category,
  hash_string: (row) => row.infoHash,
  have_unchecked: () => 0,
  have_valid: (row) => row.doneBytes,
  honors_session_limits: () => true,
  id: (row) => row.id,
  is_finished: (row, options) => isFinished(row, options.seedLimits),
  is_private: (row) => row.isPrivate,
  is_stalled: (row) =>
    (row.state === 'downloading' && row.downBytesPerSec === 0) ||
    (row.state === 'seeding' && row.upBytesPerSec === 0),
  labels: (row) => row.tags,
  left_until_done: (row) => Math.max(0, row.wantedBytes - row.doneBytes),
  manual_announce_time: () => 0,
  max_connected_peers: (_, options) => options.peersPerTorrentMax,
  metadata_percent_complete: (row) => (row.totalBytes > 0 ? 1 : row.progress),
  name: (row) => row.name,
  peer_limit: (_, options) => options.peersPerTorrentMax,
  peers_connected: (row) => row.peerCount,
  peers_getting_from_us: (row) => row.servedCount,
  peers_sending_to_us: (row) => row.servingCount,
  percent_complete: (row) => (row.totalBytes === 0 ? 0 : row.doneBytes / row.totalBytes),
  percent_done: (row) => (row.wantedBytes === 0 ? 0 : Math.min(1, row.doneBytes / row.wantedBytes)),
  piece_count: (row) => row.pieceCount,
  piece_size: (row) => row.pieceLength,
  primary_mime_type: mimeTypeOf,
  queue_position: (row) => row.queuePosition,
  rate_download: (row) => Math.round(row.downBytesPerSec),
  rate_upload: (row) => Math.round(row.upBytesPerSec),
  recheck_progress: (row) => (row.state === 'checking' ? row.progress : 0),
  seconds_downloading: (row) => secondsOf(row.downloadingMs),
  seconds_seeding: (row) => secondsOf(row.seedingMs),
  seed_idle_limit: (row, options) =>
    minutesOf(row.seedLimits.idleTimeMs) ?? minutesOf(options.seedLimits.idleTimeMs) ?? 0,
  seed_idle_mode: (row) => modeOf(row.seedLimits.idleTimeMs),
  seed_ratio_limit: (row, options) => finite(row.seedLimits.ratio) ?? finite(options.seedLimits.ratio) ?? 0,
  seed_ratio_mode: (row) => modeOf(row.seedLimits.ratio),
  sequential_download: (row) => row.sequential,
  sequential_download_from_piece: () => 0,
  size_when_done: (row) => row.wantedBytes,
  start_date: (row) => secondsOf(row.addedAtMs),
  status: statusOf,
  torrent_file: () => '',
  total_size: (row) => row.totalBytes,
  upload_limit: (row) => kiloOf(row.upLimit),
  upload_limited: (row) => row.upLimit > 0,
  upload_ratio: (row) => ratioOf(row),
  uploaded_ever: (row) => row.uploadedBytes,
  webseeds_sending_to_us: () => 0,
};

function finite(limit: number | undefined): number | undefined {
  return limit !== undefined && Number.isFinite(limit) ? limit : undefined;
}

function minutesOf(limitMs: number | undefined): number | undefined {
  const ms = finite(limitMs);
  return ms === undefined ? undefined : Math.round(ms / MINUTE_MS);
}
