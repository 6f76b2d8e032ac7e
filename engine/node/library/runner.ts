import { AlliumError } from '../../codec/error.ts';
import type { Endpoint } from '../../runtime/port.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import type { StoredResume } from '../store/schema.ts';
import { Checker } from './checker.ts';
import { desireOf, isComplete } from './desires.ts';
import type { Entry } from './entry.ts';
import { summaryOf } from './entry.ts';
import type { LibraryParts } from './library-parts.ts';
import { liveChange } from './live-row.ts';
import { isInUse, type LiveTorrent, resumeSourceOf } from './live-torrent.ts';
import { makeReady, type ReadyTorrent, resumeOf, SETTLED_END } from './ready.ts';
import type { RunnerOptions } from './runner-options.ts';
import { filesGone, notSaved, troubleOf } from './trouble.ts';
import { Turns } from './turns.ts';

const SETTLE_POLL_MS = 10;

/**
 * Brings the torrents of a library to where they belong (see {@link desireOf}): into memory, to be hashed, or back to
 * a row. What is done to one torrent is done one after the other.
 */
export class Runner {
  /** Torrents in memory. */
  readonly live = new Set<Entry>();
  private readonly options: RunnerOptions;
  private readonly parts: LibraryParts;
  private readonly wakes: Turns;
  private readonly byManaged = new WeakMap<ManagedTorrent, Entry>();
  /** Payload of torrents that are not in memory any more. */
  private readonly past = { downloadedBytes: 0, uploadedBytes: 0 };
  private readonly checker: Checker;
  private closing = false;

  constructor(options: RunnerOptions, parts: LibraryParts) {
    this.options = options;
    this.parts = parts;
    this.wakes = new Turns(options.wakesMax);
    this.checker = new Checker({ strideBytes: options.checkStrideBytes }, parts, {
      isClosing: () => this.closing,
      apply: (entry) => this.apply(entry),
      fail: (entry, error) => this.fail(entry, error),
    });
  }

  entryOf(managed: ManagedTorrent): Entry | undefined {
    return this.byManaged.get(managed);
  }

  /** Has a torrent brought to where it belongs by now. Resolves when that is done, or has begun where it takes long. */
  async apply(entry: Entry): Promise<void> {
    if (entry.isDue) {
      await entry.lane;
      return;
    }
    entry.isDue = true;
    await this.inLane(entry, async () => {
      entry.isDue = false;
      await this.step(entry);
    });
  }

  /** Does something to a torrent when what is being done to it is done. */
  inLane<T>(entry: Entry, action: () => Promise<T>): Promise<T> {
    const result = (entry.lane ?? Promise.resolve()).then(action);
    const lane = result
      .catch(() => {})
      .then(() => {
        if (entry.lane === lane) entry.lane = undefined;
      });
    entry.lane = lane;
    return result;
  }

  /** Somebody calls for a torrent that seeds: it is there when this resolves, if it can be. */
  async wake(entry: Entry): Promise<void> {
    entry.isWanted = true;
    await this.apply(entry).catch((error) => this.parts.report(messageOf(error)));
  }

  /** Puts a torrent that seeds back to a row, if nobody has come meanwhile. */
  async sleep(entry: Entry): Promise<void> {
    await this.inLane(entry, async () => {
      const { live } = entry;
      if (live === undefined || desireOf(entry).desire !== 'seed' || live.isChecking) return;
      if (isInUse(live)) return;
      entry.isWanted = false;
      const announced = await live.managed.sleep();
      if (!(await this.putAway(entry, live))) {
        await live.managed.start();
        return;
      }
      this.parts.desk.add(entry, announced);
      this.parts.publish(entry, { state: 'seeding' });
      if (entry.isWanted) void this.apply(entry);
    });
  }

  /** Brings the row of a torrent in memory up to date. */
  refresh(entry: Entry): void {
    const { live } = entry;
    if (live === undefined) return;
    const now = this.parts.runtime.clock.now();
    if (isInUse(live)) live.quietSinceMs = now;
    this.parts.publish(entry, liveChange(entry, live, now, this.parts.runtime.clock.wallClock()));
  }

