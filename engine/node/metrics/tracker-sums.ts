import type { TorrentRow } from '../control/row.ts';

/** Sums over the torrents of one tracker. */
export interface TrackerSums {
  torrents: number;
  /** How many of them are transferring now. */
  active: number;
  downBytesPerSec: number;
  upBytesPerSec: number;
  downloadedBytes: number;
  uploadedBytes: number;
}

/** The label of all trackers beyond the bound together, and of torrents without one. */
export const OTHER_TRACKERS = 'other';
export const NO_TRACKER = 'none';

/**
 * Sums by host of the first tracker, the hosts with the most torrents first, at most `hostsMax` of them and the rest as
 * one. Hosts come from torrent files of strangers: their number must not be the number of labels. One pass.
 */
export function sumByTracker(
  rows: Iterable<TorrentRow>,
  hostsMax: number,
): readonly (readonly [host: string, sums: TrackerSums])[] {
  const byHost = new Map<string, TrackerSums>();
  for (const row of rows) {
    const host = row.trackerHost === '' ? NO_TRACKER : row.trackerHost;
    let sums = byHost.get(host);
    if (sums === undefined) {
      sums = emptySums();
      byHost.set(host, sums);
    }
    sums.torrents++;
    if (row.downBytesPerSec > 0 || row.upBytesPerSec > 0) sums.active++;
    sums.downBytesPerSec += row.downBytesPerSec;
    sums.upBytesPerSec += row.upBytesPerSec;
    sums.downloadedBytes += row.downloadedBytes;
    sums.uploadedBytes += row.uploadedBytes;
  }
  const sorted = [...byHost].sort((a, b) => b[1].torrents - a[1].torrents || (a[0] < b[0] ? -1 : 1));
  const shown = sorted.slice(0, hostsMax);
  if (sorted.length === shown.length) return shown;
  const rest = emptySums();
  for (const [, sums] of sorted.slice(hostsMax)) addSums(rest, sums);
  return [...shown, [OTHER_TRACKERS, rest]];
}

function emptySums(): TrackerSums {
  // One literal: objects that are spread together from two made this pass twenty times as long.
  return {
    torrents: 0,
    active: 0,
    downBytesPerSec: 0,
    upBytesPerSec: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
  };
}

function addSums(to: TrackerSums, some: TrackerSums): void {
  to.torrents += some.torrents;
  to.active += some.active;
  to.downBytesPerSec += some.downBytesPerSec;
  to.upBytesPerSec += some.upBytesPerSec;
  to.downloadedBytes += some.downloadedBytes;
  to.uploadedBytes += some.uploadedBytes;
}
