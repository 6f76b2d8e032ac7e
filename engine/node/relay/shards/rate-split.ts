import type { TrafficRate } from '../traffic-gate.ts';

/** What a shard moved of late. */
export interface RateDemand {
  /** In the busier direction. */
  readonly bytesPerSec: number;
  /** Whether connections had to wait for the limit. */
  readonly isHeld: boolean;
}

/** A shard with little to do may begin at once with this part of an equal share. */
const FLOOR = 0.25;
/** What is moved may grow by this much before it is held. */
const GROWTH = 1.5;

/**
 * Divides the rate of a relay among its shards by what they need: those that want less than an equal share leave the
 * rest to the others. The sum is the whole rate, never more.
 */
export function splitRate(rate: TrafficRate, demands: readonly RateDemand[]): readonly TrafficRate[] {
  const { bytesPerSec, burstBytes } = rate;
  const equal = bytesPerSec / demands.length;
  const wanted = demands.map(({ bytesPerSec: moved, isHeld }) =>
    isHeld ? Number.POSITIVE_INFINITY : Math.max(equal * FLOOR, moved * GROWTH),
  );
  const shares = fill(bytesPerSec, wanted);
  const left = bytesPerSec - shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => {
    const own = share + left / demands.length;
    return { bytesPerSec: own, burstBytes: (burstBytes * own) / bytesPerSec };
  });
}

/** Nobody gets more than is wanted, and nobody less than somebody else who wants more. */
function fill(total: number, wanted: readonly number[]): readonly number[] {
  const shares = wanted.map(() => 0);
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  let left = total;
  for (const [done, i] of order.entries()) {
    const share = Math.min(wanted[i]!, left / (order.length - done));
    shares[i] = share;
    left -= share;
  }
  return shares;
}
