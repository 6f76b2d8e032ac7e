import type { TorrentDetail } from '../../control/details.ts';
import type { TorrentRow } from '../../control/row.ts';
import { RowList } from '../row-list.ts';
import { isDone } from '../transmission/row-fields.ts';
import { wrongValue } from '../values.ts';
import type { Call, Reply } from './call.ts';
import { fileOf, trackerOf } from './details.ts';
import { theChosen } from './hashes.ts';
import { INFO_FIELDS, infoWriter, stateOf } from './info-fields.ts';

const DETAILS_AT_ONCE = 16;
const STOPPED: ReadonlySet<string> = new Set(['stopped', 'error', 'offline']);

const moves = (row: TorrentRow): boolean => row.downBytesPerSec > 0 || row.upBytesPerSec > 0;
const isStalled = (row: TorrentRow): boolean => stateOf(row).startsWith('stalled');

/** Filters by the names that the protocol has for them, old and new. */
const FILTERS: Readonly<Record<string, (row: TorrentRow) => boolean>> = {
  all: () => true,
  downloading: (row) => !isDone(row),
  seeding: (row) => isDone(row) && !STOPPED.has(row.state),
  completed: isDone,
  paused: (row) => row.state === 'stopped',
  stopped: (row) => row.state === 'stopped',
  resumed: (row) => !STOPPED.has(row.state),
  running: (row) => !STOPPED.has(row.state),
  active: moves,
  inactive: (row) => !moves(row),
  stalled: isStalled,
  stalled_uploading: (row) => isStalled(row) && isDone(row),
  stalled_downloading: (row) => isStalled(row) && !isDone(row),
  errored: (row) => row.state === 'error' || row.state === 'offline',
  checking: (row) => row.state === 'checking',
  moving: (row) => row.state === 'moving',
};

/** `torrents/info`: the list, filtered, sorted and cut as asked. */
export async function info(call: Call): Promise<Reply> {
  const { control, params } = call;
  const rows = cut(sorted(filtered(call), call), call);
  const withTrackers = params.truth('includeTrackers') === true;
  const withFiles = params.truth('includeFiles') === true;
  const { options } = control;
  if (!withTrackers && !withFiles) {
    const list = new RowList(rows, infoWriter(options));
    return { json: list, list };
  }
  const details = await detailsOf(rows, call);
  const there = rows.filter((row) => details.has(row.infoHash));
  const write = infoWriter(options);
  const list = new RowList(there, (row) => {
    const detail = details.get(row.infoHash)!;
    const more = {
      ...(withTrackers ? { trackers: detail.trackers.map(trackerOf) } : {}),
      ...(withFiles ? { files: detail.files.map((file) => fileOf(file, detail)) } : {}),
    };
    return `${write(row).slice(0, -1)},${JSON.stringify(more).slice(1)}`;
  });
  return { json: list, list };
}

function filtered(call: Call): TorrentRow[] {
  const { control, params } = call;
  const all = params.list('hashes', '|').length > 0 ? theChosen(call) : [...control.rows.values()];
  const name = params.text('filter') ?? 'all';
  // A filter of a later version shows everything, as the program itself does.
  const passes = (Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined) ?? (() => true);
  const category = params.text('category');
  const tag = params.text('tag');
  const isPrivate = params.truth('private');
  return all.filter(
    (row) =>
      passes(row) &&
      (category === undefined || row.category === category) &&
      (tag === undefined || (tag === '' ? row.tags.length === 0 : row.tags.includes(tag))) &&
      (isPrivate === undefined || row.isPrivate === isPrivate),
  );
}

function sorted(rows: TorrentRow[], { control: { options }, params }: Call): TorrentRow[] {
  const name = params.text('sort') ?? '';
  if (name !== '') {
    const field = Object.hasOwn(INFO_FIELDS, name) ? INFO_FIELDS[name] : undefined;
    if (field === undefined) throw wrongValue('sort', 'the name of a field');
    const keyed = rows.map((row) => ({ row, key: field(row, options) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    rows = keyed.map(({ row }) => row);
  }
  return params.truth('reverse') === true ? rows.reverse() : rows;
}

function cut(rows: TorrentRow[], { params }: Call): TorrentRow[] {
  const limit = params.number('limit') ?? 0;
  const offset = Math.trunc(params.number('offset') ?? 0);
  const begin = offset < 0 ? Math.max(0, rows.length + offset) : offset;
  return rows.slice(begin, limit > 0 ? begin + Math.trunc(limit) : undefined);
}

async function detailsOf(
  rows: readonly TorrentRow[],
  { control }: Call,
): Promise<ReadonlyMap<string, TorrentDetail>> {
  const details = new Map<string, TorrentDetail>();
  for (let begin = 0; begin < rows.length; begin += DETAILS_AT_ONCE) {
    await Promise.all(
      rows.slice(begin, begin + DETAILS_AT_ONCE).map(async ({ infoHash }) => {
        try {
          details.set(infoHash, await control.detail(infoHash));
        } catch (error) {
          if (control.row(infoHash) !== undefined) throw error;
        }
      }),
    );
  }
  return details;
}
