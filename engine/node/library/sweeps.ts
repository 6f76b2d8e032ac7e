import type { SeedLimits } from '../control/row.ts';
import { ratioOf } from '../control/row.ts';
import { nextSpaceState, SPACE_AT_START, type SpaceState } from '../upkeep/free-space.ts';
import { seedEndOf, seedLimitsOf } from '../upkeep/seed-rules.ts';
import { isComplete } from './desires.ts';
import { DhtRounds } from './dht-rounds.ts';
import { freeSpaceAt, isRootThere, SAMPLES_MAX } from './drives.ts';
import { type Entry, type Trouble, timeIn } from './entry.ts';
import type { LibraryParts } from './library-parts.ts';
import type { NodeBook } from './node-book.ts';
import type { Saver } from './saver.ts';
import { rootGone } from './trouble.ts';

/** Torrents whose files alone are gone are tried again, so many in one look, every so many looks. */
const RETRIED_MAX = 50;
const RETRY_LOOKS = 10;
/** Rows of torrents that only seed are brought up to date, so many a second, for the times in them. */
const AGED_PER_TICK = 25;

export interface SweepModules extends LibraryParts {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly nodeBook: NodeBook;
  readonly saver: Saver;
  /** Brings a torrent to where it belongs by now. */
  readonly place: (entry: Entry) => void;
}

/** What is looked at now and then: whether folders are there, whether there is room again, who has seeded enough. */
export class Sweeps {
  private readonly options: { readonly everyMs: number };
  private readonly modules: SweepModules;
  private readonly goneRoots = new Set<string>();
  private readonly space = new Map<string, SpaceState>();
  private readonly refused = new Set<string>();
  private lastLookMs = Number.NEGATIVE_INFINITY;
  private looks = 0;
  private looking: Promise<void> | undefined;
  private aging: IterableIterator<Entry> | undefined;
  private readonly dht: DhtRounds;
  private closed = false;

  constructor(options: { readonly everyMs: number }, modules: SweepModules) {
    this.options = options;
    this.modules = modules;
    const { entries, session, runtime } = modules;
    this.dht = new DhtRounds({ entries, session, now: () => runtime.clock.now() });
  }

  tick(): void {
    this.age();
    this.dht.tick();
    const now = this.modules.runtime.clock.now();
    if (now - this.lastLookMs < this.options.everyMs) return;
    void this.look();
  }

  /** A torrent has run into something: perhaps its drive is gone. */
  onTrouble(entry: Entry): void {
    if (entry.trouble?.kind === 'full') this.refused.add(entry.row.root);
    if (entry.trouble?.kind === 'offline') this.lastLookMs = Number.NEGATIVE_INFINITY;
  }

  /** Looks at every folder once, however many torrents it holds. */
  look(): Promise<void> {
    this.looking ??= this.lookNow()
      .catch((error) => this.modules.report(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        this.looking = undefined;
      });
    return this.looking;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.dht.close();
    await this.looking;
  }

  private async lookNow(): Promise<void> {
    this.lastLookMs = this.modules.runtime.clock.now();
    this.looks += 1;
    for (const [root, entries] of this.byRoot()) {
      if (this.closed) return;
      await this.lookAtRoot(root, entries);
      if (entries.some((entry) => needsRoom(entry))) await this.lookForRoom(root, entries);
    }
    this.retry();
    this.endSeeding();
  }

  private byRoot(): Map<string, Entry[]> {
    const roots = new Map<string, Entry[]>();
    for (const entry of this.modules.entries.values()) {
      const list = roots.get(entry.row.root);
      if (list === undefined) roots.set(entry.row.root, [entry]);
      else list.push(entry);
    }
    return roots;
  }

  private async lookAtRoot(root: string, entries: readonly Entry[]): Promise<void> {
    const { runtime, report, place } = this.modules;
    const samples = sampleOf(entries).map(({ row }) => row.contentPath);
    const isThere = await isRootThere(root, samples, runtime.files);
    if (isThere === !this.goneRoots.has(root)) {
      // Those that were started meanwhile.
      if (!isThere) this.setOffline(root, entries);
      return;
    }
    if (isThere) {
      this.goneRoots.delete(root);
      this.modules.log.info('the folder is there again', { path: root });
      for (const entry of entries) {
        if (entry.trouble?.kind !== 'offline') continue;
        entry.trouble = undefined;
        place(entry);
      }
      return;
    }
    this.goneRoots.add(root);
    report(rootGone(root).message);
    this.setOffline(root, entries);
  }

  private setOffline(root: string, entries: readonly Entry[]): void {
    const { message, advice } = rootGone(root);
    const trouble: Trouble = { kind: 'offline', message: `${message}. ${advice}` };
    for (const entry of entries) {
      if (entry.stopped || entry.magnet !== '' || entry.trouble?.kind === 'offline') continue;
      entry.trouble = trouble;
      this.modules.place(entry);
    }
  }

