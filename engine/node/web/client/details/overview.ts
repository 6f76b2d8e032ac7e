import { Fragment, h, type VNode } from 'preact';
import { formatBytes, formatDuration, formatRate } from '../../../../codec/units.ts';
import { etaOf, ratioOf } from '../../list/list-view.ts';
import type { GeneralDetail } from '../../wire.ts';
import { useCell } from '../cell.ts';
import { button, el, part } from '../html.ts';
import { dateOf } from '../list/table-columns.ts';
import type { Model } from '../model.ts';
import { PieceMap } from './piece-map.ts';

/** Piece map and facts. */
export function Overview({
  model,
  infoHash,
}: {
  readonly model: Model;
  readonly infoHash: string;
}): VNode | null {
  useCell(model.listVersion);
  const { general, pieces } = useCell(model.detail);
  const slot = model.view.columns.slotOf(infoHash);
  if (general === undefined || slot === undefined) return null;
  const error = model.view.columns.error[slot]!;
  return el(
    'div',
    { class: 'overview' },
    error === '' ? null : el('p', { class: 'warning' }, error),
    pieces === undefined ? null : part(PieceMap, { pieces }),
    el('dl', { class: 'facts' }, [...transferFacts(model, slot), ...dataFacts(general, model)]),
  );
}

type Fact = readonly [label: string, value: string | VNode];

function transferFacts(model: Model, slot: number): VNode[] {
  const { columns } = model.view;
  const n = columns.numbers;
  const eta = etaOf(columns, slot);
  const facts: Fact[] = [
    ['Done', `${formatBytes(n.doneBytes[slot]!)} of ${formatBytes(n.wantedBytes[slot]!)}`],
    ['Left', eta > 0 ? formatDuration(eta * 1000) : 'nothing'],
    ['Downloaded', formatBytes(n.downloaded[slot]!)],
    ['Uploaded', `${formatBytes(n.uploaded[slot]!)}, ratio ${ratioOf(columns, slot).toFixed(2)}`],
    ['Added', dateOf(n.addedAt[slot]!)],
    ['Completed', dateOf(n.completedAt[slot]!)],
    ['Last active', dateOf(n.lastActive[slot]!)],
  ];
  return facts.map(fact);
}

function dataFacts(general: GeneralDetail, model: Model): VNode[] {
  const limit = (rate: number): string => (rate === 0 ? '∞' : formatRate(rate));
  const copy = (text: string): void => {
    navigator.clipboard?.writeText(text).then(
      () => model.say('good', 'Copied.'),
      () => model.say('bad', 'The browser does not allow it.'),
    );
  };
  const facts: Fact[] = [
    ['Downloading for', formatDuration(general.downloadingMs)],
    ['Seeding for', formatDuration(general.seedingMs)],
    ['Last checked', dateOf(general.lastCheckedMs / 1000)],
    ['Thrown away', general.wastedBytes === 0 ? '' : formatBytes(general.wastedBytes)],
    [
      'Limits',
      general.downLimit + general.upLimit === 0
        ? ''
        : `↓ ${limit(general.downLimit)} ↑ ${limit(general.upLimit)}`,
    ],
    ['Pieces', `${general.pieceCount.toLocaleString('en')} of ${formatBytes(general.pieceLength)}`],
    ['Where', general.contentPath],
    ['Info-hash', el('code', null, general.infoHash)],
    ['v2 info-hash', general.infoHashV2 === '' ? '' : el('code', null, general.infoHashV2)],
    ['Comment', general.comment],
    ['Made with', general.createdBy],
    ['Made', dateOf(general.createdAtSec)],
    ['Web seeds', general.webSeeds.join(', ')],
    ['Magnet link', button('Copy', () => copy(general.magnet), { class: 'small' })],
    ['Torrent file', el('a', { href: `api/torrents/${general.infoHash}/file`, download: '' }, 'Save')],
  ];
  return facts.map(fact);
}

function fact([label, value]: Fact): VNode {
  if (value === '') return h(Fragment, { key: label });
  return el('div', { key: label }, el('dt', null, label), el('dd', { dir: 'auto' }, value));
}
