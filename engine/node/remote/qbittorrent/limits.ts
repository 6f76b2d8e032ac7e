import type { SeedLimits } from '../../control/row.ts';
import type { Params } from './params.ts';

const MINUTE_MS = 60_000;

/** A rule as the protocol writes it: -2 as the node says, any other negative one never, absent as it was. */
function ruleOf(value: number | undefined, unit: number, before: number | undefined): number | undefined {
  if (value === undefined) return before;
  if (value === -2) return undefined;
  return value < 0 ? Number.POSITIVE_INFINITY : value * unit;
}

/** Rules for seeds from the three parameters; throws BAD_USAGE for what is no number. */
export function seedLimitsIn(params: Params, before: SeedLimits): SeedLimits {
  const ratio = ruleOf(params.number('ratioLimit'), 1, before.ratio);
  const seedTimeMs = ruleOf(params.number('seedingTimeLimit'), MINUTE_MS, before.seedTimeMs);
  const idleTimeMs = ruleOf(params.number('inactiveSeedingTimeLimit'), MINUTE_MS, before.idleTimeMs);
  return {
    ...(ratio === undefined ? {} : { ratio }),
    ...(seedTimeMs === undefined ? {} : { seedTimeMs }),
    ...(idleTimeMs === undefined ? {} : { idleTimeMs }),
  };
}
