import { escapeXml } from '../report/escape.ts';
import { type HtmlCell, htmlPage, htmlTable } from '../report/page.ts';
import { type Bar, labelWidthFor, type Panel } from '../report/panel.ts';
import { panelSvg } from '../report/panel-svg.ts';
import { linearScale } from '../report/scale.ts';
import { machineLine } from '../support/machine.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import { figureTexts, headlineTitle, singleRuns } from './text-report.ts';
import type { Contest, OnionResult } from './types.ts';

const PANEL_WIDTH = 1040;

/** The page of results. */
export function onionHtml(result: OnionResult): string {
  const { machine, versions, startedAt, commit } = result;
  const facts = [
    ...[machineLine(machine), machine.system, startedAt.slice(0, 16).replace('T', ' ')],
    ...(commit === '' ? [] : [`commit ${commit}`]),
    ...Object.entries(versions).map(([program, version]) => `${program} ${version}`),
  ];
  const head = `<h1>Allium beside C tor</h1>
<p class="soft">Relays and clients in one private network on loopback, by turns. Medians; every single run is drawn as a stroke. Rates are bound to this machine and this hour: the ratios are what to take away.</p>
<div class="facts">${facts.map((fact) => `<span>${escapeXml(fact)}</span>`).join('')}</div>`;
  const skipped = result.skipped.map((sentence) => `<p class="soft">${escapeXml(sentence)}</p>`);
  return htmlPage('Allium beside C tor', [head, ...result.contests.map(contestHtml), ...skipped].join('\n'));
}

function contestHtml(contest: Contest): string {
  const rows = summarizeContest(contest);
  const panel = contestPanel(contest, rows);
  const labelWidth = labelWidthFor(panel.bars.map(({ label }) => label));
  const picture = panelSvg(panel, { width: PANEL_WIDTH, barHeight: 15, rowHeight: 21, labelWidth });
  const head = [
    '',
    'Allium is',
    ...contest.columns.map(({ title }) => title),
    `${headlineTitle(contest)}, every run`,
  ];
  const body = rows.map((row): readonly HtmlCell[] => [
    row.name,
    ratioCell(ratioOf(contest, rows, row)),
    ...figureTexts(contest, row),
    singleRuns(contest, row),
  ]);
  const own = new Set(rows.flatMap(({ side }, index) => (side === 'allium' ? [index] : [])));
  return `<div class="card">${picture}<details open><summary>Figures</summary><p class="soft">${escapeXml(contest.about)}</p>${htmlTable(head, body, own)}</details></div>`;
}

/** The chart of one contest: the deciding figure as bars, and beside them how many times as good Allium is. */
export function contestPanel(contest: Contest, rows: readonly RowSummary[]): Panel {
  const column = contest.columns.find(({ key }) => key === contest.headline);
  const unit = column?.unit ?? 1;
  const top = Math.max(...rows.flatMap(({ values }) => values).filter(Number.isFinite), 0) / unit;
  const bars = rows.map((row): Bar => {
    const ratio = ratioCell(ratioOf(contest, rows, row));
    return {
      label: row.name,
      kind: row.side === 'allium' ? 'own' : 'other',
      value: row.headline / unit,
      valueText: row.runCount === 0 ? 'failed' : (row.headline / unit).toFixed(column?.digits ?? 1),
      marks: row.values.map((value) => value / unit),
      cells: [typeof ratio === 'string' ? { text: ratio, tone: 'plain' } : ratio],
    };
  });
  return {
    title: contest.title,
    unit: headlineTitle(contest),
    scale: linearScale(top),
    tickText: (value) => value.toLocaleString('en'),
    bars,
    columns: [{ title: 'Allium is', width: 60 }],
  };
}

function ratioCell(ratio: number): HtmlCell {
  if (!Number.isFinite(ratio)) return '';
  return { text: `${ratio.toFixed(2)} ×`, tone: Number(ratio.toFixed(2)) >= 1 ? 'good' : 'bad' };
}
