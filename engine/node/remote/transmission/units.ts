/** Transmission counts speed in units of 1000 bytes. */
const KILO = 1_000;
/** The highest limit that is taken, in those units. */
export const KILO_MAX = 1_000_000_000;
/** A limit of nothing at all, as 0 means no limit inside. */
const NEXT_TO_NOTHING = 1;

export function kiloOf(bytesPerSec: number): number {
  return Math.round(bytesPerSec / KILO);
}

export function bytesOfKilo(kilo: number): number {
  return Math.max(NEXT_TO_NOTHING, Math.round(kilo * KILO));
}

/**
 * A limit from the two arguments it is made of; undefined: neither changes it. `now` is the limit there is (0: none).
 * Where it is switched on without a number there has to be one already: `defaultLimit` is used if there is none.
 */
export function limitOf(
  kilo: number | undefined,
  on: boolean | undefined,
  now: number,
  defaultLimit: number,
): number | undefined {
  if (on === false) return 0;
  if (kilo !== undefined && (on === true || now > 0)) return bytesOfKilo(kilo);
  return on === true && now === 0 ? defaultLimit : undefined;
}

export function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Transmission's three ways of a rule for seeds: as the session, of its own, none. */
export function modeOf(limit: number | undefined): 0 | 1 | 2 {
  if (limit === undefined) return 0;
  return limit === Number.POSITIVE_INFINITY ? 2 : 1;
}
