import type { VNode } from 'preact';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../../../codec/units.ts';
import type { NodeStats } from '../../../control/session-options.ts';
import { useCell } from '../cell.ts';
import { Chart, formatShare } from '../chart.ts';
import { el, part } from '../html.ts';
import type { Model } from '../model.ts';
import { SidePanel } from './side-panel.ts';
import { SlabPicture } from './slab-picture.ts';

const REASONS_SHOWN = 12;
const SLOT_BYTES = 16 * 1024;

/** The engine at work: memory for payload, the threads that hash, connections, and what to look into. */
export function EnginePanel({ model }: { readonly model: Model }): VNode {
  const event = useCell(model.stats);
  if (event === undefined)
    return part(SidePanel, { model, title: 'Engine' }, el('p', null, 'Waiting for the node…'));
  const { stats, nowMs } = event;
  return part(
    SidePanel,
    { model, title: 'Engine' },
    stats.problems.length === 0 ? null : part(Problems, { problems: stats.problems }),
    part(Slab, { model, stats }),
    part(Workers, { model, stats }),
    facts('Node', [
      ['Listening on', stats.listening === '' ? 'nothing' : stats.listening],
      ['Connections', stats.connectionCount.toLocaleString('en')],
      ['DHT nodes', stats.dhtNodes.toLocaleString('en')],
      ['Resident memory', formatBytes(stats.memoryBytes)],
      ['Up', formatDuration(nowMs - stats.startedAtMs)],
      ['Downloaded', `${formatBytes(stats.downloadedBytes)}, ever ${formatBytes(stats.downloadedEverBytes)}`],
      ['Uploaded', `${formatBytes(stats.uploadedBytes)}, ever ${formatBytes(stats.uploadedEverBytes)}`],
      ['Started', `${stats.startsEver.toLocaleString('en')} times`],
    ]),
    part(Reasons, { reasons: stats.closeReasons }),
  );
}

function Problems({ problems }: { readonly problems: readonly string[] }): VNode {
  return el(
    'section',
    { class: 'card bad' },
    el('h3', null, 'Look into this'),
    el(
      'ul',
      null,
      [...problems].reverse().map((problem) => el('li', { key: problem }, problem)),
    ),
  );
}

function Slab({ model, stats }: { readonly model: Model; readonly stats: NodeStats }): VNode {
  const { leasedSlots, leasedSlotsPeak, slotCount } = stats.slab;
  const share = slotCount === 0 ? 0 : leasedSlots / slotCount;
  const words = `${leasedSlots.toLocaleString('en')} of ${slotCount.toLocaleString('en')} slots leased (${formatBytes(leasedSlots * SLOT_BYTES)})`;
  return el(
    'section',
    { class: 'card' },
    el('h3', null, 'Slab', el('b', { class: 'num' }, formatPercent(share))),
    part(SlabPicture, {
      slab: stats.slab,
      label: `Slab: ${words}, at most ${leasedSlotsPeak.toLocaleString('en')}`,
    }),
    el('p', { class: 'soft' }, `${words}; at most ${leasedSlotsPeak.toLocaleString('en')} so far.`),
    part(Chart, {
      label: 'Part of the slab in use over the last minutes',
      lines: [{ label: 'In use', colour: 'accent' }],
      data: model.engine.slabLine,
      version: stats,
      format: formatShare,
      max: 1,
    }),
  );
}

function Workers({ model, stats }: { readonly model: Model; readonly stats: NodeStats }): VNode {
  const { threadCount, pending, messages, bytes } = stats.hashing;
  const busy = Math.min(threadCount, pending);
  const waiting = pending - busy;
  const threads = Array.from({ length: Math.min(threadCount, 64) }, (_, at) =>
    el('i', { key: at, class: at < busy ? 'thread busy' : 'thread' }),
  );
  const words = `${busy} of ${threadCount} threads hash, ${waiting.toLocaleString('en')} more in line`;
  return el(
    'section',
    { class: 'card' },
    el('h3', null, 'Worker pool', el('b', { class: 'num' }, formatRate(model.engine.hashRate))),
    el('div', { class: 'threads', role: 'img', 'aria-label': words }, threads),
    el(
      'p',
      { class: 'soft' },
      `${words}. ${messages.toLocaleString('en')} hashed so far, ${formatBytes(bytes)}.`,
    ),
    part(Chart, {
      label: 'Bytes hashed per second over the last minutes',
      lines: [{ label: 'Hashed', colour: 'have' }],
      data: model.engine.hashLine,
      version: stats,
    }),
  );
}

function Reasons({ reasons }: { readonly reasons: Readonly<Record<string, number>> }): VNode | null {
  const some = Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, REASONS_SHOWN);
  if (some.length === 0) return null;
  return facts(
    'Why connections ended',
    some.map(([reason, count]) => [reason, count.toLocaleString('en')]),
  );
}

function facts(title: string, rows: readonly (readonly [string, string])[]): VNode {
  return el(
    'section',
    { class: 'card' },
    el('h3', null, title),
    el(
      'dl',
      { class: 'facts narrow' },
      rows.map(([label, value]) =>
        el('div', { key: label }, el('dt', null, label), el('dd', { class: 'num' }, value)),
      ),
    ),
  );
}
