import { AlliumError } from '../../codec/error.ts';
import { pieceIndex } from '../units.ts';
import type { PieceRun } from './verdict.ts';

/**
 * Reads `10-20,33`: pieces from 0, both ends of a range included. The runs come back in order and joined.
 *
 * @throws AlliumError BAD_USAGE
 */
export function parsePieceList(text: string): PieceRun[] {
  const runs = text.split(',').map((part): PieceRun => {
    const match = /^\s*(\d{1,10})(?:\s*-\s*(\d{1,10}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) {
      throw new AlliumError('BAD_USAGE', `“${part.trim()}” is no piece and no range of pieces`, {
        advice: 'Pieces count from 0; give them such as --pieces 10-20,33.',
      });
    }
    return { first: pieceIndex(first), end: pieceIndex(last + 1) };
  });
  return joinRuns(runs);
}

/** The same pieces in order, with no run that touches the next. */
export function joinRuns(runs: readonly PieceRun[]): PieceRun[] {
  const joined: PieceRun[] = [];
  for (const run of runs.filter((run) => run.end > run.first).sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before !== undefined && run.first <= before.end) {
      joined[joined.length - 1] = { first: before.first, end: pieceIndex(Math.max(before.end, run.end)) };
    } else joined.push(run);
  }
  return joined;
}

/** `10–20, 33`: the other way round, for people. At most `runsMax` runs are spelt out. */
export function formatPieceRuns(runs: readonly PieceRun[], runsMax: number): string {
  const shown = runs
    .slice(0, runsMax)
    .map((run) => (run.end - run.first === 1 ? `${run.first}` : `${run.first}–${run.end - 1}`));
  if (runs.length > runsMax) shown.push(`… and ${runs.length - runsMax} more`);
  return shown.join(', ');
}
