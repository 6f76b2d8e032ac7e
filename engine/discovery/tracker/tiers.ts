import type { Random } from '../../runtime/port.ts';

/** Trackers of one torrent that are used; further ones are left out. */
export const TRACKERS_MAX = 128;

/**
 * The trackers of a torrent in the order of BEP 12: tiers one after the other, each shuffled once, and a tracker
 * that has answered moves to the front of its tier.
 */
export class TrackerTiers {
  readonly #tiers: string[][] = [];

  constructor(tiers: readonly (readonly string[])[], random: Random) {
    const seen = new Set<string>();
    for (const tier of tiers) {
      const list = tier.filter((url) => {
        if (seen.has(url) || seen.size === TRACKERS_MAX) return false;
        seen.add(url);
        return true;
      });
      shuffle(list, random);
      if (list.length > 0) this.#tiers.push(list);
    }
  }

  /** Tier by tier, each in the order in which it is tried. */
  get tiers(): readonly (readonly string[])[] {
    return this.#tiers;
  }

  /** All trackers in the order they are to be tried now. */
  get order(): readonly string[] {
    return this.#tiers.flat();
  }

  /** The tracker has answered. */
  promote(url: string): void {
    for (const tier of this.#tiers) {
      const at = tier.indexOf(url);
      if (at > 0) {
        tier.splice(at, 1);
        tier.unshift(url);
      }
    }
  }
}

/** Fisher and Yates. */
function shuffle(list: string[], random: Random): void {
  for (let left = list.length - 1; left > 0; left--) {
    const other = random.below(left + 1);
    const kept = list[left]!;
    list[left] = list[other]!;
    list[other] = kept;
  }
}
