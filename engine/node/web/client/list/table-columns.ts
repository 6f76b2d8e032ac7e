import type { ComponentChildren } from 'preact';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../../../codec/units.ts';
import type { Columns } from '../../list/columns.ts';
import { etaOf, ratioOf, type SortColumn } from '../../list/list-view.ts';
import { WIRE_FLAGS } from '../../wire.ts';
import { el } from '../html.ts';

/** What a row of the table shows in one place. */
export interface TableColumn {
  readonly id: SortColumn;
  readonly label: string;
  /** Class of its cells. */
  readonly kind: string;
  /** Largest first when one clicks it the first time. */
  readonly descends: boolean;
  readonly cell: (columns: Columns, slot: number) => ComponentChildren;
}

const STATE_WORDS = {
  metadata: 'Metadata',
  queued: 'Queued',
  checking: 'Checking',
  downloading: 'Downloading',
  seeding: 'Seeding',
  moving: 'Moving',
  stopped: 'Stopped',
  offline: 'Offline',
  error: 'Error',
} as const;

const rate = (value: number): string => (value > 0 ? formatRate(value) : '');
/** A swarm as the trackers say, in brackets behind those that are connected. */
const swarm = (here: number, all: number): string => (all < 0 ? `${here}` : `${here} (${all})`);

/** Left to right. */
export const TABLE_COLUMNS: readonly TableColumn[] = [
  { id: 'name', label: 'Name', kind: 'name', descends: false, cell: nameCell },
  {
    id: 'totalBytes',
    label: 'Size',
    kind: 'num size',
    descends: true,
    cell: (c, s) => formatBytes(c.numbers.totalBytes[s]!),
  },
  { id: 'state', label: 'State', kind: 'state', descends: false, cell: stateCell },
  { id: 'progress', label: 'Done', kind: 'progress', descends: true, cell: progressCell },
  { id: 'down', label: 'Down', kind: 'num down', descends: true, cell: (c, s) => rate(c.numbers.down[s]!) },
  { id: 'up', label: 'Up', kind: 'num up', descends: true, cell: (c, s) => rate(c.numbers.up[s]!) },
  { id: 'eta', label: 'Left', kind: 'num eta', descends: false, cell: etaCell },
  {
    id: 'seeds',
    label: 'Seeds',
    kind: 'num seeds',
    descends: true,
    cell: (c, s) => swarm(c.numbers.seeds[s]!, c.numbers.swarmSeeds[s]!),
  },
  {
    id: 'peers',
    label: 'Peers',
    kind: 'num peers',
    descends: true,
    cell: (c, s) => swarm(c.numbers.peers[s]!, c.numbers.swarmLeechers[s]!),
  },
  {
    id: 'ratio',
    label: 'Ratio',
    kind: 'num ratio',
    descends: true,
    cell: (c, s) => ratioOf(c, s).toFixed(2),
  },
  {
    id: 'category',
    label: 'Category',
    kind: 'category',
    descends: false,
    cell: (c, s) => c.categories.list[c.category[s]!] ?? '',
  },
  {
    id: 'tracker',
    label: 'Tracker',
    kind: 'tracker',
    descends: false,
    cell: (c, s) => c.trackers.list[c.tracker[s]!] ?? '',
  },
  {
    id: 'addedAt',
    label: 'Added',
    kind: 'num added',
    descends: true,
    cell: (c, s) => dateOf(c.numbers.addedAt[s]!),
  },
];

function nameCell(columns: Columns, slot: number): ComponentChildren {
  const name = columns.name[slot]!;
  const isPrivate = (columns.numbers.flags[slot]! & WIRE_FLAGS.isPrivate) !== 0;
  return [
    el('span', { class: 'text', title: name, dir: 'auto' }, name),
    isPrivate ? el('span', { class: 'chip quiet', title: 'Private torrent' }, 'private') : null,
    columns.tags[slot]!.slice(0, 3).map((tag) => el('span', { class: 'chip', key: tag }, tag)),
  ];
}

function stateCell(columns: Columns, slot: number): ComponentChildren {
  const state = columns.stateOf(slot);
  const isForced = (columns.numbers.flags[slot]! & WIRE_FLAGS.forced) !== 0;
  const error = columns.error[slot]!;
  return [
    el('i', { class: `dot ${state}`, 'aria-hidden': 'true' }),
    el(
      'span',
      { class: 'text', ...(error === '' ? {} : { title: error }) },
      error === ''
        ? `${STATE_WORDS[state]}${isForced ? ' (forced)' : ''}`
        : `${STATE_WORDS[state]}: ${error}`,
    ),
  ];
}

function progressCell(columns: Columns, slot: number): ComponentChildren {
  const progress = columns.numbers.progress[slot]!;
  return [
    el(
      'span',
      { class: 'bar', 'aria-hidden': 'true' },
      el('i', { style: { transform: `scaleX(${progress})` } }),
    ),
    el('span', { class: 'num' }, progress >= 1 ? '100 %' : formatPercent(progress)),
  ];
}

function etaCell(columns: Columns, slot: number): string {
  if (columns.stateOf(slot) !== 'downloading') return '';
  return formatDuration(etaOf(columns, slot) * 1000);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-23 09:05`, in local time. */
export function dateOf(sec: number): string {
  if (sec <= 0) return '';
  const date = new Date(sec * 1000);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
