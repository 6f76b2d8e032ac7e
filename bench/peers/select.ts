import type { PeersOptions } from './options.ts';
import type { Contestant } from './programs/program.ts';

/** The contestants that `--programs` leaves: Allium always, ceilings always. */
export function wanted<T extends Contestant>(contestants: readonly T[], options: PeersOptions): readonly T[] {
  if (options.programs.length === 0) return contestants;
  const words = options.programs.map((word) => word.toLowerCase());
  return contestants.filter(
    ({ name, side }) => side !== 'rival' || words.some((word) => name.toLowerCase().includes(word)),
  );
}
