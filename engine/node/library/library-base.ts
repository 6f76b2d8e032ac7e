import { TORRENT_DEFAULTS, type TorrentOptions } from '../../bittorrent/torrent/options.ts';
import type { AnnounceAnswer } from '../../discovery/tracker/types.ts';
import type { Timer } from '../../runtime/port.ts';
import type { TorrentRow } from '../control/row.ts';
import type { ManagedTorrentEvents } from '../managed-torrent.ts';
import type { FoundMagnet } from '../sources/magnet-search.ts';
import type { Scrub } from '../upkeep/scrub.ts';
import { type AddModules, filled, type NewTorrent } from './adding.ts';
import { ANNOUNCE_DESK_DEFAULTS, AnnounceDesk } from './announce-desk.ts';
import { desireOf } from './desires.ts';
import { Directory } from './directory.ts';
import { contentNameOf, contentPathOf, type Entry, entryOf, Interner, summaryOf, timeIn } from './entry.ts';
import type { LibraryModules, LibraryOptions } from './library-options.ts';
import type { LibraryParts } from './library-parts.ts';
import { applyLimits, limitTorrent } from './limit-desk.ts';
import { loadEntries } from './loading.ts';
import { NodeBook } from './node-book.ts';
import { piecesOf } from './pieces-of.ts';
import { QueueKeeper } from './queue-keeper.ts';
import { parseStored, placed } from './ready.ts';
import { ROW_BOOK_DEFAULTS, RowBook } from './row-book.ts';
import { Runner } from './runner.ts';
import { Saver } from './saver.ts';
import { openScrub } from './scrubbing.ts';
import { Searches } from './searches.ts';
import { Sharing } from './sharing.ts';
import type { StatParts } from './stats.ts';
import { Survey } from './survey.ts';
import { Sweeps } from './sweeps.ts';

const TICK_MS = 1_000;
/** Sums over all runs are saved so often: the times of torrents are known to so much after a crash. */
const TOTALS_EVERY_MS = 60_000;

/** What a library consists of, how it starts and ends, and how its parts hear of each other. */
export abstract class LibraryBase {
  protected readonly settings: LibraryOptions;
  protected readonly modules: LibraryModules;
  readonly entries = new Map<string, Entry>();
  protected readonly directory: Directory;
  protected readonly sharing: Sharing;
  private scrub: Scrub | undefined;
  protected readonly intern = new Interner();
  protected readonly book: RowBook;
  protected readonly nodeBook: NodeBook;
  protected readonly saver: Saver;
  protected readonly queue: QueueKeeper;
  protected readonly parts: LibraryParts;
  protected readonly runner: Runner;
  private readonly sweeps: Sweeps;
  private survey: Survey | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly startedAtMs: number;
  private readonly startedAt: number;
  private telling: Timer | undefined;
  private ticker: Timer | undefined;
  private totalsSavedAt = 0;
  private queueEnd = 0;
  private started = false;

