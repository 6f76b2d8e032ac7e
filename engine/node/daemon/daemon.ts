import { join } from 'node:path';
import { parseEndpoint } from '../../codec/endpoint.ts';
import { VERSION } from '../../codec/version.ts';
import type { Control } from '../control/control.ts';
import { createEngine, type Engine } from '../engine.ts';
import { Library } from '../library/library.ts';
import { LIBRARY_DEFAULTS } from '../library/library-options.ts';
import { NODE_OPTIONS_DEFAULTS } from '../library/node-book.ts';
import { summarizing } from '../library/resume-store.ts';
import type { Log } from '../log.ts';
import type { ManagedTorrentEvents } from '../managed-torrent.ts';
import { openWorld, type World } from '../net/world.ts';
import type { OpenRemote } from '../remote/open-remote.ts';
import { KEEPER_DEFAULTS, ResumeKeeper } from '../resume/keeper.ts';
import { allowsDht, openRoles } from '../roles/open-roles.ts';
import type { RoleKeeper } from '../roles/role-keeper.ts';
import { Session } from '../session.ts';
import { AUTO_PORTS, type NodeSettings } from '../settings.ts';
import { type OpenFinders, openFinders } from '../sources/open-finders.ts';
import { NodeStore } from '../store/store.ts';
import { watchRealFolder } from '../watch/real-watch.ts';
import { WATCH_DEFAULTS, WatchFolder } from '../watch/watch-folder.ts';
import { openPort } from './auto-port.ts';
import type { NodeView } from './node-view.ts';
import { Problems } from './problems.ts';
import { viewOfRow } from './row-view.ts';
import { addFile } from './watch-add.ts';

const PROBLEMS_MAX = 20;

/** The seedbox node: torrents that come back after whatever happens, a watch folder, and a port to see and control it. */
export class NodeDaemon {
  private readonly settings: NodeSettings;
  private readonly log: Log;
  private readonly problems = new Problems({ countMax: PROBLEMS_MAX });
  /** What is to be closed, the last first. */
  private readonly closers: (() => Promise<void>)[] = [];
  private startedAtMs = 0;
  private engine!: Engine;
  private world!: World;
  private session!: Session;
  private keeper!: ResumeKeeper;
  private finders: OpenFinders | undefined;
  private library!: Library;
  private remote: OpenRemote | undefined;
  private readonly ending = new AbortController();
  private roles!: RoleKeeper;
  private saved = false;

  private constructor(settings: NodeSettings, log: Log) {
    this.settings = settings;
    this.log = log;
  }

