import { type Bar, type BarCell, labelWidthFor, type Panel, type PanelStyle } from '../report/panel.ts';
import { linearScale } from '../report/scale.ts';
import { fixedText, megabytesText, memoryText, timesText, toneOf } from './numbers.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import type { Contest, Side } from './types.ts';

const KINDS = { allium: 'own', rival: 'other', ceiling: 'ceiling' } as const satisfies Record<
  Side,
  Bar['kind']
>;
const MEGA = 1e6;

/** The chart of one contest: rates as bars, and beside them the ratio, CPU time and memory. */
export function contestPanel(contest: Contest, tickCount = 4): Panel {
  const rows = summarizeContest(contest);
  const allium = rows.find(({ side }) => side === 'allium');
  const values = rows.flatMap(({ rate, rates }) => [rate, ...rates]).filter(Number.isFinite);
  const ceiling = contest.ceiling?.bytesPerSec;
  const cpuMax = Math.max(...rows.map((row) => row.cpuSecondsPerGb).filter(Number.isFinite), 0.01);
  return {
    title: contest.title,
    unit: 'MB/s',
    scale: linearScale(Math.max(...values, ceiling ?? 0, 1) / MEGA, tickCount),
    tickText: (value) => value.toLocaleString('en'),
    bars: rows.map((row) => barOf(row, allium, cpuMax)),
    columns: [
      { title: 'Allium is', width: 46 },
      { title: 'CPU s/GB', width: 74 },
      { title: 'memory', width: 52 },
    ],
    ...(ceiling === undefined
      ? {}
      : { line: { value: ceiling / MEGA, text: `machine ${megabytesText(ceiling)}` } }),
  };
}

/** At a glance: how many times as fast Allium is as the fastest other program, contest by contest. */
export function glancePanel(contests: readonly Contest[]): Panel {
  const bars = contests.flatMap((contest): readonly Bar[] => {
    const rows = summarizeContest(contest);
    const allium = rows.find(({ side }) => side === 'allium');
    const rival = rows.find(({ side, runCount }) => side === 'rival' && runCount > 0);
    const ratio = rival === undefined ? undefined : ratioOf(allium, rival);
    if (rival === undefined || ratio === undefined) return [];
    const ahead = toneOf(ratio.median) === 'good';
    const cells = [plain(rival.program), { text: timesText(ratio.cpu), tone: toneOf(1 / ratio.cpu) }];
    const value = { value: ratio.median, valueText: timesText(ratio.median), marks: [] };
    return [{ label: contest.title, kind: ahead ? 'own' : 'other', ...value, cells }];
  });
  return {
    title: 'Allium by the fastest other program (violet: Allium is ahead)',
    unit: 'times as fast',
    scale: linearScale(Math.max(1.2, ...bars.map(({ value }) => value))),
    tickText: String,
    bars,
    columns: [
      { title: 'fastest other', width: 150 },
      { title: 'CPU time ×', width: 60 },
    ],
    line: { value: 1, text: 'as fast' },
  };
}

/** A style whose labels all fit, for panels that stand one below the other. */
export function styleFor(panels: readonly Panel[], width: number): PanelStyle {
  const labels = panels.flatMap(({ bars }) => bars.map(({ label }) => label));
  return { width, barHeight: 15, rowHeight: 21, labelWidth: labelWidthFor(labels) };
}

function barOf(row: RowSummary, allium: RowSummary | undefined, cpuMax: number): Bar {
  return {
    label: row.program,
    kind: KINDS[row.side],
    value: row.rate / MEGA,
    valueText: row.runCount === 0 ? 'failed' : megabytesText(row.rate),
    marks: row.rates.map((rate) => rate / MEGA),
    cells: [ratioCell(row, allium), cpuCell(row, cpuMax), plain(memoryText(row.peakBytes))],
  };
}

function ratioCell(row: RowSummary, allium: RowSummary | undefined): BarCell {
  const ratio = row === allium ? undefined : ratioOf(allium, row)?.median;
  if (ratio === undefined) return plain('');
  return { text: timesText(ratio), tone: row.side === 'ceiling' ? 'plain' : toneOf(ratio) };
}

function cpuCell(row: RowSummary, cpuMax: number): BarCell {
  const text = fixedText(row.cpuSecondsPerGb, 2);
  return row.runCount === 0
    ? plain(text)
    : { text, tone: 'plain', share: Math.min(1, row.cpuSecondsPerGb / cpuMax) };
}

function plain(text: string): BarCell {
  return { text, tone: 'plain' };
}
