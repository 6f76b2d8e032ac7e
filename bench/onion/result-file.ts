import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Contest, type OnionResult, SECTIONS } from './types.ts';

const SCHEMA = 'allium bench onion 1';

/** Reads a result file; undefined when there is none. Throws when it is something else. */
export function readResult(path: string): OnionResult | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const result = JSON.parse(text) as Partial<OnionResult>;
  if (result.schema !== SCHEMA || !Array.isArray(result.contests))
    throw new Error(`${path} is not a result of bench:onion`);
  return result as OnionResult;
}

/** Writes the result file in one step: a run that is interrupted leaves the one before or the one after. */
export function writeResult(path: string, result: OnionResult): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(result, roundNumber, 1)}\n`);
  renameSync(`${path}.new`, path);
}

/** The contests of an earlier result, those of the same name replaced, in the order of the sections. */
export function mergeContests(before: readonly Contest[], after: readonly Contest[]): readonly Contest[] {
  const byId = new Map([...before, ...after].map((contest) => [contest.id, contest]));
  return [...byId.values()].toSorted((a, b) => SECTIONS.indexOf(a.section) - SECTIONS.indexOf(b.section));
}

/** A new result over an earlier one: machine and options of the new, contests of both. */
export function mergeResults(before: OnionResult | undefined, after: OnionResult): OnionResult {
  return before === undefined
    ? after
    : { ...after, contests: mergeContests(before.contests, after.contests) };
}

/** Seven digits are more than any of it is worth. */
function roundNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}
