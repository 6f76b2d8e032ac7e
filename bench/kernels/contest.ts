/** Two ways to do the same work, measured in turn in one process. */
export interface Contest {
  readonly what: string;
  /** The least that `rival time / our time` should be. */
  readonly target: number;
  /** Which twin or build `ours` is. */
  readonly choice: string;
  readonly ours: () => void;
  readonly rival: () => void;
}

/** Times in microseconds for one round of each; the ratio is the median of the ratios of neighbours. */
export interface ContestResult {
  readonly what: string;
  readonly choice: string;
  readonly target: number;
  readonly oursUs: number;
  readonly rivalUs: number;
  readonly ratio: number;
  readonly pairs: number;
}

const WARM_UP_MS = 300;

/** Runs both in turn, A B B A, until `durationMs` is over and at least five pairs are there. */
export function runContest(contest: Contest, durationMs: number): ContestResult {
  const ours: number[] = [];
  const rival: number[] = [];
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) {
    contest.ours();
    contest.rival();
  }
  const until = performance.now() + durationMs;
  while (performance.now() < until || ours.length < 5) {
    const oursFirst = ours.length % 2 === 0;
    if (oursFirst) ours.push(timeUs(contest.ours));
    rival.push(timeUs(contest.rival));
    if (!oursFirst) ours.push(timeUs(contest.ours));
  }
  return {
    what: contest.what,
    choice: contest.choice,
    target: contest.target,
    oursUs: middle(ours),
    rivalUs: middle(rival),
    ratio: middle(ours.map((time, i) => rival[i]! / time)),
    pairs: ours.length,
  };
}

function timeUs(action: () => void): number {
  const from = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - from) / 1000;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