  /**
   * Starts a node. Rejects with BAD_STATE when its store cannot be used, with ADDRESS_IN_USE when a port is taken, and
   * with the file system's errors; then nothing of it is left running and nothing of its state has changed.
   */
  static async start(settings: NodeSettings, log: Log): Promise<NodeDaemon> {
    const daemon = new NodeDaemon(settings, log);
    try {
      await daemon.open();
      return daemon;
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  /** Where the page and remote controls are; empty when there are none. */
  get statusUrl(): string {
    return this.remote?.url ?? '';
  }

  /** Aborts when a remote control has asked the node to end; whoever runs it closes it then. */
  get endSignal(): AbortSignal {
    return this.ending.signal;
  }

  /** All that can be done with its torrents. */
  get control(): Control {
    return this.library;
  }

  /** Its jobs and the reasons for them. */
  get jobs(): RoleKeeper {
    return this.roles;
  }

  view(): NodeView {
    const { state, downloads, watch } = this.settings;
    const view = this.session.view();
    return {
      version: VERSION,
      startedAtMs: this.startedAtMs,
      nowMs: this.engine.runtime.clock.wallClock(),
      memoryBytes: process.memoryUsage.rss(),
      problems: this.problems.list(),
      folders: { state, downloads, watch: watch === false ? '' : watch },
      ...view,
      torrents: [...this.library.rows.values()].map(viewOfRow),
    };
  }

  /** Stops everything and saves, so that the next start need not doubt anything. Never rejects. */
  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.log.error(`while stopping: ${messageOf(error)}`);
      }
    }
  }

  private async open(): Promise<void> {
    const { settings, closers } = this;
    const store = await NodeStore.open(settings.state);
    closers.push(() => store.close(this.saved));
    const report = (line: string): void => this.report(line);
    this.world = await openWorld(settings, { report });
    closers.push(async () => this.world.close());
    this.engine = createEngine(
      {
        slabBytes: settings.memory,
        threadCount: settings.threads,
        connectionsMax: settings.connections,
        shards: settings.shards,
        encryption: settings.encryption,
        transports: this.world.transports,
      },
      this.world,
    );
    closers.push(() => this.engine.close());
    const { runtime } = this.engine;
    this.startedAtMs = runtime.clock.wallClock();
    await runtime.files.makeDirectory(settings.downloads);
    this.session = await this.listen();
    await this.openFinders(report);
    this.library = this.makeLibrary(store);
    await this.library.load();
    this.keeper.start();
    closers.push(async () => {
      this.saved = await this.library.close();
    });
    this.roles = await openRoles(settings, { control: this.library, runtime, log: this.log });
    closers.push(() => this.roles.close());
    await this.openRemote();
    await this.openWatch();
    this.sayHello();
  }

  private listen(): Promise<Session> {
    const { host, port, trackers, dht, pex, lsd, webSeeds } = this.settings;
    const sources = { trackers, dht, pex, lsd, webSeeds };
    // The library comes later, and hears of its torrents by then.
    const events: ManagedTorrentEvents = {
      onPiece: (managed, piece) => this.library.events.onPiece?.(managed, piece),
      onDone: (managed) => this.library.events.onDone?.(managed),
      onState: (managed) => this.library.events.onState?.(managed),
    };
    return openPort(port, AUTO_PORTS.peers, async (candidate) => {
      const session = new Session(
        { listen: { host, port: candidate }, sources },
        { ...this.engine, events, finders: () => this.finders ?? {} },
      );
      if (this.world.mayListen) await session.listen();
      return session;
    });
  }

  private makeLibrary(store: NodeStore): Library {
    const { settings, session, engine, log, problems } = this;
    const { runtime, shard } = engine;
    this.keeper = new ResumeKeeper(
      { ...KEEPER_DEFAULTS, saveIntervalMs: settings.saveInterval * 1000 },
      {
        store: summarizing(store, () => this.library),
        clock: runtime.clock,
        onError: (error) => this.report(`cannot save: ${messageOf(error)}`),
      },
    );
    const defaults = {
      ...NODE_OPTIONS_DEFAULTS,
      downloadRoot: settings.downloads,
      connectionsMax: settings.connections,
      uploadSlotsPerTorrent: settings.slots,
    };
    return new Library(
      { ...LIBRARY_DEFAULTS, defaults },
      {
        ...{ store, session, shard, runtime, log, keeper: this.keeper, peerId: shard.peerId },
        hashing: { slab: engine.slab, hashes: engine.hashes },
        report: (line) => this.report(line),
        problems: () => problems.list(),
        figures: () => ({
          dhtNodes: this.finders?.dhtNodeCount() ?? 0,
          threadCount: settings.threads,
          memoryBytes: process.memoryUsage.rss(),
        }),
      },
    );
  }

  private async openFinders(report: (line: string) => void): Promise<void> {
    const { settings, session } = this;
    const { runtime } = this.engine;
    const bootstrap = settings.dhtBootstrap.map(parseEndpoint).filter((endpoint) => endpoint !== undefined);
    const finders = await openFinders(
      {
        ...settings,
        dht: settings.dht && allowsDht(settings),
        dhtBootstrap: bootstrap,
        dhtStatePath: join(settings.state, 'dht.json'),
      },
      session.local ?? { host: settings.host, port: 0 },
      { runtime, report },
    );
    this.finders = finders;
    this.closers.push(() => finders.close());
  }

  /** Tells the operator, in the log once and on the status page. */
  private report(line: string): void {
    if (this.problems.add(line)) this.log.error(line);
  }

  private async openRemote(): Promise<void> {
    if (this.settings.statusPort === false) return;
    // All that HTTP needs is loaded where somebody is to be answered.
    const { openNodeRemote } = await import('./remote.ts');
    const { library: control, log } = this;
    const remote = await openNodeRemote(this.settings, {
      ...{ control, log, clock: this.engine.runtime.clock, shouldListen: this.world.mayListen },
      view: () => this.view(),
      openStream: (infoHash) => control.openStream(infoHash),
      roles: this.roles,
      shutDown: () => this.ending.abort(),
      report: (line) => this.report(line),
    });
    if (remote === undefined) return;
    this.remote = remote;
    this.closers.push(() => remote.close());
  }

  private async openWatch(): Promise<void> {
    const folder = this.settings.watch;
    if (folder === false) return;
    const { clock, files } = this.engine.runtime;
    const watch = new WatchFolder(
      { ...WATCH_DEFAULTS, folder },
      {
        clock,
        files,
        add: (bytes, path) => addFile(this.library, bytes, path),
        onAdded: (path) => this.log.debug('taken from the watch folder', { path }),
        onBad: (path, error) => this.report(`${path} was not added: ${error.message}`),
        onTrouble: (error) => this.report(`the watch folder cannot be read: ${messageOf(error)}`),
        watch: watchRealFolder,
      },
    );
    this.closers.push(() => watch.close());
    await watch.start();
  }

  private sayHello(): void {
    const { downloads, watch } = this.settings;
    this.log.info('the node runs', {
      listening: this.session.view().listening,
      status: this.statusUrl,
      torrents: this.library.rows.size,
      watch: watch === false ? '' : watch,
      downloads,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