  /** Refreshes what is in memory, and puts to sleep what nobody has called for in a while. */
  tick(): void {
    const now = this.parts.runtime.clock.now();
    for (const entry of this.live) {
      const { live } = entry;
      if (live === undefined) continue;
      this.refresh(entry);
      if (live.isHeld) void this.apply(entry);
      else if (now - live.quietSinceMs >= this.options.sleepAfterMs && entry.row.state === 'seeding') {
        void this.sleep(entry);
      }
    }
  }

  onState(managed: ManagedTorrent): void {
    const entry = this.byManaged.get(managed);
    if (entry === undefined) return;
    if (managed.state === 'error' && managed.failure !== undefined) this.fail(entry, managed.failure);
    else this.refresh(entry);
  }

  /** Something keeps it from running; it is put away, and tried again when that may have passed. */
  fail(entry: Entry, error: unknown): void {
    entry.trouble = troubleOf(error);
    entry.checkWish = undefined;
    this.parts.log.debug(`“${entry.row.name}”: ${messageOf(error)}`, { infoHash: entry.infoHash });
    const advice = error instanceof AlliumError && error.advice !== '' ? ` ${error.advice}` : '';
    this.parts.report(`“${entry.row.name}”: ${messageOf(error)}.${advice}`);
    this.parts.onTrouble(entry);
    void this.apply(entry);
  }

  /** Puts everything away, with a goodbye. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(
      [...this.live].map((entry) =>
        this.inLane(entry, async () => {
          if (entry.live !== undefined) await this.stop(entry, entry.live);
        }),
      ),
    );
    await this.checker.idle;
  }

  /** Puts a torrent where it belongs when that takes nothing but the list; false: it takes more. */
  placeAtRest(entry: Entry): boolean {
    if (entry.live !== undefined || entry.search !== undefined || entry.lane !== undefined) return false;
    const { desire, state } = desireOf(entry);
    if (desire === 'seed' && !entry.isWanted) {
      this.parts.desk.add(entry);
      this.parts.publish(entry, { state, error: '' });
      return true;
    }
    if (desire !== 'rest') return false;
    this.parts.desk.leave(entry);
    this.parts.publish(entry, { state, error: entry.trouble?.message ?? '' });
    return true;
  }

  /** Looks at the files of a torrent that is not in memory: when they have changed or are gone, something is done. */
  async lookAt(entry: Entry): Promise<void> {
    await this.inLane(entry, async () => {
      if (this.closing || entry.live !== undefined || desireOf(entry).desire !== 'seed') return;
      try {
        const ready = await this.makeReady(entry);
        if (ready.missing.length > 0) throw filesGone(entry.row, ready.missing);
        if (ready.doubt.isEmpty && entry.row.pieceDoneCount === ready.have.count) return;
        entry.isWanted = true;
        this.parts.publish(entry, { state: 'checking' });
        void this.apply(entry);
      } catch (error) {
        this.fail(entry, error);
      }
    });
  }

  /** Takes a torrent out of memory and back, for what can only be changed that way. */
  async reload(entry: Entry): Promise<void> {
    await this.inLane(entry, async () => {
      const { live } = entry;
      if (live === undefined || live.isChecking) return;
      entry.isWanted = true;
      await this.stop(entry, live);
      live.isHeld = !(await this.putAway(entry, live));
    });
    await this.apply(entry);
  }

  /** Does something to the files of a torrent, which is put away for so long and then goes on. */
  async withoutIt(entry: Entry, action: () => Promise<void>): Promise<void> {
    const wasWanted = entry.live !== undefined;
    await this.inLane(entry, async () => {
      const { live } = entry;
      entry.checkWish = undefined;
      if (live !== undefined) {
        await this.stop(entry, live);
        if (!(await this.putAway(entry, live))) throw notSaved(entry.row.name);
      } else this.parts.desk.leave(entry);
      try {
        await action();
      } finally {
        entry.isWanted = wasWanted;
        if (entry.row.state === 'moving') this.parts.publish(entry, { state: 'queued' });
      }
    }).finally(() => this.apply(entry));
  }

