import type { TorrentOutcome, TorrentReport, VerifyReport } from '../../bittorrent/verify/report.ts';
import { printable } from '../../codec/text.ts';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../codec/units.ts';
import type { Paint, Palette } from '../support/colour.ts';
import { type Cell, formatTable } from '../support/table.ts';
import { count, describeFile, describePieces, describeRanges, grouped } from './describe.ts';

/** Files spelt out for one torrent; the reports hold all. */
const FILES_SHOWN = 20;

/** The result as text for people: the damage torrent by torrent, a table when there are several, the sum. */
export function verifyText(report: VerifyReport, palette: Palette): string {
  const blocks = report.torrents
    .filter((torrent) => torrent.outcome !== 'good')
    .map((torrent) => damageText(torrent, palette));
  const table = report.torrents.length > 1 ? [tableText(report, palette)] : [];
  const warnings = report.warnings
    .map((warning) => `${palette.yellow('note:')} ${printable(warning)}\n`)
    .join('');
  return [...blocks, ...table, warnings + sumText(report, palette)]
    .filter((block) => block !== '')
    .join('\n');
}

function paintOf(outcome: TorrentOutcome, palette: Palette): Paint {
  if (outcome === 'good') return palette.green;
  return outcome === 'missing' ? palette.yellow : palette.red;
}

function damageText(torrent: TorrentReport, palette: Palette): string {
  const paint = paintOf(torrent.outcome, palette);
  const lines = [`${paint(torrent.outcome)}  ${palette.bold(printable(torrent.name))}`];
  if (torrent.error !== undefined)
    lines.push(`  ${printable(`${torrent.torrent}: ${torrent.error.message}`)}`);
  else if (torrent.outcome === 'missing')
    lines.push(`  nothing of it was found; looked for ${printable(torrent.location)}`);
  else {
    lines.push(`  ${palette.dim(printable(torrent.location))}`);
    lines.push(...describePieces(torrent).map((line) => `  ${line}`));
    for (const file of torrent.files.slice(0, FILES_SHOWN)) {
      lines.push(`  ${printable(file.path)}: ${describeFile(file)}`);
      lines.push(...describeRanges(file).map((line) => `      ${line}`));
    }
    const more = torrent.files.length - FILES_SHOWN;
    if (more > 0) lines.push(`  and ${count(more, 'more file')}; --json or --report tell all`);
  }
  return `${lines.join('\n')}\n`;
}

function tableText(report: VerifyReport, palette: Palette): string {
  return formatTable(
    [
      { title: 'result' },
      { title: 'torrent', columnsMax: 60 },
      { title: 'size', align: 'right' },
      { title: 'good', align: 'right' },
      { title: 'bad', align: 'right' },
      { title: 'no data', align: 'right' },
      { title: 'files', align: 'right' },
      { title: 'place', columnsMax: 60 },
    ],
    report.torrents.map((torrent) => tableRow(torrent, palette)),
    palette.dim,
  );
}

function tableRow(torrent: TorrentReport, palette: Palette): (string | Cell)[] {
  const { outcome, pieces } = torrent;
  const known = outcome !== 'invalid';
  const number = (value: number): string => (known ? grouped(value) : '');
  return [
    { text: outcome, paint: paintOf(outcome, palette) },
    torrent.name,
    known ? formatBytes(torrent.contentBytes) : '',
    known && pieces.selected > 0 ? formatPercent(pieces.good / pieces.selected) : '',
    number(pieces.bad),
    number(pieces.blocked),
    number(torrent.fileCount),
    outcome === 'missing' || !known ? '' : torrent.location,
  ];
}

function sumText(report: VerifyReport, palette: Palette): string {
  const { pieces, torrentCounts } = report;
  const isOne = report.torrents.length === 1;
  const parts = (Object.entries(torrentCounts) as [TorrentOutcome, number][])
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => paintOf(outcome, palette)(isOne ? outcome : `${number} ${outcome}`));
  const restored =
    pieces.restored > 0 ? `, ${count(pieces.restored, 'piece')} known from the checkpoint` : '';
  const rate = (report.bytesRead / Math.max(1, report.elapsedMs)) * 1000;
  return (
    `${parts.join(', ')}: ${grouped(pieces.good)} of ${count(pieces.selected, 'piece')} good${restored}; ` +
    `read ${formatBytes(report.bytesRead)} in ${formatDuration(report.elapsedMs)}, ${formatRate(rate)}\n`
  );
}
