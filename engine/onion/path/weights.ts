import { RELAY_FLAGS } from '../directory/consensus-types.ts';
import { type ConsensusParams, readParam } from '../flow/consensus-param.ts';

/** Where in a path a relay is used. */
export type Position = 'guard' | 'middle' | 'exit';

/** What the authorities multiply bandwidths by when they weight a position: `bwweightscale`. */
export function weightScale(params: ConsensusParams): number {
  return readParam(params, 'bwweightscale', { fallback: 10_000, min: 1, max: 2 ** 31 - 1 });
}

const LETTER = { guard: 'g', middle: 'm', exit: 'e' } as const;

/**
 * The factor for a relay in a position, by its Guard and Exit flags: `Wgg`, `Wmd`, `Wee` … over the scale. A relay
 * with BadExit counts as no exit. A weight that is missing or malformed counts as 1 (path-spec 2.2).
 */
export function weightFactor(
  weights: ReadonlyMap<string, number>,
  scale: number,
  position: Position,
  flags: number,
): number {
  const isGuard = (flags & RELAY_FLAGS.Guard) !== 0;
  const isExit = (flags & RELAY_FLAGS.Exit) !== 0 && (flags & RELAY_FLAGS.BadExit) === 0;
  const kind = isGuard && isExit ? 'd' : isGuard ? 'g' : isExit ? 'e' : 'm';
  const weight = weights.get(`W${LETTER[position]}${kind}`);
  return weight === undefined || !(weight >= 0) || weight > scale ? 1 : weight / scale;
}
