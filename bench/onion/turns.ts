import { reasonOf } from '../support/reason.ts';
import type { Contest, Row, Run } from './types.ts';

/** A contestant with what it takes to run it once. */
export interface Entry extends Pick<Row, 'program' | 'side' | 'setting'> {
  run(): Promise<Run>;
}

/** What a contest is about. */
export type ContestFacts = Omit<Contest, 'rows' | 'takenAt'>;

export interface TurnModules {
  readonly say: (line: string) => void;
  /** Takes over the contest as it stands after every round. */
  readonly keep: (contest: Contest) => void;
}

/** Lets all entries run by turns: A B C, A B C, … One that fails is not asked again. */
export async function takeTurns(
  facts: ContestFacts,
  entries: readonly Entry[],
  rounds: number,
  modules: TurnModules,
): Promise<void> {
  modules.say(facts.title);
  const runs = entries.map((): Run[] => []);
  const errors = new Map<number, string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, entry] of entries.entries()) {
      if (errors.has(index)) continue;
      try {
        const run = await entry.run();
        runs[index]!.push(run);
        modules.say(`  ${nameOf(entry)}: ${runText(facts, run)}`);
      } catch (error) {
        errors.set(index, reasonOf(error));
        modules.say(`  ${nameOf(entry)}: ${errors.get(index)}`);
      }
    }
    const rows = entries.map(({ program, side, setting }, index): Row => {
      const error = errors.get(index);
      return { program, side, setting, runs: [...runs[index]!], ...(error === undefined ? {} : { error }) };
    });
    modules.keep({ ...facts, rows, takenAt: new Date().toISOString() });
  }
}

/** The program with what it was told. */
export function nameOf({ program, setting }: Pick<Row, 'program' | 'setting'>): string {
  return setting === '' ? program : `${program}, ${setting}`;
}

function runText(facts: ContestFacts, run: Run): string {
  const figures = facts.columns
    .filter(({ key }) => run[key] !== undefined)
    .map(({ key, title, unit, digits }) => `${title} ${((run[key] ?? 0) / unit).toFixed(digits)}`);
  const steal = run['stealShare'] ?? 0;
  return [...figures, ...(steal > 0.02 ? [`steal ${(steal * 100).toFixed(0)} %`] : [])].join(', ');
}
