import { formatBytes } from '../../engine/codec/units.ts';
import { escapeXml } from '../report/escape.ts';
import { type HtmlCell, htmlPage, htmlTable } from '../report/page.ts';
import { panelSvg } from '../report/panel-svg.ts';
import { fixedText, megabytesText, memoryText, timesText, toneOf } from './numbers.ts';
import { contestPanel, glancePanel, styleFor } from './panels.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import { type Contest, type PeersResult, SECTIONS, type SectionName } from './types.ts';

const PANEL_WIDTH = 1040;
const SECTION_TEXTS: Readonly<Record<SectionName, readonly [title: string, text: string]>> = {
  verify: [
    'Verify',
    'Reading all data and comparing every hash, out of the page cache. The dashed line is what the machine could do: reading and hashing, each calibrated alone on all cores in the same run.',
  ],
  create: ['Create', 'Making a torrent file. The hashes of every torrent made were compared.'],
  seed: [
    'Seed',
    'Serving one file to a peer that only takes: no hashing, no disk. Every seeder first had to serve the whole file with every byte compared. The bare pumps are no clients: they show the least work that does it.',
  ],
  download: [
    'Download',
    'Taking one file with every piece verified. What was written is compared with the original afterwards.',
  ],
};

/** The page of results. */
export function peersHtml(result: PeersResult): string {
  const sections = SECTIONS.flatMap((name) => {
    const contests = result.contests.filter(({ section }) => section === name);
    return contests.length === 0 ? [] : [sectionHtml(name, contests)];
  });
  const body = [
    headHtml(result),
    glanceHtml(result),
    legendHtml(),
    ...sections,
    calibrationHtml(result),
    notesHtml(result),
  ];
  return htmlPage('Allium beside other programs', body.join('\n'));
}

function headHtml(result: PeersResult): string {
  const { machine, versions } = result;
  const facts = [
    machine.cpu,
    `${machine.coreCount} cores`,
    formatBytes(machine.memoryBytes),
    machine.system,
    `Node ${machine.node}`,
    `TCP ${machine.congestionControl}`,
    `load before ${machine.loadBefore.toFixed(1)}`,
    result.startedAt.replace(/:\d\d\..*$/, ' UTC').replace('T', ' '),
    ...(result.commit === '' ? [] : [`commit ${result.commit}`]),
    ...Object.entries(versions).map(([program, version]) => `${program} ${version}`),
  ];
  return `<h1>Allium beside other programs</h1>
<p class="soft">Whole programs doing the same work on the same machine by turns, everything on loopback. Medians; every single run is drawn as a stroke. Rates are bound to this machine and this hour: the ratios are what to take away.</p>
<div class="facts">${facts.map((fact) => `<span>${escapeXml(fact)}</span>`).join('')}</div>`;
}

function glanceHtml(result: PeersResult): string {
  const panel = glancePanel(result.contests);
  if (panel.bars.length === 0) return '';
  return `<div class="card">${panelSvg(panel, styleFor([panel], PANEL_WIDTH))}</div>`;
}

function legendHtml(): string {
  const sample = (style: string, text: string): string => `<span><i style="${style}"></i>${text}</span>`;
  return `<div class="legend">${[
    sample('background:var(--own)', 'Allium'),
    sample('background:var(--other)', 'other programs'),
    sample('border:1px dashed var(--other-mark)', 'ceilings: the least work that does it'),
    sample(
      'height:0;border-top:2px dashed var(--limit);border-radius:0;vertical-align:4px',
      'what the machine could do',
    ),
    '<span>“Allium is”: its median by theirs, above 1 it is faster</span>',
  ].join('')}</div>`;
}

