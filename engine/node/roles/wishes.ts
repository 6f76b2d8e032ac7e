import { JOBS, type Job, type Wish, type Wishes } from '../../society/roles/jobs.ts';

/**
 * The words of an operator as wishes: `exit` or `+exit` asks for a job, `-exit` (or `!exit`) forbids it, `=exit` leaves
 * it to the node. Undefined for a word that is none.
 */
export function parseWishes(words: readonly string[]): Wishes | undefined {
  const wishes: Partial<Record<Job, Wish>> = {};
  for (const word of words) {
    const name = word.replace(/^[-+!=]/, '');
    const job = JOBS.find((known) => known === name);
    if (job === undefined) return undefined;
    const isForbidden = word.startsWith('-') || word.startsWith('!');
    wishes[job] = isForbidden ? 'forbid' : word.startsWith('=') ? 'auto' : 'request';
  }
  return wishes;
}
