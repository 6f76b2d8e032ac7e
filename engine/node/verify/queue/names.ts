import { hostname } from 'node:os';

/** Where jobs lie: `allium:verify:…`. */
export const QUEUE_PREFIX = 'allium';
export const QUEUE_NAME = 'verify';

/** Jobs of one run that wait or are in work at once. */
export const JOBS_MAX = 512;
/** Of one job; a larger one (thousands of tiny files) is done where it was planned. */
export const JOB_BYTES_MAX = 256 * 1024;
/** Of all jobs of one run together. */
export const JOB_BYTES_ALL_MAX = 16 * 1024 * 1024;
/** Answers that nobody has fetched: so many, so long. */
export const ANSWERS_KEPT = { count: 4096, age: 3600 } as const;
/** Notices about jobs that the queue keeps. */
export const NOTICES_MAX = 2_000;
/** A process whose jobs are not heard of for so long has lost them to others. */
export const RETAKE_MS = 15_000;

/** What a worker is called: `HOST/PID/THREADS`. */
export function workerName(threadCount: number): string {
  return `${hostname().replace(/[^\w.-]/g, '_')}/${process.pid}/${threadCount}`;
}

/** Threads of a worker, from its name; 1 when it does not say. */
export function threadsOf(name: string): number {
  const threads = Number(/\/(\d{1,4})$/.exec(name)?.[1]);
  return Number.isInteger(threads) && threads > 0 ? threads : 1;
}
