import type { Changes } from '../../control/control.ts';
import type { SeedLimits, TorrentRow } from '../../control/row.ts';

/** Of a row, what fields that hardly ever change are made of. */
const STEADY: readonly (keyof TorrentRow)[] = [
  ...(['id', 'name', 'infoHashV2', 'category', 'tags', 'root', 'contentPath', 'trackerHost'] as const),
  ...(['totalBytes', 'wantedBytes', 'fileCount', 'isPrivate', 'forced', 'sequential', 'superSeed'] as const),
  ...(['downLimit', 'upLimit', 'seedLimits', 'addedAtMs', 'completedAtMs'] as const),
];

/** The fields that change while a torrent runs; of a change that touches no others, only these are told. */
export const LIVELY_FIELDS: ReadonlySet<string> = new Set([
  ...['amount_left', 'completed', 'dlspeed', 'downloaded', 'downloaded_session', 'eta', 'last_activity'],
  ...['num_complete', 'num_incomplete', 'num_leechs', 'num_seeds', 'priority', 'progress', 'ratio'],
  ...['seeding_time', 'seen_complete', 'state', 'time_active', 'total_wasted', 'uploaded'],
  ...['uploaded_session', 'upspeed'],
]);

interface Seen {
  readonly row: TorrentRow;
  /** The revision at which something steady was found to be another. */
  readonly steadySince: number;
}

/**
 * Knows since which revision the steady part of each row is as it is, for all clients together: a client that has
 * asked since then has it. Every answer goes through here, so nothing that a client was told is missed.
 */
export class SteadyParts {
  private seen = new Map<string, Seen>();
  private seedLimits: SeedLimits | undefined;

  /** To be called with all changes that are about to be told. `seedLimits`: of the node; they are in rows, too. */
  note({ isFull, rows, removed }: Changes, seedLimits: SeedLimits): void {
    const before = seedLimits === this.seedLimits ? this.seen : new Map<string, Seen>();
    this.seedLimits = seedLimits;
    this.seen = isFull ? new Map() : before;
    for (const infoHash of removed) this.seen.delete(infoHash);
    for (const row of rows) {
      const known = before.get(row.infoHash);
      const isSteady = known !== undefined && STEADY.every((key) => known.row[key] === row[key]);
      this.seen.set(row.infoHash, { row, steadySince: isSteady ? known.steadySince : row.revision });
    }
  }

  /** Whether a client that was told all up to `revision` knows the steady part of this row. */
  isKnown(row: TorrentRow, revision: number): boolean {
    const seen = this.seen.get(row.infoHash);
    return seen !== undefined && seen.steadySince <= revision;
  }
}
