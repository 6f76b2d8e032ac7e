import type { TorrentRow } from '../../control/row.ts';
import { RowList } from '../row-list.ts';
import type { Call, Reply } from './call.ts';
import { categoriesJson } from './categories.ts';
import { infoWriter } from './info-fields.ts';
import { LIVELY_FIELDS } from './steady.ts';
import { rateFields } from './transfer.ts';

/**
 * `sync/maindata`: what has changed since the answer with the number `rid`, which is the revision of the node, so that
 * nothing has to be remembered for each client. Of a torrent of which only the lively fields have changed just these are
 * told, else all; categories and tags are so few that they are told each time.
 */
export async function mainData(call: Call): Promise<Reply> {
  const { control, gone, params, steady } = call;
  const rid = params.whole('rid', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const changes = control.changes(rid);
  const { revision, isFull, rows, removed } = changes;
  const { options } = control;
  steady.note(changes, options.seedLimits);
  // The hash is the key.
  const writeAll = infoWriter(options, (name) => name !== 'hash');
  const writeLively = infoWriter(options, (name) => LIVELY_FIELDS.has(name));
  const write = (row: TorrentRow): string =>
    !isFull && steady.isKnown(row, rid) ? writeLively(row) : writeAll(row);
  const list = new RowList(rows, (row) => `"${row.infoHash}":${write(row)}`, { brackets: '{}' });
  const removedNames = { categories_removed: gone.categories(), tags_removed: gone.tags() };
  const json = {
    rid: revision,
    full_update: isFull,
    // Before whatever others have named: here the rows are put in.
    torrents: list,
    ...(isFull ? {} : { torrents_removed: removed, ...removedNames }),
    categories: categoriesJson(control),
    tags: [...control.tags],
    server_state: await serverState(call),
  };
  return { json, list };
}

async function serverState(call: Call): Promise<Record<string, unknown>> {
  const { control, freeBytes } = call;
  const { options } = control;
  const stats = control.stats();
  const ratio = stats.downloadedEverBytes === 0 ? 0 : stats.uploadedEverBytes / stats.downloadedEverBytes;
  return {
    ...rateFields(options, stats),
    alltime_dl: stats.downloadedEverBytes,
    alltime_ul: stats.uploadedEverBytes,
    average_time_queue: 0,
    free_space_on_disk: await freeBytes(),
    global_ratio: ratio.toFixed(2),
    queued_io_jobs: stats.hashing.pending,
    queueing: options.activeDownloadsMax > 0 || options.activeSeedsMax > 0,
    read_cache_hits: '0',
    read_cache_overload: '0',
    refresh_interval: 1500,
    total_buffers_size: 0,
    total_peer_connections: stats.connectionCount,
    total_queued_size: 0,
    total_wasted_session: 0,
    use_alt_speed_limits: options.altEnabled,
    use_subcategories: false,
    write_cache_overload: '0',
  };
}