  /** Payload since the node was started. */
  get traffic(): { readonly downloadedBytes: number; readonly uploadedBytes: number } {
    let { downloadedBytes, uploadedBytes } = this.past;
    for (const { live } of this.live) {
      downloadedBytes += live?.managed.torrent.downRate.totalBytes ?? 0;
      uploadedBytes += live?.managed.torrent.upRate.totalBytes ?? 0;
    }
    return { downloadedBytes, uploadedBytes };
  }

  private async step(entry: Entry): Promise<void> {
    if (this.closing) return;
    const { desire, state } = desireOf(entry);
    if (desire !== 'search') await this.parts.searches.end(entry);
    if (desire === 'rest') {
      await this.rest(entry, state);
      return;
    }
    if (desire === 'search') {
      this.parts.publish(entry, { state, error: '' });
      this.parts.searches.begin(entry);
      return;
    }
    if (desire === 'seed' && entry.live === undefined && !entry.isWanted) {
      this.parts.desk.add(entry);
      this.parts.publish(entry, { state, error: '' });
      return;
    }
    const live = entry.live ?? (await this.load(entry));
    if (live === undefined) return;
    if (entry.checkWish !== undefined) this.checker.begin(entry, live);
    else if (!live.isChecking) await this.start(entry, live);
  }

  private async start(entry: Entry, live: LiveTorrent): Promise<void> {
    live.isHeld = false;
    live.quietSinceMs = this.parts.runtime.clock.now();
    live.movedAtMs = live.quietSinceMs;
    await live.managed.start();
    this.refresh(entry);
    this.parts.onSettled(entry);
  }

  private async rest(entry: Entry, state: Entry['row']['state']): Promise<void> {
    entry.isWanted = false;
    this.parts.desk.leave(entry);
    const { live } = entry;
    if (live !== undefined) {
      await this.stop(entry, live);
      live.isHeld = !(await this.putAway(entry, live));
    }
    if (!entry.removed) this.parts.publish(entry, restingRow(state, entry.trouble?.message ?? ''));
    this.parts.onSettled(entry);
  }

  /** Leaves the swarm; nothing is written to its files afterwards. */
  private async stop(entry: Entry, live: LiveTorrent): Promise<void> {
    const { managed } = live;
    const wasWriting =
      managed.torrent.downloader.stats.bytesUnderCheck > 0 || managed.state === 'downloading';
    if (wasWriting) this.parts.keeper.onStopping(entry.infoHash);
    await managed.stop();
    const { clock } = this.parts.runtime;
    const deadline = clock.now() + this.options.settleTimeoutMs;
    while (managed.torrent.downloader.stats.bytesUnderCheck > 0 && clock.now() < deadline) {
      await new Promise<void>((resolve) => clock.setTimer(SETTLE_POLL_MS, resolve));
    }
  }

  /** Saves a torrent that is stopped, and takes it out of memory. False: it could not be saved and stays. */
  private async putAway(entry: Entry, live: LiveTorrent): Promise<boolean> {
    const { keeper, session } = this.parts;
    const { infoHash } = entry;
    this.refresh(entry);
    await keeper.save(new Set([infoHash]));
    if (!keeper.isSaved(infoHash)) return false;
    entry.doubtful = keeper.doubtOf(infoHash)?.isEmpty === false;
    keeper.untrack(infoHash);
    entry.live = undefined;
    const { downRate, upRate } = live.managed.torrent;
    this.past.downloadedBytes += downRate.totalBytes;
    this.past.uploadedBytes += upRate.totalBytes;
    this.live.delete(entry);
    this.byManaged.delete(live.managed);
    await session.remove(infoHash);
    return true;
  }

