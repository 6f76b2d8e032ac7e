import type { Clock, Timer } from '../../runtime/port.ts';
import type { NodeStore } from '../store/store.ts';
import type { StoredSummary } from '../store/summary.ts';
import { type Entry, summaryOf } from './entry.ts';

/** What nobody waits for is saved together with whatever has changed by then. */
const LAZY_MS = 5_000;
/** Summaries in one commit: the event loop is not to be held up by thousands. */
const BATCH_MAX = 5_000;

export interface SaverModules {
  readonly store: NodeStore;
  readonly clock: Clock;
  readonly aliveMs: () => number;
  readonly onError: (error: unknown) => void;
}

/** Saves the summaries of torrents that have changed, many in one commit. */
export class Saver {
  private readonly modules: SaverModules;
  private readonly pending = new Set<Entry>();
  private flushing: Promise<void> | undefined;
  private timer: Timer | undefined;

  constructor(modules: SaverModules) {
    this.modules = modules;
  }

  /** Resolves when it is on stable storage. Rejects with the file system's codes; it is then tried again later. */
  save(entry: Entry): Promise<void> {
    this.pending.add(entry);
    return this.flush();
  }

  /** To be saved sooner or later. */
  mark(entry: Entry): void {
    this.pending.add(entry);
    this.timer ??= this.modules.clock.setTimer(LAZY_MS, () => {
      this.timer = undefined;
      this.flush().catch(this.modules.onError);
    });
  }

  /** Forgets what was to be saved of a torrent that is gone. */
  forget(entry: Entry): void {
    this.pending.delete(entry);
  }

  /** Saves what is waiting. One commit at a time: what comes meanwhile goes into the next. */
  flush(): Promise<void> {
    if (this.flushing !== undefined) return this.flushing.catch(() => {}).then(() => this.flush());
    if (this.pending.size === 0) return Promise.resolve();
    this.flushing = this.write().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  /** Nothing is saved any more that was only marked. */
  async close(): Promise<void> {
    this.timer?.cancel();
    await this.flush();
  }

  private async write(): Promise<void> {
    while (this.pending.size > 0) {
      const batch = [...this.pending].slice(0, BATCH_MAX);
      for (const entry of batch) this.pending.delete(entry);
      const summaries = new Map<string, StoredSummary>();
      const aliveMs = this.modules.aliveMs();
      for (const entry of batch) {
        if (!entry.removed) summaries.set(entry.infoHash, summaryOf(entry, aliveMs));
      }
      try {
        await this.modules.store.save({ summaries });
      } catch (error) {
        for (const entry of batch) this.pending.add(entry);
        throw error;
      }
    }
  }
}
