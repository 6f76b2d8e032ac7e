import type { RowState, TorrentRow } from '../control/row.ts';
import { type Entry, progressOf } from './entry.ts';
import { peerCounts, swarmCounts } from './live-details.ts';
import type { LiveTorrent } from './live-torrent.ts';

/** What the row of a torrent in memory says now. `now`: the clock of the runtime; `wallMs`: Unix milliseconds. */
export function liveChange(
  entry: Entry,
  live: LiveTorrent,
  now: number,
  wallMs: number,
): Partial<TorrentRow> {
  const { managed } = live;
  const { torrent } = managed;
  const { row } = entry;
  const { doneBytes } = torrent.files;
  const state = stateOf(entry, live);
  const { downloadedBytes, uploadedBytes } = managed;
  const hasMoved = downloadedBytes !== row.downloadedBytes || uploadedBytes !== row.uploadedBytes;
  if (hasMoved) live.movedAtMs = now;
  return {
    state,
    doneBytes,
    pieceDoneCount: torrent.have.count,
    ...(live.isChecking ? {} : { progress: progressOf({ wantedBytes: row.wantedBytes, doneBytes }) }),
    downBytesPerSec: Math.round(torrent.downRate.bytesPerSec(now)),
    upBytesPerSec: Math.round(torrent.upRate.bytesPerSec(now)),
    downloadedBytes,
    uploadedBytes,
    ...(hasMoved ? { lastActiveMs: wallMs } : {}),
    ...peerCounts(torrent),
    ...known(swarmCounts(managed.trackerStatus)),
    ...(state === 'error' ? {} : { error: '' }),
  };
}

function stateOf(entry: Entry, live: LiveTorrent): RowState {
  if (entry.row.state === 'moving') return 'moving';
  if (live.isChecking) return 'checking';
  const { state } = live.managed;
  return state === 'stopped' || state === 'error' ? entry.row.state : state;
}

/** What no tracker has said yet stays as it was. */
function known({ swarmSeeds, swarmLeechers }: ReturnType<typeof swarmCounts>): Partial<TorrentRow> {
  return {
    ...(swarmSeeds < 0 ? {} : { swarmSeeds }),
    ...(swarmLeechers < 0 ? {} : { swarmLeechers }),
  };
}
