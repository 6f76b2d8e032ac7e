import type { FileReport, TorrentOutcome, TorrentReport } from '../../bittorrent/verify/report.ts';
import { formatBytes, formatPercent } from '../../codec/units.ts';
import { count, describeFile, describePieces, describeRanges } from './describe.ts';
import { type Shade, type Stretch, stripSvg } from './html-map.ts';
import { text } from './html-text.ts';

/** Files of one torrent that the page spells out; the JSON has all. */
const FILES_MAX = 500;

const SHADES: Readonly<Record<TorrentOutcome, Shade>> = {
  good: 'good',
  damaged: 'bad',
  unreadable: 'bad',
  missing: 'warn',
  invalid: 'none',
};

/** The colour that stands for an outcome. */
export function shadeOf(outcome: TorrentOutcome): Shade {
  return SHADES[outcome];
}

/** One torrent: a line, and behind it all there is to say. */
export function torrentHtml(torrent: TorrentReport): string {
  const { outcome, pieces } = torrent;
  const known = outcome !== 'invalid' && pieces.selected > 0;
  const place = outcome === 'missing' ? `not found; looked for ${torrent.location}` : torrent.location;
  const subtitle = outcome === 'invalid' ? (torrent.error?.message ?? '') : place;
  return (
    `<details class="torrent" data-outcome="${outcome}" data-text="${text(`${torrent.name} ${torrent.location} ${torrent.torrent}`)}">` +
    `<summary><span class="chip chip-${shadeOf(outcome)}">${outcome}</span>` +
    `<span class="name"><strong>${text(torrent.name)}</strong><small>${text(subtitle)}</small></span>` +
    `<span class="number size">${outcome === 'invalid' ? '' : formatBytes(torrent.contentBytes)}</span>` +
    `<span class="map">${known ? pieceStrip(torrent) : ''}</span>` +
    `<span class="number">${known ? formatPercent(pieces.good / pieces.selected) : ''}</span></summary>` +
    `<div class="details">${detailsHtml(torrent)}</div></details>`
  );
}

function pieceStrip({ pieces }: TorrentReport): string {
  const spans = (list: readonly (readonly [number, number])[], shade: Shade): Stretch[] =>
    list.map(([first, last]) => ({ from: first, to: last + 1, shade }));
  const stretches = [
    ...spans(pieces.unselectedSpans, 'none'),
    ...spans(pieces.blockedSpans, 'warn'),
    ...spans(pieces.badSpans, 'bad'),
  ];
  const label = `${count(pieces.good, 'piece')} good, ${pieces.bad} bad, ${pieces.blocked} without data`;
  return stripSvg(pieces.total, 'good', stretches, label);
}

function detailsHtml(torrent: TorrentReport): string {
  const { pieces } = torrent;
  const facts: (readonly [string, string])[] = [['Torrent', torrent.torrent]];
  for (const duplicate of torrent.duplicates) facts.push(['Same torrent', duplicate]);
  if (torrent.error !== undefined)
    facts.push(['Trouble', `${torrent.error.message}. ${torrent.error.advice}`]);
  else {
    facts.push(['Data', torrent.location]);
    if (torrent.movedFiles > 0)
      facts.push(['', `${count(torrent.movedFiles, 'file')} found elsewhere by name and length`]);
    facts.push(['Version', torrent.version ?? '']);
    for (const hash of [torrent.infoHashV1, torrent.infoHashV2])
      if (hash !== undefined) facts.push(['Info-hash', hash]);
    facts.push([
      'Content',
      `${count(torrent.fileCount, 'file')}, ${count(pieces.total, 'piece')} of ${formatBytes(torrent.pieceLength)}`,
    ]);
    if (pieces.selected < pieces.total) facts.push(['Chosen', count(pieces.selected, 'piece')]);
    if (pieces.restored > 0) facts.push(['Checkpoint', `${count(pieces.restored, 'piece')} known from it`]);
  }
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${text(value)}</dd>`).join('');
  const troubles = [...describePieces(torrent), ...torrent.warnings]
    .map((line) => `<p>${text(line)}</p>`)
    .join('');
  return `<dl>${list}</dl>${troubles}${torrent.outcome === 'missing' ? '' : filesHtml(torrent.files)}`;
}

function filesHtml(files: readonly FileReport[]): string {
  if (files.length === 0) return '';
  const rows = files.slice(0, FILES_MAX).map(fileRow).join('');
  const more =
    files.length > FILES_MAX
      ? `<p>and ${count(files.length - FILES_MAX, 'more file')}; --json has all</p>`
      : '';
  return `<div class="scroll"><table><thead><tr><th>File</th><th class="number">Size</th><th>Finding</th><th>Bytes</th></tr></thead><tbody>${rows}</tbody></table></div>${more}`;
}

function fileRow(file: FileReport): string {
  const stretches: Stretch[] = [
    ...file.unchecked.map((range) => ({ ...range, shade: 'none' as const })),
    ...file.lost.map((range) => ({ ...range, shade: 'warn' as const })),
    ...file.bad.map((range) => ({ ...range, shade: 'bad' as const })),
  ];
  const ranges = describeRanges(file)
    .map((line) => `<li>${text(line)}</li>`)
    .join('');
  const strip = file.byteLength > 0 ? stripSvg(file.byteLength, 'good', stretches, 'where in the file') : '';
  return (
    `<tr><td class="path">${text(file.path)}</td><td class="number">${formatBytes(file.byteLength)}</td>` +
    `<td>${text(describeFile(file))}<ul>${ranges}</ul></td><td class="map">${strip}</td></tr>`
  );
}
