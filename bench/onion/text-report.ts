import { type Column, formatTable } from '../../engine/cli/support/table.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import type { Contest } from './types.ts';

const RIGHT = 'right';

/** One contest as a table with its title, and every single run below it. */
export function contestText(contest: Contest): string {
  const rows = summarizeContest(contest);
  const columns: readonly Column[] = [
    { title: '' },
    { title: 'Allium ×', align: RIGHT },
    ...contest.columns.map(({ title }): Column => ({ title, align: RIGHT })),
    { title: 'runs', align: RIGHT },
  ];
  const table = formatTable(
    columns,
    rows.map((row) => cells(contest, rows, row)),
  );
  const singles = rows.map((row) => `  ${row.name}: ${singleRuns(contest, row)}\n`).join('');
  return `${contest.title}\n${table}${headlineTitle(contest)} of every run:\n${singles}`;
}

/** The deciding figure of every run, in the order they were taken; or why there is none. */
export function singleRuns(contest: Contest, row: RowSummary): string {
  const { unit, digits } = headlineColumn(contest);
  const values = row.values.map((value) => (value / unit).toFixed(digits));
  return [...values, ...(row.error === undefined ? [] : [row.error])].join(' ');
}

/** The cells of one row in the order of the columns: as they are shown. */
export function figureTexts(contest: Contest, row: RowSummary): readonly string[] {
  return contest.columns.map(({ key, unit, digits }) => {
    const value = row.medians[key] ?? Number.NaN;
    return Number.isFinite(value) ? (value / unit).toFixed(digits) : '';
  });
}

/** What the deciding column is called. */
export function headlineTitle(contest: Contest): string {
  return headlineColumn(contest).title;
}

function headlineColumn(contest: Contest): Contest['columns'][number] {
  const found = contest.columns.find(({ key }) => key === contest.headline);
  return found ?? { key: contest.headline, title: contest.headline, digits: 1, unit: 1 };
}

function cells(contest: Contest, rows: readonly RowSummary[], row: RowSummary): readonly string[] {
  const ratio = ratioOf(contest, rows, row);
  return [
    row.name,
    Number.isFinite(ratio) ? ratio.toFixed(2) : '',
    ...figureTexts(contest, row),
    String(row.runCount),
  ];
}
