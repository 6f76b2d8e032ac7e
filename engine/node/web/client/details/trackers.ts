import type { VNode } from 'preact';
import type { TrackerDetail } from '../../../control/details.ts';
import { act } from '../api.ts';
import { useCell } from '../cell.ts';
import { button, el } from '../html.ts';
import { dateOf } from '../list/table-columns.ts';
import type { Model } from '../model.ts';

const HEADS = [
  'Tier',
  'Tracker',
  'State',
  'Seeds',
  'Leechers',
  'Peers given',
  'Asked last',
  'Asks next',
] as const;
const STATE_WORDS = {
  idle: 'Idle',
  announcing: 'Announcing',
  working: 'Working',
  failed: 'Failed',
  off: 'Off',
} as const;

/** The trackers and what they said. */
export function TrackersTab({
  model,
  infoHash,
}: {
  readonly model: Model;
  readonly infoHash: string;
}): VNode {
  const { trackers = [] } = useCell(model.detail);
  if (trackers.length === 0) return el('p', { class: 'soft' }, 'This torrent has no trackers.');
  const ask = (): void => void act(model, [infoHash], { kind: 'reannounce' }, 'Asking the trackers again.');
  return el(
    'div',
    null,
    el(
      'table',
      { class: 'table' },
      el('caption', { class: 'words' }, 'Trackers'),
      el(
        'thead',
        null,
        el(
          'tr',
          null,
          HEADS.map((head, at) => el('th', { key: head, scope: 'col', class: at >= 3 ? 'num' : '' }, head)),
        ),
      ),
      el('tbody', null, trackers.map(row)),
    ),
    el('p', null, button('Announce now', ask)),
  );
}

function row(tracker: TrackerDetail): VNode {
  const known = (count: number): string => (count < 0 ? '' : count.toLocaleString('en'));
  const said = tracker.message === '' ? '' : `: ${tracker.message}`;
  return el(
    'tr',
    { key: `${tracker.tier} ${tracker.url}` },
    el('td', { class: 'num' }, tracker.tier + 1),
    el('td', { class: 'wide' }, tracker.url),
    el('td', { class: tracker.state === 'failed' ? 'bad' : '' }, `${STATE_WORDS[tracker.state]}${said}`),
    el('td', { class: 'num' }, known(tracker.seeds)),
    el('td', { class: 'num' }, known(tracker.leechers)),
    el('td', { class: 'num' }, tracker.peersGiven),
    el('td', { class: 'num' }, dateOf(tracker.lastAnnounceMs / 1000)),
    el('td', { class: 'num' }, dateOf(tracker.nextAnnounceMs / 1000)),
  );
}
