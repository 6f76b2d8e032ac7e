import { median, medianDeviation, medianOf } from '../support/statistics.ts';
import type { Contest, Row, Run, Side } from './types.ts';

/** A row of runs in the figures that are compared. Rates are bytes per second. */
export interface RowSummary {
  readonly program: string;
  readonly side: Side;
  readonly setting: string;
  readonly checked: boolean;
  readonly runCount: number;
  /** Medians over the runs. NaN when there is none. */
  readonly rate: number;
  readonly deviation: number;
  readonly bestRate: number;
  readonly rates: readonly number[];
  /** The same without the start-up of the program; equal to {@link rate} where that is not in the clock. */
  readonly workRate: number;
  readonly startupSeconds: number | undefined;
  readonly cpuSecondsPerGb: number;
  readonly peakBytes: number;
  readonly helperShare: number | undefined;
  readonly served: number | undefined;
  readonly stealShare: number;
  readonly otherCores: number;
  readonly error: string | undefined;
}

/** Medians of one row. */
export function summarizeRow(row: Row): RowSummary {
  const { runs, startupSeconds } = row;
  const rates = runs.map(rateOf);
  return {
    program: row.program,
    side: row.side,
    setting: row.setting,
    checked: row.checked,
    runCount: runs.length,
    rate: median(rates),
    deviation: medianDeviation(rates),
    bestRate: rates.length === 0 ? Number.NaN : Math.max(...rates),
    rates,
    workRate: median(runs.map((run) => workRate(run, startupSeconds ?? 0))),
    startupSeconds,
    cpuSecondsPerGb: median(runs.map((run) => run.cpuSeconds / (run.bytes / 1e9))),
    peakBytes: median(runs.map((run) => run.peakBytes)),
    helperShare: medianOf(runs.map((run) => run.helperShare)),
    served: medianOf(runs.map((run) => run.served)),
    stealShare: median(runs.map((run) => run.stealShare)),
    otherCores: median(runs.map((run) => run.otherCores)),
    error: row.error,
  };
}

/** The rows of a contest: Allium first, as it comes and then with settings, then the rest from the fastest down, those without a result last. */
export function summarizeContest(contest: Contest): readonly RowSummary[] {
  const weight = (row: RowSummary): number => (Number.isNaN(row.rate) ? -1 : row.rate);
  const rank = ({ side, setting }: RowSummary): number => (side === 'allium' ? (setting === '' ? 2 : 1) : 0);
  return contest.rows.map(summarizeRow).toSorted((a, b) => rank(b) - rank(a) || weight(b) - weight(a));
}

/** How many times as fast Allium is as `rival`: medians, best runs, and without the start-up of either. */
export interface Ratio {
  readonly median: number;
  readonly best: number;
  readonly work: number;
  /** CPU seconds per GB of Allium by those of the rival: below 1 is less work. */
  readonly cpu: number;
}

/** Undefined when one of them has no result. */
export function ratioOf(allium: RowSummary | undefined, rival: RowSummary): Ratio | undefined {
  if (allium === undefined || allium.runCount === 0 || rival.runCount === 0) return undefined;
  return {
    median: allium.rate / rival.rate,
    best: allium.bestRate / rival.bestRate,
    work: allium.workRate / rival.workRate,
    cpu: allium.cpuSecondsPerGb / rival.cpuSecondsPerGb,
  };
}

function rateOf(run: Run): number {
  return run.bytes / run.seconds;
}

/** Start-up can be no more than nearly all of a run. */
function workRate(run: Run, startupSeconds: number): number {
  return run.bytes / Math.max(run.seconds - startupSeconds, run.seconds / 20);
}
