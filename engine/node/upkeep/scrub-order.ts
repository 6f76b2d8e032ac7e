import type { RowState, TorrentRow } from '../control/row.ts';

/** In these nobody else is at the files, and they are there. */
const AT_REST: ReadonlySet<RowState> = new Set(['queued', 'downloading', 'seeding', 'stopped']);

/**
 * Torrents whose last check is `everyMs` ago, the one that was checked longest ago first, those never checked before
 * all others in the order in which they came: the info-hashes. `nowMs` is Unix time.
 */
export function dueForScrub(rows: Iterable<TorrentRow>, everyMs: number, nowMs: number): string[] {
  const due: TorrentRow[] = [];
  for (const row of rows) if (isDue(row, everyMs, nowMs)) due.push(row);
  due.sort((a, b) => a.lastCheckedMs - b.lastCheckedMs || a.addedAtMs - b.addedAtMs || a.id - b.id);
  return due.map(({ infoHash }) => infoHash);
}

/** What has come lately was hashed when it came. */
function isDue(row: TorrentRow, everyMs: number, nowMs: number): boolean {
  if (row.pieceDoneCount === 0 || !AT_REST.has(row.state)) return false;
  const since = Math.max(row.lastCheckedMs, row.completedAtMs, row.addedAtMs);
  // A clock that was set back must not put off the check for years.
  return nowMs - since >= everyMs || since > nowMs + everyMs;
}
