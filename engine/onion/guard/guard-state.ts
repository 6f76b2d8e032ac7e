import { createHash } from 'node:crypto';
import { failure, type Result, success } from '../directory/result.ts';
import { SAMPLE_HARD_MAX } from './guard-params.ts';
import { type GuardRecord, guardRecord } from './guard-types.ts';
import type { PathBiasCounts } from './path-bias.ts';

/** A guard as it is kept on disk. Times are Unix milliseconds; null: never. */
export interface SavedGuard {
  readonly fingerprint: string;
  readonly addedMs: number;
  readonly isListed: boolean;
  readonly unlistedSinceMs: number | null;
  readonly confirmedMs: number | null;
  /** Place among the confirmed ones, from 0; null: not confirmed. */
  readonly confirmedIndex: number | null;
  readonly bias: PathBiasCounts;
}

/** What is kept on disk, in the order of sampling. `digest` notices damage: SHA-256 over the JSON of `guards`, hex. */
export interface GuardState {
  readonly version: 1;
  readonly guards: readonly SavedGuard[];
  readonly digest: string;
}

/** What is to be kept of a sample. */
export function saveGuardState(
  sampled: readonly GuardRecord[],
  confirmed: readonly GuardRecord[],
): GuardState {
  const guards = sampled.map((record): SavedGuard => {
    const index = confirmed.indexOf(record);
    return {
      fingerprint: record.fingerprint,
      addedMs: record.addedMs,
      isListed: record.isListed,
      unlistedSinceMs: record.unlistedSinceMs ?? null,
      confirmedMs: record.confirmedMs ?? null,
      confirmedIndex: index < 0 ? null : index,
      bias: { ...record.bias },
    };
  });
  return { version: 1, guards, digest: digestOf(guards) };
}

/**
 * Reads what was kept. The reason names what is wrong: a version that is not known, damage, or values that no run can
 * have written. Moments that lie in the future, from a clock that was wrong, become `nowMs`.
 */
export function readGuardState(
  state: unknown,
  nowMs: number,
): Result<{ readonly sampled: readonly GuardRecord[]; readonly confirmed: readonly GuardRecord[] }> {
  if (!isRecord(state)) return failure('the saved guards are damaged: not an object');
  if (state['version'] !== 1)
    return failure(`the saved guards are of version ${String(state['version'])}, not 1`);
  const { guards } = state;
  if (!Array.isArray(guards)) return failure('the saved guards are damaged: no list');
  if (guards.length > SAMPLE_HARD_MAX) return failure(`more than ${SAMPLE_HARD_MAX} guards are saved`);
  if (state['digest'] !== digestOf(guards))
    return failure('the saved guards were changed or damaged: wrong digest');
  const sampled: GuardRecord[] = [];
  const confirmed: GuardRecord[] = [];
  for (const entry of guards as readonly unknown[]) {
    const guard = readGuard(entry, nowMs);
    if (typeof guard === 'string') return failure(`the saved guards are damaged: ${guard}`);
    if (sampled.some((other) => other.fingerprint === guard.record.fingerprint)) {
      return failure(`the saved guards are damaged: ${guard.record.fingerprint} is there twice`);
    }
    sampled.push(guard.record);
    if (guard.confirmedIndex === null) continue;
    if (confirmed[guard.confirmedIndex] !== undefined)
      return failure('the saved guards are damaged: their order');
    confirmed[guard.confirmedIndex] = guard.record;
  }
  for (let i = 0; i < confirmed.length; i++) {
    if (confirmed[i] === undefined) return failure('the saved guards are damaged: their order has gaps');
  }
  return success({ sampled, confirmed });
}

function digestOf(guards: unknown): string {
  return createHash('sha256').update(JSON.stringify(guards)).digest('hex');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The record, or what is wrong with it. */
function readGuard(
  entry: unknown,
  nowMs: number,
): { readonly record: GuardRecord; readonly confirmedIndex: number | null } | string {
  if (!isRecord(entry)) return 'a guard is not an object';
  const { fingerprint, addedMs, isListed, unlistedSinceMs, confirmedMs, confirmedIndex, bias } = entry;
  if (typeof fingerprint !== 'string' || !/^[0-9A-F]{40}$/.test(fingerprint))
    return 'a fingerprint that is none';
  if (!isTime(addedMs)) return `${fingerprint} has no time of sampling`;
  if (typeof isListed !== 'boolean') return `${fingerprint} is neither listed nor unlisted`;
  if (unlistedSinceMs !== null && !isTime(unlistedSinceMs))
    return `${fingerprint} has a bad time of unlisting`;
  if (confirmedMs !== null && !isTime(confirmedMs)) return `${fingerprint} has a bad time of first use`;
  const isPlace = Number.isInteger(confirmedIndex) && (confirmedIndex as number) >= 0;
  const isPlaceGood = isPlace && (confirmedIndex as number) < SAMPLE_HARD_MAX;
  if ((confirmedMs === null) !== (confirmedIndex === null) || (confirmedIndex !== null && !isPlaceGood)) {
    return `${fingerprint} has a bad place among the confirmed ones`;
  }
  const counts = readBias(bias);
  if (counts === undefined) return `${fingerprint} has bad counts`;
  const record = guardRecord(fingerprint, Math.min(addedMs, nowMs), counts);
  record.isListed = isListed;
  record.unlistedSinceMs = unlistedSinceMs === null ? undefined : Math.min(unlistedSinceMs, nowMs);
  record.confirmedMs = confirmedMs === null ? undefined : Math.min(confirmedMs, nowMs);
  return { record, confirmedIndex: confirmedIndex as number | null };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function readBias(bias: unknown): PathBiasCounts | undefined {
  if (!isRecord(bias)) return undefined;
  const { buildAttempts, buildSuccesses, useAttempts, useSuccesses } = bias;
  if (!isTime(buildAttempts) || !isTime(buildSuccesses) || !isTime(useAttempts) || !isTime(useSuccesses)) {
    return undefined;
  }
  if (buildSuccesses > buildAttempts || useSuccesses > useAttempts) return undefined;
  return { buildAttempts, buildSuccesses, useAttempts, useSuccesses };
}
