import type { GuardAttempt, GuardRecord } from './guard-types.ts';

/** Whether guard `a` would rather be used than `b`. guard-spec 4.3, “higher priority”. */
export function isHigherPriority(
  a: GuardRecord | undefined,
  b: GuardRecord | undefined,
  confirmed: readonly GuardRecord[],
): boolean {
  if (a === undefined || b === undefined || a === b) return a !== undefined && b === undefined;
  if (a.confirmedMs !== undefined || b.confirmedMs !== undefined) {
    if (a.confirmedMs === undefined || b.confirmedMs === undefined) return a.confirmedMs !== undefined;
    return confirmed.indexOf(a) < confirmed.indexOf(b);
  }
  if (a.isPending !== b.isPending) return a.isPending;
  return (a.lastTriedMs ?? 0) < (b.lastTriedMs ?? 0);
}

/**
 * Whether a waiting circuit has to go on waiting: another one that could serve in its place has a better guard and is
 * complete, waits as well, or was begun so recently that it may still answer. guard-spec 4.9.
 */
export function isBlocked(
  attempt: GuardAttempt,
  others: Iterable<GuardAttempt>,
  terms: {
    readonly betterGuardWaitMs: number;
    readonly nowMs: number;
    readonly isBetter: (a: GuardAttempt, b: GuardAttempt) => boolean;
  },
): boolean {
  for (const other of others) {
    if (other === attempt || !attempt.isAllowed(other.fingerprint)) continue;
    const isInTime = terms.nowMs - other.sinceMs <= terms.betterGuardWaitMs;
    const isRival =
      other.state === 'complete' ||
      other.state === 'waiting' ||
      (other.state === 'usable-if-no-better' && isInTime);
    if (isRival && terms.isBetter(other, attempt)) return true;
  }
  return false;
}