  constructor(options: LibraryOptions, modules: LibraryModules) {
    this.settings = options;
    this.modules = modules;
    const { store, session, runtime, log, report, keeper } = modules;
    const { clock } = runtime;
    this.startedAtMs = clock.wallClock();
    this.startedAt = clock.now();
    // Another for each run, as long as the clock goes on in between.
    this.book = new RowBook({
      ...ROW_BOOK_DEFAULTS,
      firstRevision: (Math.floor(this.startedAtMs / 1000) % 1e6) * 1e6 + 1,
    });
    this.nodeBook = new NodeBook(options.defaults, { store });
    const aliveMs = (): number => this.aliveMs();
    this.saver = new Saver({
      store,
      clock,
      aliveMs,
      onError: (error) => report(`cannot save: ${textOf(error)}`),
    });
    const desk = new AnnounceDesk(ANNOUNCE_DESK_DEFAULTS, {
      clock,
      random: runtime.random,
      transports: () => (session.sources.trackers ? session.finders.transports : {}),
      peerId: modules.peerId,
      port: () => session.local?.port ?? 0,
      onAnswer: (entry, answer) => this.onAnswer(entry, answer),
    });
    const searches = new Searches({
      session,
      onFound: (entry, found) => {
        this.onFound(entry, found).catch((error) => this.runner.fail(entry, error));
      },
      onError: (entry, error) => this.runner.fail(entry, error),
    });
    this.directory = new Directory({ entries: this.entries, table: modules.shard.encryption.torrents });
    this.sharing = new Sharing({ store });
    this.parts = {
      ...{ store, session, keeper, runtime, log, report, desk, searches, aliveMs },
      publish: (entry, change) => this.publish(entry, change),
      torrentOptions: (entry) => this.torrentOptions(entry),
      guardOf: (entry, metainfo) => this.sharing.guardOf(entry, metainfo),
      onLive: (entry, managed) => limitTorrent(entry, managed),
      onSettled: () => this.queue.soon(),
      onTrouble: (entry) => this.sweeps.onTrouble(entry),
    };
    this.runner = new Runner(options, this.parts);
    const { entries } = this;
    const onTurn = (entry: Entry): void => this.place(entry);
    this.queue = new QueueKeeper({ clock, entries, options: () => this.nodeBook.options, onTurn });
    this.sweeps = new Sweeps(
      { everyMs: options.lookEveryMs },
      { ...this.parts, entries, nodeBook: this.nodeBook, saver: this.saver, place: onTurn },
    );
  }

  protected abstract onAnswer(entry: Entry, answer: AnnounceAnswer): void;
  protected abstract onFound(entry: Entry, found: FoundMagnet): Promise<void>;

  /** What a session tells of its torrents; for {@link ManagedTorrentEvents}. */
  readonly events: ManagedTorrentEvents = {
    onPiece: (managed, piece) => {
      const entry = this.runner.entryOf(managed);
      if (entry === undefined) return;
      entry.settled = false;
      this.parts.keeper.onPiece(entry.infoHash, piece);
    },
    onDone: (managed) => {
      const entry = this.runner.entryOf(managed);
      // A torrent that was complete when it came back is no news.
      if (entry === undefined || managed.torrent.downRate.totalBytes === 0) return;
      this.parts.log.info(`“${entry.row.name}” is complete`, { infoHash: entry.infoHash });
      this.runner.onDone(entry);
    },
    onState: (managed) => this.runner.onState(managed),
  };

  /** Brings back what the store remembers. Rejects with BAD_STATE when that is damaged; then nothing runs. */
  async load(): Promise<void> {
    const { store, runtime, shard } = this.modules;
    const modules = { files: runtime.files, nowMs: runtime.clock.wallClock(), aliveMs: this.aliveMs() };
    const loaded = await loadEntries(store, modules);
    for (const entry of loaded.values()) this.admit(entry);
    this.started = true;
    this.applyOptions();
    await this.sweeps.look();
    this.parts.desk.expect(this.entries.size);
    this.queue.look();
    for (const entry of this.entries.values()) this.place(entry);
    shard.sleepers = {
      has: (key) => this.directory.find(key) !== undefined,
      wake: async (key) => {
        const entry = this.directory.find(key);
        if (entry !== undefined && desireOf(entry).desire === 'seed') await this.runner.wake(entry);
      },
    };
    this.survey = new Survey(this.entries, { runner: this.runner, now: () => runtime.clock.now() });
    await this.survey.begin();
    this.directory.start();
    this.beginScrub();
    this.tick();
  }

  private beginScrub(): void {
    const { hashing } = this.modules;
    if (hashing === undefined) return;
    const { entries, nodeBook, runner, saver } = this;
    this.scrub = openScrub({ ...this.parts, ...hashing, entries, nodeBook, runner, saver });
    this.scrub.start();
  }

