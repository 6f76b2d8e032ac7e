/** What a parameter of the consensus may be. dir-spec, `params`: values outside are clamped, not refused. */
export interface ParamBounds {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** The parameters of a consensus by name; empty as long as there is none. */
export type ConsensusParams = ReadonlyMap<string, number>;

/** The largest value that a parameter can have on the wire. */
export const PARAM_MAX = 2 ** 31 - 1;

/** The value of `name`, clamped to its bounds; its fallback where the consensus does not name it. */
export function readParam(params: ConsensusParams, name: string, bounds: ParamBounds): number {
  const value = params.get(name);
  if (value === undefined || !Number.isFinite(value)) return bounds.fallback;
  return Math.min(Math.max(value, bounds.min), bounds.max);
}
