import type { Random } from '../../runtime/port.ts';
import type { Consensus } from './consensus-types.ts';

/** What of a consensus tells when the next one is to be fetched. */
type Lifetime = Pick<Consensus, 'validAfterMs' | 'freshUntilMs' | 'validUntilMs'>;

/** A cache waits this long for the authorities, or a sixteenth of the interval when that is shorter. */
const CACHE_DELAY_MS = 120_000;

/**
 * When to fetch the next consensus (Unix milliseconds), at random so that not all ask at once. A cache: within the first
 * half of the interval after fresh-until. A client: between three quarters of the interval after fresh-until and seven
 * eighths of the time that is left then. dir-spec, downloading network-status documents.
 */
export function nextConsensusFetchMs(lifetime: Lifetime, role: 'client' | 'cache', random: Random): number {
  const intervalMs = lifetime.freshUntilMs - lifetime.validAfterMs;
  const startMs =
    lifetime.freshUntilMs +
    (role === 'cache' ? Math.min(CACHE_DELAY_MS, intervalMs / 16) : (intervalMs * 3) / 4);
  const leftMs = Math.max(0, lifetime.validUntilMs - startMs);
  const windowMs = role === 'cache' ? intervalMs / 2 : (leftMs * 7) / 8;
  return Math.floor(startMs) + random.below(Math.max(1, Math.min(Math.floor(windowMs), 2 ** 32 - 1)));
}