  /** Reads a torrent, looks at its files and puts it into the session, stopped. Undefined: it cannot be run. */
  private load(entry: Entry): Promise<LiveTorrent | undefined> {
    return this.wakes.run(async () => {
      try {
        const ready = await this.makeReady(entry);
        if (this.closing) return undefined;
        if (ready.missing.length > 0) throw filesGone(entry.row, ready.missing);
        return this.enter(entry, ready);
      } catch (error) {
        this.fail(entry, error);
        return undefined;
      }
    });
  }

  private async makeReady(entry: Entry): Promise<ReadyTorrent> {
    const { store, runtime } = this.parts;
    const { infoHash, row, trackers, paths } = entry;
    const { torrent, resume } = store.read(infoHash);
    const placement = { root: row.root, trackers, paths };
    const stored = { infoHash, placement, torrentFile: torrent.torrentFile, resume, notes: [] };
    const accept = entry.checkWish?.byUser === true;
    const ready = await makeReady(stored, SETTLED_END, runtime.files, accept);
    if (ready.changed && ready.missing.length === 0) {
      const saved: StoredResume = resumeOf(ready, runtime.clock.wallClock());
      entry.doubtful = !ready.doubt.isEmpty;
      await store.save({
        resumes: new Map([[infoHash, saved]]),
        summaries: new Map([[infoHash, summaryOf(entry, this.parts.aliveMs())]]),
      });
    }
    return ready;
  }

  private enter(entry: Entry, ready: ReadyTorrent): LiveTorrent {
    const { session, keeper, runtime, desk } = this.parts;
    const { infoHash, row, number } = entry;
    const { metainfo, have, downloadedBytes, uploadedBytes, doubt } = ready;
    const managed = session.add({
      ...{ metainfo, root: row.root, have: have.copy(), downloadedBytes, uploadedBytes },
      addedAtMs: row.addedAtMs,
      torrent: { ...this.parts.torrentOptions(entry), ...this.parts.guardOf(entry, metainfo) },
      announced: entry.calls.length === 0 ? [] : desk.release(entry),
    });
    const now = runtime.clock.now();
    const live: LiveTorrent = {
      ...{ managed, root: row.root, isChecking: false, quietSinceMs: now, movedAtMs: now, isHeld: false },
      adopting: ready.adopting,
    };
    entry.live = live;
    this.live.add(entry);
    this.byManaged.set(managed, entry);
    if (entry.wishes.length > 0) managed.torrent.choose(entry.wishes);
    this.parts.onLive(entry, managed);
    const source = resumeSourceOf(managed, row.root, runtime.files);
    keeper.track(infoHash, { ...ready, doubt: doubt.copy(), number, source });
    entry.doubtful = !doubt.isEmpty;
    const wish = entry.checkWish;
    if (!doubt.isEmpty && (wish === undefined || wish.pieces !== undefined)) {
      // What is in doubt would be fetched anew if only other pieces were looked at.
      const pieces = new Set([...(wish?.pieces ?? []), ...doubt.pieces()]);
      entry.checkWish = { pieces: [...pieces], byUser: wish?.byUser === true };
    }
    return live;
  }

  /** Peers of a torrent that may be at rest. */
  addPeers(entry: Entry, peers: readonly Endpoint[]): void {
    if (entry.live !== undefined) entry.live.managed.addPeers(peers);
    else if (entry.search !== undefined) entry.search.addPeers(peers);
    else if (desireOf(entry).desire === 'seed') {
      void this.wake(entry).then(() => entry.live?.managed.addPeers(peers));
    }
  }

  /** It has just been completed here. */
  onDone(entry: Entry): void {
    const { row } = entry;
    this.refresh(entry);
    if (isComplete(entry) && row.completedAtMs === 0) {
      this.parts.publish(entry, { completedAtMs: this.parts.runtime.clock.wallClock() });
    }
    void this.parts.keeper.save(new Set([entry.infoHash]));
    this.parts.onSettled(entry);
  }
}

function restingRow(state: Entry['row']['state'], error: string): Partial<Entry['row']> {
  return {
    ...{ state, error, downBytesPerSec: 0, upBytesPerSec: 0 },
    ...{ peerCount: 0, seedCount: 0, servedCount: 0, servingCount: 0 },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
