import type { Changes } from '../control/control.ts';
import type { RowState, TorrentRow } from '../control/row.ts';

export interface RowBookOptions {
  /** Above those of earlier runs as good as always, so that what one of those gave is taken for unknown. */
  readonly firstRevision: number;
  /** Removed torrents that are remembered for those who ask what has changed. */
  readonly removedMax: number;
}

export const ROW_BOOK_DEFAULTS: Omit<RowBookOptions, 'firstRevision'> = { removedMax: 10_000 };

/** The rows of a library, and which of them have changed since when. */
export class RowBook {
  readonly rows = new Map<string, TorrentRow>();
  private readonly options: RowBookOptions;
  private readonly ids = new Map<number, string>();
  /**
   * Info-hashes by the revisions of their rows, ascending. One that has changed again since is in it twice until it is
   * tidied up; the older place does not have the revision of the row any more.
   */
  private hashes: string[] = [];
  private revisions: number[] = [];
  private readonly removed: { readonly revision: number; readonly infoHash: string; readonly id: number }[] =
    [];
  private readonly counts = new Map<RowState, number>();
  /** Who asks about an earlier revision may have missed a removal. */
  private oldestRevision: number;
  private revision: number;

  constructor(options: RowBookOptions) {
    this.options = options;
    this.revision = options.firstRevision;
    this.oldestRevision = options.firstRevision;
  }

  byId(id: number): TorrentRow | undefined {
    const infoHash = this.ids.get(id);
    return infoHash === undefined ? undefined : this.rows.get(infoHash);
  }

  /** Puts a new row in, which is the caller's no more: it gets its revision itself, as is cheaper for many. */
  take(row: TorrentRow): TorrentRow {
    (row as { revision: number }).revision = this.revision + 1;
    this.note(row);
    return row;
  }

  /** Puts a row in, new or in the place of the one before, under a revision of its own. */
  put(row: TorrentRow): TorrentRow {
    const stored = { ...row, revision: this.revision + 1 };
    this.note(stored);
    return stored;
  }

  remove(infoHash: string): void {
    const row = this.rows.get(infoHash);
    if (row === undefined) return;
    this.rows.delete(infoHash);
    this.ids.delete(row.id);
    this.count(row.state, -1);
    this.revision += 1;
    this.removed.push({ revision: this.revision, infoHash, id: row.id });
    if (this.removed.length <= this.options.removedMax) return;
    // Half at once, so that each costs little.
    const dropped = this.removed.splice(0, Math.ceil(this.removed.length / 2));
    this.oldestRevision = dropped.at(-1)!.revision;
  }

  /** How many torrents are in each state; counted as they change, as polls ask for it again and again. */
  get states(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }

  changes(since: number): Changes {
    const { revision } = this;
    if (since < this.oldestRevision || since > revision) {
      return { revision, isFull: true, rows: [...this.rows.values()], removed: [], removedIds: [] };
    }
    const rows: TorrentRow[] = [];
    for (let at = firstAbove(this.revisions, since); at < this.revisions.length; at += 1) {
      const row = this.rows.get(this.hashes[at]!);
      if (row !== undefined && row.revision === this.revisions[at]) rows.push(row);
    }
    const removed: string[] = [];
    const removedIds: number[] = [];
    for (let at = this.removed.length - 1; at >= 0 && this.removed[at]!.revision > since; at -= 1) {
      const { infoHash, id } = this.removed[at]!;
      // It may have been added anew.
      if (this.rows.has(infoHash)) continue;
      removed.push(infoHash);
      removedIds.push(id);
    }
    return { revision, isFull: false, rows, removed, removedIds };
  }

  private count(state: RowState, by: 1 | -1): void {
    const count = (this.counts.get(state) ?? 0) + by;
    if (count > 0) this.counts.set(state, count);
    else this.counts.delete(state);
  }

  private note(row: TorrentRow): void {
    this.revision = row.revision;
    const before = this.rows.get(row.infoHash);
    if (before === undefined) this.ids.set(row.id, row.infoHash);
    if (before?.state !== row.state) {
      if (before !== undefined) this.count(before.state, -1);
      this.count(row.state, 1);
    }
    this.rows.set(row.infoHash, row);
    this.hashes.push(row.infoHash);
    this.revisions.push(row.revision);
    if (this.hashes.length > 2 * this.rows.size + 1024) this.tidy();
  }

  private tidy(): void {
    const { hashes, revisions } = this;
    this.hashes = [];
    this.revisions = [];
    for (let at = 0; at < hashes.length; at += 1) {
      if (this.rows.get(hashes[at]!)?.revision !== revisions[at]) continue;
      this.hashes.push(hashes[at]!);
      this.revisions.push(revisions[at]!);
    }
  }
}

/** Index of the first number above `bound` in an ascending list. */
function firstAbove(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
