import type { SimRandom } from '../../../engine/runtime/sim/chance.ts';

/**
 * Round trips in milliseconds between ten cities, as measured by WonderProxy between its servers (“Miles per
 * Millisecond: A Look at the WonderProxy Network”, 2011; the published table of pings between cities, both directions
 * averaged, rounded). Order: Baltimore, Brisbane, Dallas, Fremont, Milan, Moscow, New York, Paris, Sydney, Zurich.
 * Within a city: 4 ms.
 */
const CITY_RTT_MS: readonly (readonly number[])[] = [
  [4, 239, 35, 80, 105, 141, 175, 98, 257, 114],
  [239, 4, 221, 175, 345, 362, 246, 337, 38, 347],
  [35, 221, 4, 44, 140, 169, 38, 131, 222, 128],
  [80, 175, 44, 4, 169, 212, 78, 176, 188, 167],
  [105, 345, 140, 169, 4, 67, 112, 21, 345, 11],
  [141, 362, 169, 212, 67, 4, 131, 56, 387, 60],
  [175, 246, 38, 78, 112, 131, 4, 78, 319, 101],
  [98, 337, 131, 176, 21, 56, 78, 4, 349, 108],
  [257, 38, 222, 188, 345, 387, 319, 349, 4, 345],
  [114, 347, 128, 167, 11, 60, 101, 108, 345, 4],
];

/**
 * What a home line adds at each end, both ways: log-normal with a median of 12 ms and a 95th percentile of about 40 ms,
 * as between fibre (about 10 ms), cable (about 20 ms) and DSL (about 40 ms) in the FCC's Measuring Broadband America.
 */
const ACCESS_MEDIAN_MS = 12;
const ACCESS_SIGMA = 0.73;
/** Of each way, by chance for every datagram. */
const JITTER_SHARE = 0.1;

/** Where a node is: a city and its own line. */
export interface Place {
  readonly city: number;
  readonly accessMs: number;
}

/** A place by chance; cities are equally likely. */
export function drawPlace(random: SimRandom): Place {
  const a = Math.max(1e-9, random.fraction());
  const normal = Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * random.fraction());
  return {
    city: random.below(CITY_RTT_MS.length),
    accessMs: ACCESS_MEDIAN_MS * Math.exp(ACCESS_SIGMA * normal),
  };
}

/** Milliseconds of a round trip between two places, without jitter. */
export function rttMs(a: Place, b: Place): number {
  return CITY_RTT_MS[a.city]![b.city]! + a.accessMs + b.accessMs;
}

/** Milliseconds that one datagram takes. */
export function oneWayMs(a: Place, b: Place, random: SimRandom): number {
  return (rttMs(a, b) / 2) * (1 + JITTER_SHARE * random.fraction());
}
