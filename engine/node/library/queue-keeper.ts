import type { Clock, Timer } from '../../runtime/port.ts';
import type { NodeOptions } from '../control/session-options.ts';
import { chooseRunning, type QueueEntry } from '../upkeep/queue.ts';
import { isComplete } from './desires.ts';
import type { Entry } from './entry.ts';

/** Much that changes at once is looked at once. */
const SOON_MS = 50;

export interface QueueKeeperModules {
  readonly clock: Clock;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly options: () => NodeOptions;
  /** Its turn has come, or gone. */
  readonly onTurn: (entry: Entry) => void;
}

/** Gives torrents their turn, as many at a time as the operator wants. */
export class QueueKeeper {
  private readonly modules: QueueKeeperModules;
  private timer: Timer | undefined;
  private wasLimited = false;

  constructor(modules: QueueKeeperModules) {
    this.modules = modules;
  }

  /** Something has changed. */
  soon(): void {
    const { activeDownloadsMax, activeSeedsMax } = this.modules.options();
    if (activeDownloadsMax === 0 && activeSeedsMax === 0 && !this.wasLimited) return;
    this.timer ??= this.modules.clock.setTimer(SOON_MS, () => {
      this.timer = undefined;
      this.look();
    });
  }

  /** Decides who runs. */
  look(): void {
    const { entries, options, onTurn } = this.modules;
    const { activeDownloadsMax, activeSeedsMax, stalledAfterMs } = options();
    const isLimited = activeDownloadsMax > 0 || activeSeedsMax > 0;
    if (!isLimited && !this.wasLimited) return;
    this.wasLimited = isLimited;
    const chosen = chooseRunning(this.list(), { activeDownloadsMax, activeSeedsMax, stalledAfterMs });
    for (const entry of entries.values()) {
      const hasTurn = chosen.has(entry.infoHash) || !mayRun(entry);
      if (entry.hasTurn === hasTurn) continue;
      entry.hasTurn = hasTurn;
      onTurn(entry);
    }
  }

  close(): void {
    this.timer?.cancel();
  }

  private *list(): Generator<QueueEntry> {
    const now = this.modules.clock.now();
    for (const entry of this.modules.entries.values()) {
      if (!mayRun(entry)) continue;
      const { infoHash, row, live } = entry;
      yield {
        infoHash,
        wants: isComplete(entry) && !entry.doubtful ? 'seed' : 'download',
        position: row.queuePosition,
        forced: row.forced,
        isRunning: live !== undefined,
        stillMs: live === undefined ? 0 : now - live.movedAtMs,
      };
    }
  }
}

function mayRun(entry: Entry): boolean {
  return !entry.stopped && entry.trouble === undefined && !entry.removed;
}