  /** Stops everything and saves. Resolves with whether all of it is saved. */
  async close(): Promise<boolean> {
    this.ticker?.cancel();
    this.telling?.cancel();
    this.queue.close();
    this.modules.shard.sleepers = undefined;
    if (!this.started) return false;
    await Promise.all([
      this.scrub?.close(),
      this.survey?.close(),
      this.sweeps.close(),
      this.parts.desk.close(),
      this.runner.close(),
    ]);
    await this.modules.session.close();
    const isSaved = await this.modules.keeper.close();
    try {
      await this.saver.close();
      await this.nodeBook.saveTotals(this.totals());
      return isSaved;
    } catch (error) {
      this.modules.report(`cannot save: ${textOf(error)}`);
      return false;
    }
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Milliseconds that nodes of this store have run in all. */
  aliveMs(): number {
    return this.nodeBook.totals.aliveMs + this.modules.runtime.clock.now() - this.startedAt;
  }

  /** Puts a torrent into the list; it is not running yet. */
  protected admit(entry: Entry): void {
    const { row, infoHash } = entry;
    this.entries.set(infoHash, entry);
    entry.row = this.book.take(row);
    this.queueEnd = Math.max(this.queueEnd, row.queuePosition + 1);
    this.directory.add(entry);
    this.sharing.add(entry);
    this.tell();
  }

  protected dismiss(entry: Entry): void {
    const { infoHash } = entry;
    this.saver.forget(entry);
    this.entries.delete(infoHash);
    this.directory.remove(entry);
    this.sharing.remove(entry);
    this.book.remove(infoHash);
    this.queue.soon();
    this.tell();
  }

  /** The content of a magnet link has become known. */
  protected async fill(entry: Entry, fresh: NewTorrent): Promise<void> {
    const { store } = this.modules;
    const { number, infoHash } = entry;
    const { summary, content } = fresh;
    const known = filled(summaryOf(entry, this.aliveMs()), summary, number);
    const next = entryOf(infoHash, known, this.intern);
    await store.save({
      summaries: new Map([[infoHash, known]]),
      torrents: new Map([[infoHash, { number, torrentFile: content!.torrentFile }]]),
      resumes: new Map([[infoHash, content!.resume]]),
    });
    this.directory.occupy(entry.row.contentPath, -1);
    this.sharing.remove(entry);
    entry.magnet = '';
    entry.trackers = next.trackers;
    entry.doubtful = next.doubtful;
    entry.settled = next.settled;
    entry.wishes = next.wishes;
    entry.paths = next.paths;
    this.directory.occupy(next.row.contentPath, 1);
    const { id: _, revision: _r, state: _s, ...row } = next.row;
    this.publish(entry, row);
    this.sharing.add(entry);
  }

  protected addModules(): AddModules {
    const { files, clock } = this.modules.runtime;
    const { downloadRoot, startWhenAdded } = this.nodeBook.options;
    return {
      files,
      nowMs: clock.wallClock(),
      aliveMs: this.aliveMs(),
      defaultRoot: downloadRoot,
      startWhenAdded,
      queuePosition: this.queueEnd,
      isTaken: (path) => this.directory.isTaken(path),
    };
  }

  /** The pieces of files and those that are named; undefined: all. */
  protected piecesOf(
    entry: Entry,
    what: { readonly files?: readonly number[]; readonly pieces?: readonly number[] } | undefined,
  ): ReturnType<typeof piecesOf> {
    if (what?.files === undefined && what?.pieces === undefined) return undefined;
    const { torrentFile } = this.modules.store.read(entry.infoHash).torrent;
    return piecesOf(placed(parseStored(entry.infoHash, torrentFile), entry), what);
  }

  /** Options, categories or the hour have changed. */
  protected applyOptions(): void {
    this.limit();
    const { connectionsMax, uploadSlotsPerTorrent } = this.nodeBook.options;
    this.modules.shard.setConnectionsMax(connectionsMax);
    for (const entry of this.runner.live) {
      const { peersMax = TORRENT_DEFAULTS.peersMax } = this.torrentOptions(entry);
      entry.live?.managed.torrent.setRoom({ peersMax, uploadSlots: uploadSlotsPerTorrent });
    }
    this.queue.soon();
    this.scrub?.look();
    this.tell();
  }

  /** The limits of this moment: a schedule may have begun. */
  private limit(): void {
    const { options, categories } = this.nodeBook;
    const wallMs = this.modules.runtime.clock.wallClock();
    applyLimits(this.modules.shard.limits, options, categories.values(), wallMs);
  }

  /** Tells whoever listens, soon: much that changes at once is told once. */
  protected tell(): void {
    if (this.listeners.size === 0 || this.telling !== undefined) return;
    this.telling = this.modules.runtime.clock.setTimer(this.settings.tellAfterMs, () => {
      this.telling = undefined;
      for (const listener of this.listeners) listener();
    });
  }

  protected statParts(): StatParts {
    const { nodeBook, book, modules, startedAtMs } = this;
    const { session, figures, problems } = modules;
    return {
      nodeBook,
      totals: this.totals(),
      states: book.states,
      live: this.runner.live,
      session,
      figures,
      problems,
      startedAtMs,
    };
  }

  private totals() {
    const { totals } = this.nodeBook;
    const { downloadedBytes, uploadedBytes } = this.runner.traffic;
    return {
      aliveMs: this.aliveMs(),
      starts: totals.starts + 1,
      downloadedBytes: totals.downloadedBytes + downloadedBytes,
      uploadedBytes: totals.uploadedBytes + uploadedBytes,
    };
  }

  /** The content of a torrent lies elsewhere, or is called something else. */
  protected replace(entry: Entry, change: Partial<Pick<TorrentRow, 'root' | 'name' | 'contentPath'>>): void {
    const { row } = entry;
    const root = change.root ?? row.root;
    const contentPath = change.contentPath ?? contentPathOf(root, contentNameOf(row));
    this.directory.occupy(row.contentPath, -1);
    this.directory.occupy(contentPath, 1);
    this.sharing.remove(entry);
    this.publish(entry, { ...change, root, contentPath });
    this.sharing.add(entry);
  }

  /** Brings a torrent to where it belongs; at once when it is only a matter of the list. */
  private place(entry: Entry): void {
    if (!this.started) return;
    if (!this.runner.placeAtRest(entry)) {
      this.runner.apply(entry).catch((error) => this.runner.fail(entry, error));
    }
  }

  private torrentOptions(entry: Entry): Partial<Omit<TorrentOptions, 'root' | 'have' | 'listenPort'>> {
    const { peersPerTorrentMax, uploadSlotsPerTorrent } = this.nodeBook.options;
    const slots = uploadSlotsPerTorrent === 0 ? Number.POSITIVE_INFINITY : uploadSlotsPerTorrent;
    return {
      peersMax: entry.peersMax === 0 ? peersPerTorrentMax : entry.peersMax,
      superSeed: entry.row.superSeed,
      choker: { ...TORRENT_DEFAULTS.choker, slots },
    };
  }

  private publish(entry: Entry, change: Partial<TorrentRow>): void {
    const { row } = entry;
    const keys = Object.keys(change) as (keyof TorrentRow)[];
    if (!keys.some((key) => row[key] !== change[key])) return;
    if (entry.removed) return;
    const aliveMs = this.aliveMs();
    const downloadingMs = row.downloadingMs + timeIn('downloading', entry, aliveMs);
    const seedingMs = row.seedingMs + timeIn('seeding', entry, aliveMs);
    entry.foldedAtMs = aliveMs;
    const isTurn = change.state !== undefined && change.state !== row.state;
    entry.row = this.book.put({ ...row, downloadingMs, seedingMs, ...change });
    if (isTurn) this.saver.mark(entry);
    this.tell();
  }

  private tick(): void {
    const { clock } = this.modules.runtime;
    this.ticker = clock.setTimer(TICK_MS, () => this.tick());
    this.runner.tick();
    this.parts.desk.tick();
    this.sweeps.tick();
    this.survey?.tick();
    if (clock.now() - this.totalsSavedAt < TOTALS_EVERY_MS) return;
    this.totalsSavedAt = clock.now();
    this.limit();
    this.nodeBook
      .saveTotals(this.totals())
      .catch((error) => this.modules.report(`cannot save: ${textOf(error)}`));
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
