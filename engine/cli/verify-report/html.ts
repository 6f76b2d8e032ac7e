import type { TorrentOutcome, VerifyReport } from '../../bittorrent/verify/report.ts';
import { OUTCOMES } from '../../bittorrent/verify/summarize.ts';
import { formatBytes, formatDuration, formatRate } from '../../codec/units.ts';
import { count, grouped } from './describe.ts';
import { SCRIPT, STYLE } from './html-style.ts';
import { text } from './html-text.ts';
import { shadeOf, torrentHtml } from './html-torrent.ts';

/** The result as one page that needs nothing else: no network, no other file, and no script to be read. */
export function verifyHtml(report: VerifyReport): string {
  const torrents = [...report.torrents].sort(
    (a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome) || (a.name < b.name ? -1 : 1),
  );
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'">` +
    `<title>${text(titleOf(report))}</title><style>${STYLE}</style></head><body><main>\n` +
    `${headHtml(report)}${cardsHtml(report)}${barHtml(report)}${warningsHtml(report)}${toolsHtml(report)}\n` +
    `${torrents.map(torrentHtml).join('\n')}\n${footHtml(report)}` +
    `</main>${torrents.length > 1 ? `<script>${SCRIPT}</script>` : ''}</body></html>\n`
  );
}

function titleOf(report: VerifyReport): string {
  const { good } = report.torrentCounts;
  const all = report.torrents.length;
  if (all === 1) return `${report.torrents[0]!.name}: ${report.outcome}`;
  return good === all ? `All ${count(all, 'torrent')} good` : `${good} of ${count(all, 'torrent')} good`;
}

function headHtml(report: VerifyReport): string {
  const day = report.startedAt.slice(0, 16).replace('T', ' ');
  return `<header><h1>${text(titleOf(report))}</h1><p>checked ${day} UTC in ${text(report.roots.join(', '))}</p></header>`;
}

function cardsHtml(report: VerifyReport): string {
  const { pieces, elapsedMs, bytesRead } = report;
  const rate = (bytesRead / Math.max(1, elapsedMs)) * 1000;
  const restored = pieces.restored > 0 ? `, ${grouped(pieces.restored)} from the checkpoint` : '';
  const cards: readonly (readonly [value: string, what: string, mood: string])[] = [
    [formatBytes(report.contentBytes), `in ${count(report.torrents.length, 'torrent')}`, ''],
    [grouped(pieces.good), `of ${count(pieces.selected, 'piece')} good${restored}`, ''],
    [grouped(pieces.bad), pieces.bad === 1 ? 'bad piece' : 'bad pieces', pieces.bad > 0 ? 'alarm' : ''],
    [grouped(pieces.blocked), 'pieces without data', pieces.blocked > 0 ? 'care' : ''],
    [
      formatRate(rate),
      `${formatBytes(bytesRead)} in ${formatDuration(elapsedMs)}, ${count(report.threadCount, 'thread')}`,
      '',
    ],
  ];
  const htmlOf = ([value, what, mood]: (typeof cards)[number]): string =>
    `<div class="card ${mood}"><b>${value}</b><span>${text(what)}</span></div>`;
  return `<div class="cards">${cards.map(htmlOf).join('')}</div>`;
}

function barHtml(report: VerifyReport): string {
  const present = [...OUTCOMES].reverse().filter((outcome) => report.torrentCounts[outcome] > 0);
  const number = (outcome: TorrentOutcome): number => report.torrentCounts[outcome];
  const parts = present.map(
    (outcome) => `<i class="${shadeOf(outcome)}" style="flex:${number(outcome)}"></i>`,
  );
  const legend = present.map(
    (outcome) => `<span><i class="${shadeOf(outcome)}"></i>${number(outcome)} ${outcome}</span>`,
  );
  return `<div class="bar">${parts.join('')}</div><div class="legend">${legend.join('')}</div>`;
}

function warningsHtml(report: VerifyReport): string {
  return report.warnings.map((warning) => `<p>Note: ${text(warning)}.</p>`).join('');
}

function toolsHtml(report: VerifyReport): string {
  if (report.torrents.length < 2) return '';
  const outcomes = OUTCOMES.filter((outcome) => report.torrentCounts[outcome] > 0);
  const buttons = outcomes.map(
    (outcome) => `<button aria-pressed="false" data-outcome="${outcome}">${outcome}</button>`,
  );
  return (
    '<div class="tools"><input id="find" type="search" placeholder="Find by name or place" aria-label="Find by name or place">' +
    `<button aria-pressed="true" data-outcome="">all</button>${buttons.join('')}</div>`
  );
}

function footHtml(report: VerifyReport): string {
  const colours = [
    ['good', 'as the torrent says'],
    ['bad', 'wrong bytes'],
    ['warn', 'missing or unreadable'],
    ['none', 'not checked'],
  ] as const;
  const legend = colours.map(([shade, what]) => `<span><i class="${shade}"></i>${what}</span>`).join('');
  return `<footer><div class="legend">${legend}</div>Made by allium verify; the torrents are opened by a click. ${count(report.torrents.length, 'torrent')}.</footer>`;
}
