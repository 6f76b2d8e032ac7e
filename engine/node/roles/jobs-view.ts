import type { JobDecision, Verdict } from '../../society/roles/decide.ts';
import { JOBS, type Job, type Specification, type Wish, type Wishes } from '../../society/roles/jobs.ts';
import { type Figure, figureText } from '../../society/roles/requirements.ts';

/** `doing`: now. `fitting`: it could, and `how` says what is missing. `off`: it does not. */
export type JobState = 'doing' | 'fitting' | 'off';

export interface JobRow {
  readonly job: Job;
  readonly state: JobState;
  readonly verdict: Verdict;
  readonly wish: Wish;
  /** Why the verdict is as it is. */
  readonly reason: string;
  /** What the operator can do to have it done; empty when nothing is to be done. */
  readonly how: string;
}

/** The jobs of a node, as plain data: what `/api/jobs` answers. */
export interface JobsView {
  /** Unix milliseconds; 0: not yet. */
  readonly measuredAtMs: number;
  readonly specification: Specification;
  readonly jobs: readonly JobRow[];
}

/** What the node does at this moment. */
export interface Doing {
  readonly dhtNodes: number;
  readonly superSeeded: number;
}

const ELSEWHERE: Readonly<Partial<Record<Job, string>>> = {
  tracker: 'start it with: allium tracker',
  relay: 'start it with: allium relay --config FILE',
  guard: 'directories make a relay one; start it with: allium relay --config FILE',
  exit: 'start it with: allium relay --config FILE, whose exit policy says what may leave',
};

export function jobRow(decision: JobDecision, wish: Wish, doing: Doing): JobRow {
  const { job, verdict, reason } = decision;
  const row = { job, verdict, reason, wish };
  if (verdict !== 'assigned') return { ...row, state: 'off', how: adviceFor(job, verdict) };
  if (job === 'seeder') return { ...row, state: 'doing', how: '' };
  if (job === 'super-seeder') {
    return doing.superSeeded > 0
      ? { ...row, state: 'doing', how: '' }
      : {
          ...row,
          state: 'fitting',
          how: 'no torrent needs it now: each has other seeds, or nobody who loads',
        };
  }
  if (job === 'dht') {
    return doing.dhtNodes > 0
      ? { ...row, state: 'doing', how: '' }
      : { ...row, state: 'fitting', how: 'name nodes to begin with: --dht-bootstrap HOST:PORT' };
  }
  return { ...row, state: 'fitting', how: ELSEWHERE[job] ?? '' };
}

function adviceFor(job: Job, verdict: Verdict): string {
  if (verdict === 'unasked') return `ask for it: "jobs": ["${job}"] in the settings`;
  if (verdict === 'forbidden') return `allow it: "jobs": ["=${job}"] in the settings`;
  return '';
}

const FIGURES: readonly Figure[] = [
  ...(['reachable', 'upBytesPerSec', 'downBytesPerSec', 'uptimeShare'] as const),
  ...(['knownMs', 'freeBytes', 'memoryBytes', 'cores'] as const),
];

/** For a shell: what was measured, then a line for each job. */
export function jobsText(view: JobsView): string {
  const { specification } = view;
  const figures = FIGURES.map((figure) => figureText(figure, Number(specification[figure])));
  const width = Math.max(...JOBS.map((job) => job.length));
  const lines = view.jobs.map(({ job, state, reason, how }) => {
    const more = how === '' ? '' : ` (${how})`;
    return `${state.padEnd(8)} ${job.padEnd(width)}  ${reason}${more}`;
  });
  return `This node: ${figures.join(', ')}.\n${lines.join('\n')}\n`;
}

/** Wishes of the settings count before those that were made while the node ran. */
export function joinWishes(remembered: Wishes, settings: Wishes): Wishes {
  return { ...remembered, ...settings };
}
