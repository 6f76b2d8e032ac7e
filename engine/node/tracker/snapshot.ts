import { type Database, open, type RootDatabase } from 'lmdb';
import { AgedSwarmLogs, applySwarmLog } from '../../discovery/tracker-server/swarm-log.ts';
import type { Tracker } from '../../discovery/tracker-server/tracker.ts';
import type { Clock } from '../../runtime/port.ts';

const TORRENTS_AT_ONCE = 2_000;
const HEAD_BYTES = 8;

type Slot = 'a' | 'b';

/**
 * What a tracker knows of swarms, in LMDB, so that a restart forgets nobody. Two copies take turns: the one being written
 * counts only once it is whole.
 */
export class SwarmSnapshot {
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #meta: Database<string, string>;
  readonly #slots: Readonly<Record<Slot, Database<Uint8Array, number>>>;
  #saving: Promise<void> | undefined;

  constructor(path: string) {
    this.#root = open<Uint8Array, string>({ path, encoding: 'binary', noMemInit: true });
    this.#meta = this.#root.openDB<string, string>({ name: 'meta', encoding: 'string' });
    const slot = (name: Slot): Database<Uint8Array, number> =>
      this.#root.openDB<Uint8Array, number>({ name, encoding: 'binary' });
    this.#slots = { a: slot('a'), b: slot('b') };
  }

  /** Takes in what was saved last and has not expired. Returns how many batches of peers that were. */
  load(tracker: Tracker, clock: Clock): number {
    const current = this.#current;
    if (current === undefined) return 0;
    const [nowSec, wallSec] = [clock.now() / 1000, clock.wallClock() / 1000];
    let count = 0;
    for (const { value } of this.#slots[current].getRange()) {
      const savedSec = new DataView(value.buffer, value.byteOffset).getFloat64(0);
      const ageSec = Math.max(0, wallSec - savedSec);
      if (ageSec >= tracker.options.expirySec) continue;
      if (applySwarmLog(tracker, value.subarray(HEAD_BYTES), nowSec - ageSec)) count++;
    }
    return count;
  }

  /** Saves everything, some thousand torrents at a time, so that announces are answered meanwhile. */
  save(tracker: Tracker, clock: Clock): Promise<void> {
    this.#saving ??= this.#write(tracker, clock).finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async close(): Promise<void> {
    await this.#saving;
    await this.#root.close();
  }

  get #current(): Slot | undefined {
    const name = this.#meta.get('current');
    return name === 'a' || name === 'b' ? name : undefined;
  }

  async #write(tracker: Tracker, clock: Clock): Promise<void> {
    const slot: Slot = this.#current === 'a' ? 'b' : 'a';
    const database = this.#slots[slot];
    await database.clearAsync();
    let count = 0;
    const offsetSec = (clock.wallClock() - clock.now()) / 1000;
    const logs = new AgedSwarmLogs({
      onBatch: (batch, seenSec) => void database.put(count++, stamped(batch, seenSec + offsetSec)),
    });
    for (let from = 0; from < tracker.torrents.end; from += TORRENTS_AT_ONCE) {
      tracker.tell(logs, from, from + TORRENTS_AT_ONCE);
      await new Promise((resolve) => setImmediate(resolve));
    }
    logs.flush();
    await this.#meta.put('current', slot);
    await this.#root.flushed;
  }
}

function stamped(batch: Uint8Array, wallSec: number): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + batch.length);
  new DataView(bytes.buffer).setFloat64(0, wallSec);
  bytes.set(batch, HEAD_BYTES);
  return bytes;
}
