import { median, medianDeviation } from '../support/statistics.ts';
import { nameOf } from './turns.ts';
import type { Contest, Row, Side } from './types.ts';

/** A row in the figures that are compared. */
export interface RowSummary {
  readonly name: string;
  readonly side: Side;
  readonly runCount: number;
  /** Medians over the runs by the key of the column; NaN where there is none. */
  readonly medians: Readonly<Record<string, number>>;
  /** Of the deciding column, in its own unit. */
  readonly headline: number;
  readonly deviation: number;
  /** Every run. */
  readonly values: readonly number[];
  readonly error: string | undefined;
}

/** The rows of a contest in medians, in their order. */
export function summarizeContest(contest: Contest): readonly RowSummary[] {
  return contest.rows.map((row) => summarizeRow(contest, row));
}

function summarizeRow(contest: Contest, row: Row): RowSummary {
  const valuesOf = (key: string): number[] =>
    row.runs
      .map((run) => run[key])
      .filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const medians = contest.columns.map(({ key }) => [key, median(valuesOf(key))] as const);
  const values = valuesOf(contest.headline);
  return {
    name: nameOf(row),
    side: row.side,
    runCount: row.runs.length,
    medians: Object.fromEntries(medians),
    headline: median(values),
    deviation: medianDeviation(values),
    values,
    error: row.error,
  };
}

/**
 * How many times as good the first row of Allium is as this one, by medians of the deciding column: above 1 it is
 * better. NaN for rows of Allium and where either has no result.
 */
export function ratioOf(contest: Contest, rows: readonly RowSummary[], row: RowSummary): number {
  const own = rows.find(({ side }) => side === 'allium');
  if (own === undefined || row.side === 'allium') return Number.NaN;
  return contest.isMoreBetter ? own.headline / row.headline : row.headline / own.headline;
}
