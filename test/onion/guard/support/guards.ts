import { GuardManager } from '../../../../engine/onion/guard/guard-manager.ts';
import { guardParams } from '../../../../engine/onion/guard/guard-params.ts';
import type { GuardTerms } from '../../../../engine/onion/guard/guard-sample.ts';
import type { GuardCandidate, GuardConsensus } from '../../../../engine/onion/guard/guard-types.ts';
import { pathBiasParams } from '../../../../engine/onion/guard/path-bias.ts';
import { seededRandom } from '../../../bittorrent/support/seeded-random.ts';
import { fingerprintOf } from '../../path/support/relays.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A moment to begin at. */
export const START_MS = 1_800_000_000_000;

/** Terms of a consensus with these parameters. */
export function termsOf(params: Readonly<Record<string, number>> = {}): GuardTerms {
  const map = new Map(Object.entries(params));
  return { guards: guardParams(map), bias: pathBiasParams(map) };
}

/** Guards number first … first + count − 1, all of one weight. */
export function candidates(count: number, first = 0): readonly GuardCandidate[] {
  return Array.from({ length: count }, (_, index) => ({
    fingerprint: fingerprintOf(first + index),
    weight: 100,
    isAllowed: true,
    hasDescriptor: true,
  }));
}

/** A live consensus of these guards. */
export function live(list: readonly GuardCandidate[]): GuardConsensus {
  return { isLive: true, candidates: list };
}

/** A manager that has seen a consensus of `count` guards at {@link START_MS}. */
export function managerOf(
  count: number,
  seed = 1,
  params: Readonly<Record<string, number>> = {},
): GuardManager {
  const manager = new GuardManager(termsOf(params), { random: seededRandom(seed) });
  manager.update(live(candidates(count)), START_MS);
  return manager;
}

/** Tries guards until one of `isUp` answers; the fingerprints tried. Each failure takes a second. */
export function connect(
  manager: GuardManager,
  nowMs: number,
  isUp: (fingerprint: string) => boolean,
  triesMax = 200,
): readonly string[] {
  const tried: string[] = [];
  for (let i = 0; i < triesMax; i++) {
    const attempt = manager.select(nowMs + i * 1000, 'traffic');
    if (attempt === undefined) return tried;
    tried.push(attempt.fingerprint);
    if (isUp(attempt.fingerprint)) {
      manager.succeed(attempt, nowMs + i * 1000);
      manager.close(attempt, nowMs + i * 1000);
      return tried;
    }
    manager.fail(attempt, nowMs + i * 1000);
  }
  return tried;
}
