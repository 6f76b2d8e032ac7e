import { type Column, formatTable } from '../../engine/cli/support/table.ts';
import { machineLine } from '../support/machine.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import type { Contest, PeersResult } from './types.ts';

const RIGHT = 'right';
const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'MB/s', align: RIGHT },
  { title: '± MAD', align: RIGHT },
  { title: 'best', align: RIGHT },
  { title: 'Allium ×', align: RIGHT },
  { title: '× best', align: RIGHT },
  { title: 'CPU s/GB', align: RIGHT },
  { title: 'peak MiB', align: RIGHT },
  { title: 'start-up', align: RIGHT },
  { title: 'without', align: RIGHT },
  { title: '×', align: RIGHT },
  { title: 'helper', align: RIGHT },
  { title: 'others', align: RIGHT },
  { title: 'steal', align: RIGHT },
  { title: 'runs', align: RIGHT },
];

/** All contests as tables for a terminal. */
export function textReport(result: PeersResult): string {
  const contests = result.contests.map(contestText).join('\n');
  const skipped = result.skipped.map((sentence) => `left out: ${sentence}\n`).join('');
  const legend =
    'Allium ×: Allium’s median by theirs (above 1: Allium is faster); × best: the best runs.\n' +
    'start-up: what the same command needs for next to nothing; without: MB/s after taking it away, and its ratio.\n' +
    'helper: CPU of the sink or source by the clock; others: cores used by other programs meanwhile.\n';
  return `${machineLine(result.machine)}\n\n${contests}\n${legend}${skipped}`;
}

/** One contest as a table with its title. */
export function contestText(contest: Contest): string {
  const rows = summarizeContest(contest);
  const allium = rows.find(({ side }) => side === 'allium');
  const { ceiling } = contest;
  const top =
    ceiling === undefined ? '' : `  ceiling ${megabytes(ceiling.bytesPerSec)} MB/s: ${ceiling.meaning}\n`;
  const table = formatTable(
    COLUMNS,
    rows.map((row) => cells(row, allium)),
  );
  const errors = rows.flatMap(({ program, error }) =>
    error === undefined ? [] : `  ${program}: ${error}\n`,
  );
  return `${contest.title}\n${top}${table}${errors.join('')}`;
}

function cells(row: RowSummary, allium: RowSummary | undefined): readonly string[] {
  const ratio = row === allium ? undefined : ratioOf(allium, row);
  const name = row.side === 'ceiling' ? `(${row.program})` : row.program;
  const share = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : `${Math.round(value * 100)} %`;
  const hasStartup = row.startupSeconds !== undefined;
  return [
    row.checked ? name : `${name} (not checked)`,
    megabytes(row.rate),
    megabytes(row.deviation),
    megabytes(row.bestRate),
    times(ratio?.median),
    times(ratio?.best),
    fixed(row.cpuSecondsPerGb, 2),
    fixed(row.peakBytes / 2 ** 20, 0),
    hasStartup ? `${Math.round((row.startupSeconds ?? 0) * 1000)} ms` : '',
    hasStartup ? megabytes(row.workRate) : '',
    hasStartup || allium?.startupSeconds !== undefined ? times(ratio?.work) : '',
    share(row.helperShare),
    fixed(row.otherCores, 2),
    share(row.stealShare),
    String(row.runCount),
  ];
}

function megabytes(bytesPerSec: number): string {
  return fixed(bytesPerSec / 1e6, 0);
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : fixed(ratio, 2);
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
