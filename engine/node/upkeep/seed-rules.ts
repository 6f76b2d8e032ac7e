import type { SeedLimits } from '../control/row.ts';

/** Where rules of seeding can be set. */
export interface SeedRules {
  readonly torrent?: SeedLimits | undefined;
  readonly tracker?: SeedLimits | undefined;
  readonly category?: SeedLimits | undefined;
  readonly node?: SeedLimits | undefined;
}

/** What a torrent has done so far. */
export interface Seeded {
  /** Uploaded by content bytes. */
  readonly ratio: number;
  readonly seedingMs: number;
  /** Milliseconds since it last sent payload, or since it began to seed if that was later. */
  readonly idleMs: number;
}

/** Which rule says that it is enough. */
export type SeedEnd = 'ratio' | 'seed-time' | 'idle-time';

/**
 * The rules that hold for a torrent. Each is taken from where it is set nearest to it: the torrent itself, then its
 * tracker, its category, the node. Infinity, where it is nearest, means that it never ends for this reason.
 */
export function seedLimitsOf(rules: SeedRules): Required<SeedLimits> {
  const nearest = (name: keyof SeedLimits): number =>
    rules.torrent?.[name] ??
    rules.tracker?.[name] ??
    rules.category?.[name] ??
    rules.node?.[name] ??
    Number.POSITIVE_INFINITY;
  return { ratio: nearest('ratio'), seedTimeMs: nearest('seedTimeMs'), idleTimeMs: nearest('idleTimeMs') };
}

/** Why a torrent has been seeded enough; undefined while it has not. Any one of the rules ends it. */
export function seedEndOf(seeded: Seeded, limits: Required<SeedLimits>): SeedEnd | undefined {
  if (seeded.ratio >= limits.ratio) return 'ratio';
  if (seeded.seedingMs >= limits.seedTimeMs) return 'seed-time';
  return seeded.idleMs >= limits.idleTimeMs ? 'idle-time' : undefined;
}
