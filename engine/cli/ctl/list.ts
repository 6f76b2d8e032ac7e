import type { Command } from 'commander';
import { AlliumError } from '../../codec/error.ts';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../codec/units.ts';
import type { RemoteClient } from '../../node/remote/client.ts';
import { type Column, formatTable } from '../support/table.ts';
import { type CtlWords, ctlCommand, type Told } from './context.ts';
import { selectOne } from './select.ts';

interface ListWords extends CtlWords {
  readonly only?: string;
  readonly category?: string;
  readonly tag?: string;
}

/** What a row of the list says, by its new name. */
export interface ListRow {
  readonly id: number;
  readonly hash_string: string;
  readonly name: string;
  readonly status: number;
  readonly error_string: string;
  readonly percent_done: number;
  readonly recheck_progress: number;
  readonly size_when_done: number;
  readonly rate_download: number;
  readonly rate_upload: number;
  readonly upload_ratio: number;
  readonly eta: number;
  readonly peers_connected: number;
  readonly group: string;
  readonly labels: readonly string[];
  readonly download_dir: string;
  readonly queue_position: number;
}

const FIELDS: readonly (keyof ListRow)[] = [
  ...(['id', 'hash_string', 'name', 'status', 'error_string', 'percent_done', 'recheck_progress'] as const),
  ...(['size_when_done', 'rate_download', 'rate_upload', 'upload_ratio', 'eta', 'peers_connected'] as const),
  ...(['group', 'labels', 'download_dir', 'queue_position'] as const),
];
const STATES = [
  'stopped',
  'check queue',
  'checking',
  'download queue',
  'downloading',
  'seed queue',
  'seeding',
] as const;
const COLUMNS: readonly Column[] = [
  { title: 'id', align: 'right' },
  { title: 'done', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'down', align: 'right' },
  { title: 'up', align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: 'state' },
  { title: 'name', columnsMax: 60 },
];

export function registerList(ctl: Command): void {
  ctlCommand<ListWords>(
    ctl
      .command('list')
      .summary('list torrents')
      .option('--only <state>', 'stopped, checking, downloading, seeding, queued or error')
      .option('--category <name>', 'of this category')
      .option('--tag <name>', 'with this tag'),
    ['ctl list --only downloading', 'What is being downloaded'],
    async (client, { only, category, tag }): Promise<Told> => {
      const rows = (await listRows(client)).filter(
        (row) =>
          (only === undefined || isIn(row, only)) &&
          (category === undefined || row.group === category) &&
          (tag === undefined || row.labels.includes(tag)),
      );
      return { json: rows.map(withState), text: listText(rows) };
    },
  );
  ctlCommand(
    ctl.command('info <torrent>').summary('show all about a torrent'),
    ['ctl info 3', 'The torrent with the number 3'],
    async (client, _, [word = '']) => {
      const { hash } = await selectOne(client, word);
      return infoOf(client, hash);
    },
  );
}

export async function listRows(client: RemoteClient, ids?: readonly string[]): Promise<readonly ListRow[]> {
  const { torrents } = await client.call('torrent_get', {
    fields: FIELDS,
    ...(ids === undefined ? {} : { ids }),
  });
  return torrents as readonly ListRow[];
}

export function listText(rows: readonly ListRow[]): string {
  if (rows.length === 0) return 'There are none.\n';
  return formatTable(
    COLUMNS,
    rows.map((row) => [
      String(row.id),
      formatPercent(row.status === 2 ? row.recheck_progress : row.percent_done),
      formatBytes(row.size_when_done),
      row.rate_download === 0 ? '' : formatRate(row.rate_download),
      row.rate_upload === 0 ? '' : formatRate(row.rate_upload),
      row.upload_ratio.toFixed(2),
      stateOf(row),
      row.name,
    ]),
  );
}

export const withState = (row: ListRow): object => ({ ...row, state: stateOf(row) });

function stateOf(row: ListRow): string {
  return row.error_string === '' ? (STATES[row.status] ?? '') : 'error';
}

