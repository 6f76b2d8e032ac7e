import { Fragment, h, type VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatRate } from '../../../../codec/units.ts';
import { useCell } from '../cell.ts';
import { Chart } from '../chart.ts';
import { SPEED_LINES } from '../header.ts';
import { button, el, part } from '../html.ts';
import { icon } from '../icons.ts';
import type { Model } from '../model.ts';
import { FilesTab } from './files.ts';
import { Overview } from './overview.ts';
import { PeersTab } from './peers.ts';
import { TrackersTab } from './trackers.ts';

const TABS = [
  ['overview', 'Overview'],
  ['files', 'Files'],
  ['peers', 'Peers'],
  ['trackers', 'Trackers'],
  ['speed', 'Speed'],
] as const;
type Tab = (typeof TABS)[number][0];

/** The tab that was open last, for the next torrent. */
const last: { tab: Tab } = { tab: 'overview' };

/** All there is to know of one torrent. */
export function DetailPanel({
  model,
  infoHash,
}: {
  readonly model: Model;
  readonly infoHash: string;
}): VNode {
  const [tab, setTab] = useState<Tab>(last.tab);
  const detail = useCell(model.detail);
  const choose = (some: Tab): void => {
    last.tab = some;
    setTab(some);
  };
  const isHere = detail.general?.infoHash === infoHash;
  return el(
    'section',
    { class: 'details', 'aria-label': `Details of ${model.nameOf(infoHash)}` },
    el(
      'div',
      { class: 'tabline' },
      el(
        'div',
        {
          role: 'tablist',
          'aria-label': 'Details',
          onKeyDown: (event: KeyboardEvent) => onTabKey(event, tab, choose),
        },
        TABS.map(([id, label]) =>
          el(
            'button',
            {
              key: id,
              type: 'button',
              role: 'tab',
              id: `tab-${id}`,
              'aria-selected': tab === id,
              'aria-controls': 'tab-body',
              tabIndex: tab === id ? 0 : -1,
              onClick: () => choose(id),
            },
            label,
            countOf(id, model),
          ),
        ),
      ),
      el('span', { class: 'title text', dir: 'auto' }, model.nameOf(infoHash)),
      button(icon('close'), () => model.open.set(''), { label: 'Close details', class: 'round' }),
    ),
    el(
      'div',
      {
        class: `tabbody ${tab}`,
        role: 'tabpanel',
        id: 'tab-body',
        'aria-labelledby': `tab-${tab}`,
        tabIndex: 0,
      },
      isHere ? part(Body, { model, infoHash, tab }) : el('p', { class: 'soft' }, 'Loading…'),
    ),
  );
}

function countOf(tab: Tab, model: Model): VNode | null {
  const { files, peers, trackers } = model.detail.value;
  const counts: Readonly<Record<string, number | undefined>> = {
    ...{ files: files?.length, peers: peers?.length, trackers: trackers?.length },
  };
  const count = counts[tab];
  return count === undefined ? null : el('span', { class: 'num count' }, count.toLocaleString('en'));
}

function Body({
  model,
  infoHash,
  tab,
}: {
  readonly model: Model;
  readonly infoHash: string;
  readonly tab: Tab;
}): VNode {
  switch (tab) {
    case 'overview':
      return part(Overview, { model, infoHash });
    case 'files':
      return part(FilesTab, { model, infoHash });
    case 'peers':
      return part(PeersTab, { model });
    case 'trackers':
      return part(TrackersTab, { model, infoHash });
    case 'speed':
      return part(SpeedTab, { model });
  }
}

function SpeedTab({ model }: { readonly model: Model }): VNode {
  const event = useCell(model.stats);
  const series = useCell(model.openSpeed);
  const [, down, up] = series.data;
  const label = 'Speed of this torrent since it was opened here';
  return h(
    Fragment,
    null,
    el(
      'p',
      { class: 'speeds num' },
      el('span', { class: 'down' }, `↓ ${formatRate(down?.at(-1) ?? 0)}`),
      el('span', { class: 'up' }, `↑ ${formatRate(up?.at(-1) ?? 0)}`),
    ),
    part(Chart, { label, lines: SPEED_LINES, data: series.data, version: event }),
  );
}

function onTabKey(event: KeyboardEvent, tab: Tab, choose: (tab: Tab) => void): void {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const at = TABS.findIndex(([id]) => id === tab);
  const [next] = TABS[(at + step + TABS.length) % TABS.length]!;
  choose(next);
  document.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
}
