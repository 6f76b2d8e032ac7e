import { formatBytes, formatDuration } from '../../codec/units.ts';
import { escapeHtml } from './escape-html.ts';
import type { TrackerView } from './metrics.ts';
import { STYLE } from './style.ts';

/** The tracker's page: sums only, nothing of any torrent or peer. */
export function renderTrackerPage(view: TrackerView, isPrivate: boolean): string {
  const { counts } = view;
  const announces = counts.udpAnnounces + counts.httpAnnounces;
  const tiles: readonly (readonly [string, string])[] = [
    [grouped(view.torrents), 'torrents'],
    [grouped(view.peers[0] + view.peers[1]), 'peers'],
    [grouped(announces), 'announces'],
    [grouped(Math.round(announces / Math.max(1, view.uptimeSec))), 'a second, since the start'],
    [formatBytes(view.residentBytes), 'resident memory'],
    [formatDuration(view.uptimeSec * 1000), 'up'],
  ];
  const items = tiles.map(
    ([value, label]) =>
      `<li><b class="num">${escapeHtml(value)}</b><span class="soft">${escapeHtml(label)}</span></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Allium tracker</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1>Allium tracker</h1><span class="soft">${escapeHtml(view.version)} · ${isPrivate ? 'private' : 'open'}</span></header>
<ul class="tiles">${items.join('')}</ul>
<div class="card"><table><thead><tr><th>Request</th><th>UDP</th><th>HTTP</th></tr></thead><tbody>
${row('connect', counts.udpConnects, undefined)}
${row('announce', counts.udpAnnounces, counts.httpAnnounces)}
${row('scrape', counts.udpScrapes, counts.httpScrapes)}
</tbody></table></div>
<footer>${escapeHtml(refusals(view))}</footer>
</main>
</body>
</html>
`;
}

function row(name: string, udp: number, http: number | undefined): string {
  const cell = (value: number | undefined): string =>
    `<td class="num">${value === undefined ? '–' : grouped(value)}</td>`;
  return `<tr><td>${name}</td>${cell(udp)}${cell(http)}</tr>`;
}

function refusals(view: TrackerView): string {
  const { counts } = view;
  return [
    `${grouped(counts.malformed)} malformed`,
    `${grouped(counts.wrongConnection)} with an old or foreign connection id`,
    `${grouped(view.rateLimited)} over the rate`,
    `${grouped(counts.refused)} against the rules`,
    `${grouped(view.full)} while full`,
  ].join(' · ');
}

function grouped(value: number): string {
  return value.toLocaleString('en').replaceAll(',', ' ');
}
