import { formatDuration, formatPercent } from '../../codec/units.ts';
import { failedShare, type JobRecord, type JobRecords, NEW_RECORD, trustOf } from './conduct.ts';
import { JOBS, type Job, type Specification, type Wishes } from './jobs.ts';
import { figureText, firstUnmet, type JobRules, RULES } from './requirements.ts';

/**
 * `forbidden`: the operator does not want it. `unasked`: the operator would have to ask for it. `demoted`: it was done
 * badly. `unfit`: the node cannot. `unearned`: it could, and has not shown long enough that it is to be relied on.
 */
export type Verdict = 'assigned' | 'forbidden' | 'unasked' | 'demoted' | 'unfit' | 'unearned';

export interface JobDecision {
  readonly job: Job;
  readonly verdict: Verdict;
  /** For people: why, in words. */
  readonly reason: string;
}

/** All that a decision is made from. */
export interface Situation {
  readonly specification: Specification;
  readonly wishes: Wishes;
  readonly records: JobRecords;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Which jobs a node is to do, each with the reason; one decision for each of {@link JOBS}, in that order. A node that is
 * better in some figure, and worse in none, has at least the same jobs. A request keeps a job at the lower of its two
 * thresholds and asks for those that are for askers only; it does not do away with what a job needs.
 */
export function decideJobs(situation: Situation): readonly JobDecision[] {
  const decided = new Map<Job, JobDecision>();
  for (const job of JOBS) decided.set(job, decide(job, situation, decided));
  return [...decided.values()];
}

function decide(job: Job, situation: Situation, decided: ReadonlyMap<Job, JobDecision>): JobDecision {
  const { specification, wishes, records, nowMs } = situation;
  const rules = RULES[job];
  const wish = wishes[job] ?? 'auto';
  const record = records[job] ?? NEW_RECORD;
  const no = (verdict: Verdict, reason: string): JobDecision => ({ job, verdict, reason });
  if (wish === 'forbid') return no('forbidden', 'the operator does not want it');
  if (rules.askedOnly && wish !== 'request') return no('unasked', 'done only where the operator asks for it');
  const { needs } = rules;
  if (needs !== undefined && decided.get(needs)?.verdict !== 'assigned') {
    return no('unfit', `needs the job “${needs}”, which it does not have`);
  }
  if (record.bannedUntilMs > nowMs) {
    return no(
      'demoted',
      `was done badly; it is tried again in ${formatDuration(record.bannedUntilMs - nowMs)}`,
    );
  }
  const isLenient = record.isHeld || wish === 'request';
  const unmet = firstUnmet(rules.requirements, specification, isLenient);
  if (unmet !== undefined) {
    const { figure, gain, keep } = unmet;
    const has = figureText(figure, Number(specification[figure]));
    if (figure === 'reachable') return no('unfit', has);
    return no('unfit', `needs ${figureText(figure, isLenient ? keep : gain)}; has ${has}`);
  }
  const missingMs = rules.trustMs - trustOf(records);
  if (missingMs > 0 && !record.isHeld) {
    return no('unearned', `fits; ${formatDuration(missingMs)} of other jobs done well are still to be shown`);
  }
  return no('assigned', assignedText(rules, specification, record, wish === 'request'));
}

function assignedText(
  rules: JobRules,
  specification: Specification,
  record: JobRecord,
  isAsked: boolean,
): string {
  const figures = rules.requirements.map(({ figure }) => figureText(figure, Number(specification[figure])));
  const share = failedShare(record);
  return [
    ...(isAsked ? ['the operator asks for it'] : []),
    ...figures,
    ...(share > 0 ? [`${formatPercent(share)} of it failed of late`] : []),
  ].join(', ');
}

/** The records after a decision: who has which job from now on. */
export function holdJobs(records: JobRecords, decisions: readonly JobDecision[]): JobRecords {
  return Object.fromEntries(
    decisions.map(({ job, verdict }) => [
      job,
      { ...(records[job] ?? NEW_RECORD), isHeld: verdict === 'assigned' },
    ]),
  );
}
