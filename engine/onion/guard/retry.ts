const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Step {
  /** As long as the guard has been failing for less than this. */
  readonly untilMs: number;
  readonly primaryMs: number;
  readonly otherMs: number;
}

/** guard-spec, PRIMARY_GUARDS_RETRY_SCHED and GUARDS_RETRY_SCHED. */
const STEPS: readonly Step[] = [
  { untilMs: 6 * HOUR, primaryMs: 10 * MINUTE, otherMs: HOUR },
  { untilMs: 96 * HOUR, primaryMs: 90 * MINUTE, otherMs: 4 * HOUR },
  { untilMs: 168 * HOUR, primaryMs: 4 * HOUR, otherMs: 18 * HOUR },
  { untilMs: Number.POSITIVE_INFINITY, primaryMs: 9 * HOUR, otherMs: 36 * HOUR },
];

/** How long after the last try a guard that failed is tried again, given for how long it has been failing. */
export function retryAfterMs(failingForMs: number, isPrimary: boolean): number {
  const step = STEPS.find(({ untilMs }) => failingForMs < untilMs) ?? STEPS.at(-1)!;
  return isPrimary ? step.primaryMs : step.otherMs;
}
