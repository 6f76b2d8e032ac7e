import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Contest, PeersResult } from './types.ts';

const SCHEMA = 'allium bench peers 1';

/** Reads a result file; undefined when there is none. Throws when it is something else. */
export function readResult(path: string): PeersResult | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const result = JSON.parse(text) as Partial<PeersResult>;
  if (result.schema !== SCHEMA || !Array.isArray(result.contests))
    throw new Error(`${path} is not a result of bench:peers`);
  return result as PeersResult;
}

/** Writes the result file in one step: a run that is interrupted leaves the one before or the one after. */
export function writeResult(path: string, result: PeersResult): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(result, roundNumber, 1)}\n`);
  renameSync(`${path}.new`, path);
}

/** The contests of an earlier result, with those of the same name replaced and new ones put where they belong. */
export function mergeContests(before: readonly Contest[], after: readonly Contest[]): readonly Contest[] {
  const byId = new Map([...before, ...after].map((contest) => [contest.id, contest]));
  const order = ['verify', 'create', 'seed', 'download'];
  return [...byId.values()].toSorted((a, b) => order.indexOf(a.section) - order.indexOf(b.section));
}

/** A new result over an earlier one: machine and options of the new, contests and notes of both. */
export function mergeResults(before: PeersResult | undefined, after: PeersResult): PeersResult {
  if (before === undefined) return after;
  return {
    ...after,
    versions: { ...before.versions, ...after.versions },
    calibrations: [...before.calibrations, ...after.calibrations],
    contests: mergeContests(before.contests, after.contests),
    skipped: [...new Set([...before.skipped, ...after.skipped])],
  };
}

/** Seven digits are more than any of it is worth. */
function roundNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}
