import { readHex } from '../../codec/hex.ts';
import type { Session } from '../session.ts';
import type { RunningAnnounce } from '../sources/finders.ts';
import { sourcesFor } from '../sources/source-rules.ts';
import { desireOf } from './desires.ts';
import type { Entry } from './entry.ts';

/** How long one announce may take: a look-up is done in far less. */
const LASTS_MS = 30_000;
/** Not more often than this, however small the library. */
const ROUND_MS = 25 * 60_000;
/** Rows passed over in one look: those that are private, stopped or in memory. */
const PASSED_MAX = 1_000;

export interface DhtRoundsModules {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly session: Session;
  readonly now: () => number;
}

/**
 * Announces the torrents that seed without being in memory to the DHT (BEP 5), one a second, round after round. Private
 * ones are left out (BEP 27).
 */
export class DhtRounds {
  private readonly modules: DhtRoundsModules;
  private readonly running: { readonly announce: RunningAnnounce; readonly endMs: number }[] = [];
  private left: IterableIterator<Entry> | undefined;
  private beganMs = Number.NEGATIVE_INFINITY;

  constructor(modules: DhtRoundsModules) {
    this.modules = modules;
  }

  /** To be called about once a second. */
  tick(): void {
    const { session, now } = this.modules;
    while (this.running[0] !== undefined && this.running[0].endMs <= now()) {
      this.running.shift()?.announce.stop();
    }
    const { dht } = session.finders;
    const port = session.local?.port ?? 0;
    const entry = dht === undefined || port === 0 ? undefined : this.next();
    if (entry === undefined) return;
    const infoHash = readHex(entry.infoHash.slice(0, 40));
    if (infoHash === undefined) return;
    const announce = dht!.announce(infoHash, port, () => {}, { isSeed: () => true });
    this.running.push({ announce, endMs: now() + LASTS_MS });
  }

  close(): void {
    for (const { announce } of this.running.splice(0)) announce.stop();
  }

  private next(): Entry | undefined {
    const { entries, session, now } = this.modules;
    if (this.left === undefined) {
      if (now() - this.beganMs < ROUND_MS) return undefined;
      this.beganMs = now();
      this.left = entries.values();
    }
    for (let passed = 0; passed < PASSED_MAX; passed += 1) {
      const next = this.left.next();
      if (next.done === true) {
        this.left = undefined;
        return undefined;
      }
      const entry = next.value;
      const isMeant = entry.live === undefined && desireOf(entry).desire === 'seed';
      if (isMeant && sourcesFor(entry.row.isPrivate, session.sources).dht) return entry;
    }
    return undefined;
  }
}
