/** Turns values into places on an axis: 0 at its start, 1 at its end. */
export interface Scale {
  at(value: number): number;
  /** Values that stand at the axis, ascending. */
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 2.5, 5, 10] as const;

/** Below this, steps of a tick are no numbers any more. */
const TOP_MIN = 1e-9;

/** An axis from zero to `max`, with a tick at every round step, about `tickCount` of them. */
export function linearScale(max: number, tickCount = 4): Scale {
  const top = Number.isFinite(max) && max >= TOP_MIN ? max : 1;
  const rough = top / tickCount;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((each) => each * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const count = Math.floor(top / step + 1e-9);
  return {
    at: (value) => clamp(value / top),
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12))),
  };
}

/** An axis of powers of ten around `min` to `max`, both above zero. Its start is a power of ten below `min`. */
export function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(min) - 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(max) - 1e-9));
  return {
    at: (value) => (value <= 0 ? 0 : clamp((Math.log10(value) - low) / (high - low))),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
