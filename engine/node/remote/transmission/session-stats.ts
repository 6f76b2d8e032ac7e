import type { JsonRecord } from '../values.ts';
import type { Call } from './call.ts';
import { camelName, oldSessionName, renamed } from './names.ts';
import { secondsOf } from './units.ts';

/** `session_stats`. Files that were added are counted as torrents that there are. */
export async function sessionStats(_: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const { control, style } = call;
  const stats = control.stats();
  const count = (...states: readonly string[]): number =>
    states.reduce((sum, state) => sum + (stats.states[state] ?? 0), 0);
  const named = (record: Record<string, unknown>): Record<string, unknown> =>
    style === 'new' ? record : renamed(record, camelName);
  const files_added = control.rows.size;
  const ever = named({
    uploaded_bytes: stats.uploadedEverBytes,
    downloaded_bytes: stats.downloadedEverBytes,
    files_added,
    seconds_active: Math.floor(stats.secondsEver),
    session_count: stats.startsEver,
  });
  const current = named({
    uploaded_bytes: stats.uploadedBytes,
    downloaded_bytes: stats.downloadedBytes,
    files_added,
    seconds_active: Math.max(0, secondsOf(call.nowMs() - stats.startedAtMs)),
    session_count: 1,
  });
  const counts = named({
    active_torrent_count: count('metadata', 'downloading', 'seeding', 'checking', 'moving'),
    download_speed: Math.round(stats.downBytesPerSec),
    paused_torrent_count: count('stopped', 'offline', 'error'),
    torrent_count: control.rows.size,
    upload_speed: Math.round(stats.upBytesPerSec),
  });
  const parts = { cumulative_stats: ever, current_stats: current };
  return { ...counts, ...(style === 'new' ? parts : renamed(parts, oldSessionName)) };
}