  private async lookForRoom(root: string, entries: readonly Entry[]): Promise<void> {
    const { nodeBook, place } = this.modules;
    const free = await freeSpaceAt(root).catch(() => undefined);
    const minBytes = nodeBook.options.freeSpaceMin;
    const before = this.space.get(root) ?? SPACE_AT_START;
    const refused = this.refused.delete(root);
    const state = nextSpaceState(before, { freeBytes: free?.freeBytes, minBytes, refused });
    this.space.set(root, state);
    for (const entry of entries) {
      if (!state.isHeld && entry.trouble?.kind === 'full') {
        entry.trouble = undefined;
        place(entry);
      } else if (state.isHeld && needsRoom(entry) && entry.trouble === undefined && !entry.stopped) {
        const message = `there is too little room where it is saved (${root}). It goes on when there is more.`;
        entry.trouble = { kind: 'full', message };
        place(entry);
      }
    }
  }

  /** What may have passed by itself. */
  private retry(): void {
    let count = 0;
    for (const entry of this.modules.entries.values()) {
      const { trouble } = entry;
      if (trouble === undefined || trouble.kind === 'error' || trouble.kind === 'full') continue;
      if (this.goneRoots.has(entry.row.root)) continue;
      if (trouble.kind === 'offline' && this.looks % RETRY_LOOKS !== 0) continue;
      if (++count > RETRIED_MAX) return;
      entry.trouble = undefined;
      // It has to be looked at: its files may still be gone.
      entry.isWanted = true;
      this.modules.place(entry);
    }
  }

  /** Stops what has been seeded enough. */
  private endSeeding(): void {
    const { entries, nodeBook, aliveMs, saver, place, log, runtime } = this.modules;
    const { seedLimits, trackerSeedLimits } = nodeBook.options;
    const hasAny = isLimited(seedLimits) || Object.values(trackerSeedLimits).some(isLimited);
    const inCategories = [...nodeBook.categories.values()].some((category) => isLimited(category.seedLimits));
    const alive = aliveMs();
    const wallMs = runtime.clock.wallClock();
    for (const entry of entries.values()) {
      const { row } = entry;
      if (row.state !== 'seeding' || row.forced || !(hasAny || inCategories || isLimited(row.seedLimits)))
        continue;
      const seedingMs = row.seedingMs + timeIn('seeding', entry, alive);
      const limits = seedLimitsOf({
        torrent: row.seedLimits,
        tracker: trackerSeedLimits[row.trackerHost],
        category: nodeBook.categories.get(row.category)?.seedLimits,
        node: seedLimits,
      });
      const idleMs = Math.min(seedingMs, Math.max(0, wallMs - Math.max(row.lastActiveMs, row.completedAtMs)));
      const end = seedEndOf({ ratio: ratioOf(row), seedingMs, idleMs }, limits);
      if (end === undefined) continue;
      entry.stopped = true;
      log.info(`“${row.name}” has been seeded enough (${end})`, { infoHash: entry.infoHash });
      saver.mark(entry);
      place(entry);
    }
  }

  /** Puts the time that has passed into the rows of torrents that nothing else happens to, a few at a time. */
  private age(): void {
    const { entries, publish, aliveMs } = this.modules;
    const alive = aliveMs();
    for (let count = 0; count < AGED_PER_TICK; count += 1) {
      this.aging ??= entries.values();
      const next = this.aging.next();
      if (next.done === true) {
        this.aging = undefined;
        return;
      }
      const entry = next.value;
      const moreMs = timeIn('seeding', entry, alive);
      if (moreMs > 0 && entry.live === undefined) publish(entry, { seedingMs: entry.row.seedingMs + moreMs });
    }
  }
}

/** It has something to write, or would have. */
function needsRoom(entry: Entry): boolean {
  return entry.trouble?.kind === 'full' || (entry.live !== undefined && !isComplete(entry));
}

function isLimited(limits: SeedLimits): boolean {
  return Object.keys(limits).length > 0;
}

/** Some of those that have something on the disk, spread over all. */
function sampleOf(entries: readonly Entry[]): readonly Entry[] {
  const step = Math.max(1, Math.floor(entries.length / SAMPLES_MAX));
  const chosen: Entry[] = [];
  for (let at = 0; at < entries.length && chosen.length < SAMPLES_MAX; at += step) {
    if (entries[at]!.row.pieceDoneCount > 0) chosen.push(entries[at]!);
  }
  if (chosen.length > 0) return chosen;
  const any = entries.find(({ row }) => row.pieceDoneCount > 0);
  return any === undefined ? [] : [any];
}