function isIn(row: ListRow, state: string): boolean {
  const known = ['stopped', 'checking', 'downloading', 'seeding', 'queued', 'error'];
  if (!known.includes(state)) {
    throw new AlliumError('BAD_USAGE', `there is no state “${state}”`, {
      advice: `Give ${known.join(', ')}.`,
    });
  }
  return state === 'queued' ? stateOf(row).endsWith('queue') : stateOf(row) === state;
}

async function infoOf(client: RemoteClient, hash: string): Promise<Told> {
  const more = ['comment', 'creator', 'date_created', 'is_private', 'magnet_link', 'peers', 'tracker_stats'];
  const totals = [
    'downloaded_ever',
    'uploaded_ever',
    'added_date',
    'seconds_seeding',
    'piece_count',
    'piece_size',
  ];
  const limits = [
    'download_limit',
    'download_limited',
    'upload_limit',
    'upload_limited',
    'total_size',
    'corrupt_ever',
  ];
  const { torrents } = await client.call('torrent_get', {
    ids: [hash],
    fields: [...FIELDS, ...more, ...totals, ...limits],
  });
  const [json] = torrents as [ListRow & Info];
  const lines: [string, string][] = [
    ['name', json.name],
    ['number', String(json.id)],
    ['info-hash', json.hash_string],
    ['state', json.error_string === '' ? stateOf(json) : `error: ${json.error_string}`],
    ['done', `${formatPercent(json.percent_done)} of ${formatBytes(json.size_when_done)}`],
    ['folder', json.download_dir],
    ['category', json.group],
    ['tags', json.labels.join(', ')],
    ['downloaded', `${formatBytes(json.downloaded_ever)} (${formatRate(json.rate_download)})`],
    [
      'uploaded',
      `${formatBytes(json.uploaded_ever)} (${formatRate(json.rate_upload)}), ratio ${json.upload_ratio.toFixed(2)}`,
    ],
    ['seeded for', formatDuration(json.seconds_seeding * 1000)],
    ['limits', limitsText(json)],
    ['pieces', `${json.piece_count} of ${formatBytes(json.piece_size)}`],
    ['added', new Date(json.added_date * 1000).toISOString()],
    ['private', json.is_private ? 'yes' : 'no'],
    ['comment', json.comment],
    [
      'peers',
      json.peers
        .map((peer) => `${peer.address} ${peer.client_name} ${formatPercent(peer.progress)}`)
        .join('\n'),
    ],
    [
      'trackers',
      json.tracker_stats.map((one) => `${one.announce} ${one.last_announce_result}`.trim()).join('\n'),
    ],
    ['magnet', json.magnet_link],
  ];
  const rows = lines.flatMap(([title, text]) =>
    text.split('\n').flatMap((line, index) => (line === '' ? [] : [[index === 0 ? title : '', line]])),
  );
  return {
    json: withState(json),
    text: formatTable([{ title: '' }, { title: '' }], rows).replace(/^\s*\n/, ''),
  };
}

interface Info {
  readonly comment: string;
  readonly is_private: boolean;
  readonly magnet_link: string;
  readonly peers: readonly {
    readonly address: string;
    readonly client_name: string;
    readonly progress: number;
  }[];
  readonly tracker_stats: readonly { readonly announce: string; readonly last_announce_result: string }[];
  readonly downloaded_ever: number;
  readonly uploaded_ever: number;
  readonly added_date: number;
  readonly seconds_seeding: number;
  readonly piece_count: number;
  readonly piece_size: number;
  readonly download_limit: number;
  readonly download_limited: boolean;
  readonly upload_limit: number;
  readonly upload_limited: boolean;
}

function limitsText(info: Info): string {
  const one = (limited: boolean, kilo: number): string => (limited ? formatRate(kilo * 1000) : 'none');
  return `down ${one(info.download_limited, info.download_limit)}, up ${one(info.upload_limited, info.upload_limit)}`;
}
