import type { GuardConsensus } from './guard-types.ts';

/**
 * Which of two samples a client lives from, kept apart from each other. `default`: sampled from all guards of the
 * network, whatever the settings say. `restricted`: sampled from those that the settings allow, where these are few.
 */
export type GuardSelection = 'default' | 'restricted';

/** guard-spec A.1, MEANINGFUL_RESTRICTION_FRAC: fewer of the guards than this allowed, and they get a sample of their own. */
const MEANINGFUL_PART = 0.2;
/** Beyond the threshold by this part of it before a client goes from one sample to the other: no coming and going. */
const HYSTERESIS = 0.05;

/**
 * The sample to live from with this consensus and these settings; `previous` is the one it was until now. A consensus
 * that is not valid decides nothing. guard-spec, “selecting the guard state instance”.
 */
export function chooseGuardSelection(
  previous: GuardSelection | undefined,
  consensus: GuardConsensus,
): GuardSelection {
  const { candidates, isLive } = consensus;
  if (!isLive || candidates.length === 0) return previous ?? 'default';
  const allowed = candidates.filter(({ isAllowed }) => isAllowed).length;
  const threshold = candidates.length * MEANINGFUL_PART;
  if (previous === 'default') {
    return allowed < Math.floor(threshold * (1 - HYSTERESIS)) ? 'restricted' : 'default';
  }
  const least = previous === undefined ? threshold : threshold * (1 + HYSTERESIS);
  return allowed < Math.floor(least) ? 'restricted' : 'default';
}
