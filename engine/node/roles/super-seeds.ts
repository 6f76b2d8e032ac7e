import type { Control } from '../control/control.ts';
import type { TorrentRow } from '../control/row.ts';

/** Torrents changed in one round: the others have their turn in the next. */
const CHANGES_MAX = 20;

/**
 * Super-seeds (BEP 16) what nobody else has: complete torrents of which we are the only seed while several peers load.
 * Elsewhere it would only slow things down. What the operator has set by hand stays as it is.
 */
export class SuperSeeds {
  readonly #control: Control;
  /** Torrents that it was switched on for by this object; each is a row, so there are no more than rows. */
  readonly #own = new Set<string>();

  constructor(modules: { readonly control: Control }) {
    this.#control = modules.control;
  }

  get count(): number {
    return this.#own.size;
  }

  /** Switches it on and off as things are now; off everywhere when `wanted` is false. */
  async apply(wanted: boolean): Promise<void> {
    const changes: (readonly [row: TorrentRow, superSeed: boolean])[] = [];
    for (const infoHash of this.#own) {
      const row = this.#control.row(infoHash);
      if (row === undefined || !row.superSeed) this.#own.delete(infoHash);
      else if (!wanted || !isAlone(row)) changes.push([row, false]);
    }
    if (wanted) {
      for (const row of this.#control.rows.values()) {
        if (changes.length >= CHANGES_MAX) break;
        if (!row.superSeed && isAlone(row) && row.swarmLeechers > 1) changes.push([row, true]);
      }
    }
    for (const [{ infoHash }, superSeed] of wanted ? changes.slice(0, CHANGES_MAX) : changes) {
      // It may have gone or refuse: then it is not ours, and looked at again in the next round.
      const isChanged = await this.#control.change(infoHash, { superSeed }).then(
        () => true,
        () => false,
      );
      if (isChanged && superSeed) this.#own.add(infoHash);
      else this.#own.delete(infoHash);
    }
  }
}

/** Trackers count us among the seeds. */
function isAlone(row: TorrentRow): boolean {
  const { state, swarmSeeds, seedCount } = row;
  return state === 'seeding' && (swarmSeeds === 0 || swarmSeeds === 1) && seedCount === 0;
}
