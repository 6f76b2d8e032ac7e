import type { Job } from './jobs.ts';

/** How a job went since it was last told of: what was done for others, and what failed though it was ours to do. */
export interface Conduct {
  readonly job: Job;
  readonly done: number;
  readonly failed: number;
}

/** What is remembered of how one job is done. Plain data, to be kept over restarts. */
export interface JobRecord {
  /** Of late; older ones count less. */
  readonly done: number;
  readonly failed: number;
  /** Time spent doing it well, milliseconds; falls to half with each demotion. */
  readonly goodMs: number;
  readonly isHeld: boolean;
  /** Unix milliseconds until which it is not given again; 0: nothing stands in the way. */
  readonly bannedUntilMs: number;
  /** Demotions that are not forgiven yet. */
  readonly strikes: number;
}

export type JobRecords = Readonly<Partial<Record<Job, JobRecord>>>;

export const NEW_RECORD: JobRecord = {
  ...{ done: 0, failed: 0, goodMs: 0 },
  ...{ isHeld: false, bannedUntilMs: 0, strikes: 0 },
};

/** What is told counts half after so long. */
const HALF_LIFE_MS = 3_600_000;
/** Fewer events say nothing. */
const EVENTS_MIN = 20;
/** More failures than this, and the job is taken away … */
const FAILED_SHARE_MAX = 0.2;
/** … for so long at first, twice as long each further time … */
const BAN_MS = 3_600_000;
const BAN_MS_MAX = 7 * 24 * 3_600_000;
/** … until one was good for so long. */
const FORGIVEN_AFTER_MS = 7 * 24 * 3_600_000;
/** Below this a time counts as spent well. */
const GOOD_SHARE_MAX = 0.05;
/** Time between two reports beyond this was not spent working. */
const GAP_MS_MAX = 600_000;

/** The share of failures of late, 0 to 1; 0 as long as there are too few events to tell. */
export function failedShare(record: JobRecord): number {
  const events = record.done + record.failed;
  return events < EVENTS_MIN ? 0 : record.failed / events;
}

/** Whether it is done so badly that it is to be taken away. */
export function isDoneBadly(record: JobRecord): boolean {
  return failedShare(record) > FAILED_SHARE_MAX;
}

/**
 * The record after another report. A job that is held and done badly is taken away for a while; events before that are
 * forgotten, so that the next trial is judged by itself.
 */
export function noteConduct(
  record: JobRecord,
  conduct: Pick<Conduct, 'done' | 'failed'>,
  nowMs: number,
  sinceMs: number,
): JobRecord {
  const elapsedMs = Math.max(0, nowMs - sinceMs);
  const keep = 0.5 ** (elapsedMs / HALF_LIFE_MS);
  const next: JobRecord = {
    ...record,
    done: record.done * keep + Math.max(0, conduct.done),
    failed: record.failed * keep + Math.max(0, conduct.failed),
  };
  if (!record.isHeld) return next;
  if (isDoneBadly(next)) {
    const banMs = Math.min(BAN_MS_MAX, BAN_MS * 2 ** record.strikes);
    const strikes = record.strikes + 1;
    return { ...NEW_RECORD, goodMs: record.goodMs / 2, strikes, bannedUntilMs: nowMs + banMs };
  }
  if (failedShare(next) > GOOD_SHARE_MAX) return next;
  const goodMs = record.goodMs + Math.min(elapsedMs, GAP_MS_MAX);
  const spells = Math.floor(goodMs / FORGIVEN_AFTER_MS) - Math.floor(record.goodMs / FORGIVEN_AFTER_MS);
  return { ...next, goodMs, strikes: Math.max(0, record.strikes - spells) };
}

/** What a node has earned: the time that it has done its best job well, milliseconds. */
export function trustOf(records: JobRecords): number {
  return Object.values(records).reduce((most, { goodMs }) => Math.max(most, goodMs), 0);
}
