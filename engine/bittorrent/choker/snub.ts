import { CHOKER_DEFAULTS } from './types.ts';

/**
 * BEP 3: over a minute without a block from a peer that was asked for some means it snubs this side. `waitingSinceMs`:
 * when the last block came, or the requests were sent if that is later; undefined while nothing is asked for.
 */
export function isSnubbed(
  waitingSinceMs: number | undefined,
  nowMs: number,
  snubMs: number = CHOKER_DEFAULTS.snubMs,
): boolean {
  return waitingSinceMs !== undefined && nowMs - waitingSinceMs >= snubMs;
}
