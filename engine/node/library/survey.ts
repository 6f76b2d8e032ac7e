import { desireOf } from './desires.ts';
import type { Entry } from './entry.ts';
import type { Runner } from './runner.ts';

/** Torrents looked at before the node says that it runs, and in each second from then on. A slow disk makes it fewer. */
const FIRST = { countMax: 100, budgetMs: 300 };
const PER_TICK = { countMax: 20, budgetMs: 20 };

/**
 * Looks once at the files of every torrent that seeds without being in memory, a few a second: what was changed or is
 * gone since it was saved is noticed before somebody calls for it.
 */
export class Survey {
  private readonly modules: { readonly runner: Runner; readonly now: () => number };
  private readonly left: IterableIterator<Entry>;
  private working: Promise<void> | undefined;
  private done = false;
  private readonly count: number;

  constructor(
    entries: ReadonlyMap<string, Entry>,
    modules: { readonly runner: Runner; readonly now: () => number },
  ) {
    this.modules = modules;
    // What is added meanwhile has been looked at already; looking again does no harm.
    this.left = entries.values();
    this.count = entries.size;
  }

  /** All of a small library. Of a large one the list has to be there first. */
  async begin(): Promise<void> {
    if (this.count <= FIRST.countMax) await this.work(FIRST);
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.done || this.working !== undefined) return;
    this.working = this.work(PER_TICK).finally(() => {
      this.working = undefined;
    });
  }

  async close(): Promise<void> {
    this.done = true;
    await this.working;
  }

  private async work({ countMax, budgetMs }: typeof FIRST): Promise<void> {
    const beganMs = this.modules.now();
    for (let count = 0; count < countMax && !this.done; ) {
      if (this.modules.now() - beganMs > budgetMs) return;
      const next = this.left.next();
      if (next.done === true) {
        this.done = true;
        return;
      }
      const entry = next.value;
      if (desireOf(entry).desire !== 'seed' || entry.live !== undefined || entry.isWanted) continue;
      count += 1;
      await this.modules.runner.lookAt(entry);
    }
  }
}