function sectionHtml(name: SectionName, contests: readonly Contest[]): string {
  const [title, text] = SECTION_TEXTS[name];
  const panels = contests.map((contest) => contestPanel(contest));
  const style = styleFor(panels, PANEL_WIDTH);
  const cards = contests.map((contest, index) => {
    const picture = panelSvg(panels[index]!, style);
    const about = `${contest.about} ${formatBytes(contest.payloadBytes)}.`;
    return `<div class="card">${picture}<details><summary>Figures</summary><p class="soft">${escapeXml(about)}</p>${contestTable(contest)}</details></div>`;
  });
  return `<h2>${title}</h2><p class="soft">${text}</p>${cards.join('\n')}`;
}

const HEAD = [
  ...['', 'MB/s', '± MAD', 'best', 'Allium is', 'by best runs', 'CPU s/GB', 'peak memory', 'start-up'],
  ...['MB/s without', 'Allium is', 'helper CPU', 'served', 'other load', 'steal', 'runs, MB/s'],
];

function contestTable(contest: Contest): string {
  const rows = summarizeContest(contest);
  const allium = rows.find(({ side }) => side === 'allium');
  const own = new Set(rows.flatMap((row, index) => (row === allium ? [index] : [])));
  return htmlTable(
    HEAD,
    rows.map((row) => tableCells(row, allium)),
    own,
  );
}

function tableCells(row: RowSummary, allium: RowSummary | undefined): readonly HtmlCell[] {
  const ratio = row === allium ? undefined : ratioOf(allium, row);
  const ratioCell = (value: number | undefined): HtmlCell =>
    value === undefined
      ? ''
      : { text: timesText(value), tone: row.side === 'rival' ? toneOf(value) : 'plain' };
  const percent = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : `${Math.round(value * 100)} %`;
  const setting = row.setting === '' ? '' : ` (${row.setting})`;
  const trouble = row.error === undefined ? '' : `: ${row.error}`;
  const { startupSeconds } = row;
  return [
    `${row.program}${setting}${row.checked ? '' : ', not checked'}${trouble}`,
    megabytesText(row.rate),
    megabytesText(row.deviation),
    megabytesText(row.bestRate),
    ratioCell(ratio?.median),
    ratioCell(ratio?.best),
    fixedText(row.cpuSecondsPerGb, 2),
    memoryText(row.peakBytes),
    startupSeconds === undefined ? '' : `${Math.round(startupSeconds * 1000)} ms`,
    startupSeconds === undefined ? '' : megabytesText(row.workRate),
    startupSeconds === undefined ? '' : ratioCell(ratio?.work),
    percent(row.helperShare),
    row.served === undefined ? '' : String(row.served),
    `${fixedText(row.otherCores, 2)} cores`,
    percent(row.stealShare),
    row.rates.map(megabytesText).join(' '),
  ];
}

function calibrationHtml(result: PeersResult): string {
  if (result.calibrations.length === 0) return '';
  const gigabytes = (rate: number): string => (rate / 1e9).toFixed(2);
  const rows = result.calibrations.map(({ takenAt, workers, sha1, sha256, read, copy }) => [
    takenAt.slice(11, 19),
    String(workers),
    ...[sha1, sha256, read, copy].map(gigabytes),
  ]);
  return `<h2>What the machine could do</h2>
<p class="soft">Measured between the contests, GB/s: hashing memory on all cores, reading the payload out of the page cache on all cores, copying memory on one.</p>
<div class="card">${htmlTable(['UTC', 'workers', 'SHA-1', 'SHA-256', 'read', 'copy'], rows)}</div>`;
}

function notesHtml(result: PeersResult): string {
  const skipped = result.skipped.map((sentence) => `<p class="soft">${escapeXml(sentence)}</p>`).join('');
  return `<h2>How to read it</h2>
<p class="soft">1 MB is 1,000,000 bytes. CPU seconds per GB count user and system time of the whole process tree. Memory is the highest resident size; programs that map files into memory carry the mapped file in it. Start-up is what the same command needs for next to nothing; the columns after it leave it out on both sides. Helper CPU is how busy the sink or source on the other side was, of one core: near 100 % it would be the limit. Served counts the connections that got anything. Other load and steal tell what the machine did besides.</p>
${skipped === '' ? '' : `<h2>Left out</h2>${skipped}`}`;
}
