import type { VNode } from 'preact';
import { formatBytes, formatDuration, formatRate } from '../../../codec/units.ts';
import { useCell } from './cell.ts';
import { button, el } from './html.ts';
import type { Model } from './model.ts';

const LINK_WORDS = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'The node does not answer; trying again…',
  refused: 'The node has too many pages open; trying again…',
} as const;

/** How the node is, in one line. */
export function StatusBar({ model }: { readonly model: Model }): VNode {
  const event = useCell(model.stats);
  const setup = useCell(model.setup);
  const link = useCell(model.link);
  const stats = event?.stats;
  const problems = stats?.problems.length ?? 0;
  const limits = setup === undefined ? '' : limitWords(setup.options);
  const facts =
    stats === undefined
      ? []
      : [
          stats.listening === '' ? 'Not listening' : `Listening on ${stats.listening}`,
          `${stats.connectionCount.toLocaleString('en')} peers`,
          stats.dhtNodes > 0 ? `${stats.dhtNodes} DHT nodes` : '',
          event!.freeBytes >= 0 ? `${formatBytes(event!.freeBytes)} free` : '',
          limits,
          `Up ${formatDuration(event!.nowMs - stats.startedAtMs)}`,
        ];
  return el(
    'footer',
    { class: 'foot' },
    el(
      'span',
      { class: `link ${link}`, role: 'status' },
      el('i', { 'aria-hidden': 'true' }),
      LINK_WORDS[link],
    ),
    facts.filter((fact) => fact !== '').map((fact) => el('span', { key: fact.replace(/\d+/g, '') }, fact)),
    el('span', { class: 'grow' }),
    problems === 0
      ? null
      : button(`${problems} to look into`, () => model.panel.set('engine'), { class: 'plain problem' }),
    el('span', null, setup === undefined ? '' : `Allium ${setup.version}`),
  );
}

function limitWords(options: NonNullable<Model['setup']['value']>['options']): string {
  const { altEnabled, altDownLimit, altUpLimit, downLimit, upLimit } = options;
  const [down, up] = altEnabled ? [altDownLimit, altUpLimit] : [downLimit, upLimit];
  if (down === 0 && up === 0) return '';
  const words = (limit: number): string => (limit === 0 ? '∞' : formatRate(limit));
  return `Limits ↓ ${words(down)} ↑ ${words(up)}`;
}
