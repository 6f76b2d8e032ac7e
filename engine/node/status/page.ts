import { printable } from '../../codec/text.ts';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../codec/units.ts';
import type { TorrentView } from '../view.ts';
import { type NodeView, totalsOf } from './node-view.ts';
import { STYLE } from './style.ts';

/** Rows of the table; a browser has enough of them before a node has. The JSON has all. */
const ROWS_MAX = 500;

/** Fetches the page again and puts its main part in the place of the old one; the server has escaped it. */
export const SCRIPT = `
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch('/');
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
    if (next) document.querySelector('main').replaceWith(next);
    document.title = document.querySelector('main').dataset.title;
  } catch {
    document.title = 'Allium: not running';
  }
}, 2000);
`;

/** The status page: one file, nothing fetched from elsewhere, every text from outside escaped. */
export function renderPage(view: NodeView): string {
  const totals = totalsOf(view);
  const title = `↓ ${formatRate(totals.downBytesPerSec)} ↑ ${formatRate(totals.upBytesPerSec)} · Allium`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<noscript><meta http-equiv="refresh" content="5"></noscript>
</head>
<body>
<main data-title="${escapeHtml(title)}">
<header><h1>Allium</h1><span class="soft">${escapeHtml(headline(view))}</span></header>
${renderProblems(view.problems)}${renderTiles(view)}
<div class="card">${renderTorrents(view)}</div>
<footer>${renderFooter(view)}</footer>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function headline(view: NodeView): string {
  const listening = view.listening === '' ? 'not listening' : `listening on ${view.listening}`;
  return `${view.version} · ${listening} · up ${formatDuration(view.nowMs - view.startedAtMs)}`;
}

function renderProblems(problems: readonly string[]): string {
  if (problems.length === 0) return '';
  const items = problems.map((problem) => `<li>${escapeHtml(problem)}</li>`).join('');
  return `<section class="problems"><b>Look into this</b><ul>${items}</ul></section>\n`;
}

function renderTiles(view: NodeView): string {
  const totals = totalsOf(view);
  const { leasedSlots, slotCount } = view.slab;
  const tiles: readonly (readonly [string, string])[] = [
    [formatRate(totals.downBytesPerSec), 'down'],
    [formatRate(totals.upBytesPerSec), 'up'],
    [`${totals.downloading} / ${totals.seeding} / ${totals.torrents}`, 'downloading / seeding / all'],
    [String(totals.peers), 'peers'],
    [formatPercent(slotCount === 0 ? 0 : leasedSlots / slotCount), 'of payload memory in use'],
    [formatBytes(view.memoryBytes), 'resident memory'],
  ];
  const items = tiles.map(
    ([value, label]) =>
      `<li><b class="num">${escapeHtml(value)}</b><span class="soft">${escapeHtml(label)}</span></li>`,
  );
  return `<ul class="tiles">${items.join('')}</ul>`;
}

function renderTorrents(view: NodeView): string {
  if (view.torrents.length === 0) {
    const where =
      view.folders.watch === '' ? '' : ` Put a torrent file into ${escapeHtml(view.folders.watch)}.`;
    return `<p class="empty">No torrents yet.${where}</p>`;
  }
  const sorted = view.torrents.toSorted((a, b) => rank(a) - rank(b) || b.addedAtMs - a.addedAtMs);
  const rows = sorted.slice(0, ROWS_MAX).map(renderRow).join('\n');
  const left = sorted.length - ROWS_MAX;
  const more =
    left > 0
      ? `<tr><td colspan="6" class="soft">${left} more in <a href="/status.json">JSON</a></td></tr>`
      : '';
  return `<table><thead><tr><th>Torrent</th><th>Size</th><th>Down</th><th>Up</th><th>Peers</th><th>Uploaded</th></tr></thead>
<tbody>${rows}${more}</tbody></table>`;
}

/** What needs an eye comes first. */
function rank(torrent: TorrentView): number {
  return ['error', 'checking', 'downloading', 'seeding', 'stopped'].indexOf(torrent.state);
}

function renderRow(torrent: TorrentView): string {
  const cells = [
    formatBytes(torrent.totalBytes),
    formatRate(torrent.downBytesPerSec),
    formatRate(torrent.upBytesPerSec),
    String(torrent.peerCount),
    formatBytes(torrent.uploadedBytes),
  ];
  const numbers = cells.map((cell) => `<td class="num">${escapeHtml(cell)}</td>`).join('');
  const note = torrent.error === '' ? '' : ` · ${escapeHtml(torrent.error)}`;
  return `<tr class="${torrent.state}"><td><div class="name">${escapeHtml(torrent.name)}</div>
<progress max="1" value="${torrent.progress.toFixed(4)}"></progress>
<div class="state"><b>${torrent.state}</b> · ${escapeHtml(progressNote(torrent))}${note}</div></td>${numbers}</tr>`;
}

function progressNote(torrent: TorrentView): string {
  const done = `${formatPercent(torrent.progress)}, ${torrent.pieceDoneCount} of ${torrent.pieceCount} pieces`;
  if (torrent.state !== 'downloading' || torrent.downBytesPerSec <= 0) return done;
  const leftMs = ((1 - torrent.progress) * torrent.totalBytes * 1000) / torrent.downBytesPerSec;
  return `${done}, ${formatDuration(leftMs)} left`;
}

function renderFooter(view: NodeView): string {
  const { downloads, watch, state } = view.folders;
  const folders = [`downloads in ${downloads}`, watch === '' ? '' : `watching ${watch}`, `state in ${state}`];
  return `${escapeHtml(folders.filter((part) => part !== '').join(' · '))} · <a href="/status.json">JSON</a>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for HTML, in elements and in quoted attributes; control characters spelt out. */
export function escapeHtml(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
