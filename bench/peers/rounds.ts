import { reasonOf } from '../support/reason.ts';
import type { Context } from './context.ts';
import type { Contestant } from './programs/program.ts';
import type { Contest, Row, Run, Side } from './types.ts';

/** A rival that takes this many times as long as the fastest program has told enough after {@link SLOW_RUNS} runs. */
const SLOW_FACTOR = 2;
const SLOW_RUNS = 3;

/** What a contest is about. */
export type ContestFacts = Pick<Contest, 'id' | 'section' | 'title' | 'about' | 'payloadBytes'>;

/** A contestant with what it takes to run it once. */
export interface Entry {
  readonly contestant: Contestant;
  readonly startupSeconds?: number;
  readonly checked: boolean;
  run(): Promise<Run>;
}

/**
 * Lets all entries run by turns: A B C, A B C, … A program that fails is not asked again, one that is several times
 * slower than the fastest has fewer turns. The contest is handed over as it stands after every round.
 */
export async function takeTurns(
  facts: ContestFacts,
  entries: readonly Entry[],
  ceiling: Contest['ceiling'],
  context: Context,
): Promise<Contest> {
  context.say(`${facts.title}`);
  const runs = entries.map((): Run[] => []);
  const sides = entries.map(({ contestant }) => contestant.side);
  const errors = new Map<number, string>();
  let contest: Contest = { ...facts, rows: [], takenAt: new Date().toISOString() };
  for (let round = 0; round < context.options.runs; round += 1) {
    for (const [index, entry] of entries.entries()) {
      if (errors.has(index) || isSlow(runs, sides, index)) continue;
      try {
        const run = await entry.run();
        runs[index]!.push(run);
        context.say(`  ${entry.contestant.name}: ${runLine(run)}`);
      } catch (error) {
        errors.set(index, reasonOf(error));
        context.say(`  ${entry.contestant.name}: ${errors.get(index)}`);
      }
    }
    const rows = entries.map((entry, index) => rowOf(entry, runs[index]!, errors.get(index)));
    contest = { ...facts, ...(ceiling && { ceiling }), rows, takenAt: new Date().toISOString() };
    context.keep(contest);
  }
  return contest;
}

/** Whether the rival has had enough turns, being so much slower than the fastest. Ceilings do not count. */
export function isSlow(runs: readonly (readonly Run[])[], sides: readonly Side[], index: number): boolean {
  const own = runs[index] ?? [];
  if (sides[index] !== 'rival' || own.length < SLOW_RUNS) return false;
  const programs = runs.filter((_, each) => sides[each] !== 'ceiling');
  const best = Math.min(...programs.flat().map(secondsPerByte));
  return Math.min(...own.map(secondsPerByte)) > SLOW_FACTOR * best;
}

function secondsPerByte(run: Run): number {
  return run.seconds / run.bytes;
}

function rowOf(entry: Entry, runs: readonly Run[], error: string | undefined): Row {
  const { name: program, side, setting } = entry.contestant;
  const { startupSeconds, checked } = entry;
  return {
    ...{ program, side, setting, runs: [...runs], checked: checked && runs.length > 0 },
    ...(startupSeconds === undefined ? {} : { startupSeconds }),
    ...(error === undefined ? {} : { error }),
  };
}

function runLine(run: Run): string {
  const parts = [
    `${(run.bytes / 1e6 / run.seconds).toFixed(0)} MB/s`,
    `${((run.cpuSeconds / run.bytes) * 1e9).toFixed(2)} CPU s/GB`,
    `${(run.peakBytes / 2 ** 20).toFixed(0)} MiB`,
    ...(run.helperShare === undefined ? [] : [`helper ${(run.helperShare * 100).toFixed(0)} %`]),
    ...(run.otherCores > 0.1 ? [`others ${run.otherCores.toFixed(1)} cores`] : []),
    ...(run.stealShare > 0.02 ? [`steal ${(run.stealShare * 100).toFixed(0)} %`] : []),
  ];
  return parts.join(', ');
}
