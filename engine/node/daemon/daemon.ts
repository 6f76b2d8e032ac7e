import { join } from 'node:path';
import { TORRENT_DEFAULTS } from '../../bittorrent/torrent/options.ts';
import { parseEndpoint } from '../../codec/endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import { VERSION } from '../../codec/version.ts';
import { createEngine, type Engine } from '../engine.ts';
import type { Log } from '../log.ts';
import type { ManagedTorrent, ManagedTorrentEvents } from '../managed-torrent.ts';
import { openWorld, type World } from '../net/world.ts';
import { KEEPER_DEFAULTS, ResumeKeeper } from '../resume/keeper.ts';
import { Session } from '../session.ts';
import { AUTO_PORTS, type NodeSettings } from '../settings.ts';
import { type OpenFinders, openFinders } from '../sources/open-finders.ts';
import type { NodeView } from '../status/node-view.ts';
import { STATUS_DEFAULTS, StatusServer } from '../status/server.ts';
import { NodeStore } from '../store/store.ts';
import { watchRealFolder } from '../watch/real-watch.ts';
import { WATCH_DEFAULTS, WatchFolder } from '../watch/watch-folder.ts';
import { openPort } from './auto-port.ts';
import { Problems } from './problems.ts';
import { NodeTorrents } from './torrents.ts';

const PROBLEMS_MAX = 20;

/** The seedbox node: torrents that come back after whatever happens, a watch folder and a status page. */
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
  private finders: OpenFinders | undefined;
  private torrents!: NodeTorrents;
  private status: StatusServer | undefined;
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

  /** Where the status page is; empty when there is none. */
  get statusUrl(): string {
    return this.status?.url ?? '';
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
      torrents: [...view.torrents, ...this.torrents.refusedViews()],
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
    const keeper = new ResumeKeeper(
      { ...KEEPER_DEFAULTS, saveIntervalMs: settings.saveInterval * 1000 },
      { store, clock: runtime.clock, onError: (error) => this.report(`cannot save: ${messageOf(error)}`) },
    );
    this.session = await this.listen(this.eventsFor(keeper));
    await this.openFinders(report);
    const { session, log, problems } = this;
    this.torrents = new NodeTorrents(
      { downloads: settings.downloads },
      { store, session, keeper, runtime, log, problems },
    );
    await this.torrents.load();
    keeper.start();
    closers.push(async () => {
      this.saved = await this.torrents.close();
    });
    await this.openStatus();
    await this.openWatch();
    this.sayHello();
  }

  private listen(events: ManagedTorrentEvents): Promise<Session> {
    const { host, port, trackers, dht, pex, lsd, webSeeds, slots } = this.settings;
    const sources = { trackers, dht, pex, lsd, webSeeds };
    const choker = { ...TORRENT_DEFAULTS.choker, slots: slots === 0 ? Number.POSITIVE_INFINITY : slots };
    return openPort(port, AUTO_PORTS.peers, async (candidate) => {
      const session = new Session(
        { listen: { host, port: candidate }, sources, torrentDefaults: { choker } },
        { ...this.engine, events, finders: () => this.finders ?? {} },
      );
      if (this.world.mayListen) await session.listen();
      return session;
    });
  }

  private async openFinders(report: (line: string) => void): Promise<void> {
    const { settings, session } = this;
    const { runtime } = this.engine;
    const bootstrap = settings.dhtBootstrap.map(parseEndpoint).filter((endpoint) => endpoint !== undefined);
    const finders = await openFinders(
      { ...settings, dhtBootstrap: bootstrap, dhtStatePath: join(settings.state, 'dht.json') },
      session.local ?? { host: settings.host, port: 0 },
      { runtime, report },
    );
    this.finders = finders;
    this.closers.push(() => finders.close());
  }

  private eventsFor(keeper: ResumeKeeper): ManagedTorrentEvents {
    return {
      onPiece: (managed, piece) => keeper.onPiece(managed.infoHash, piece),
      onDone: (managed) => {
        // A torrent that was complete when it came back is no news.
        if (managed.torrent.downRate.totalBytes === 0) return;
        this.log.info(`“${managed.metainfo.name}” is complete`, { infoHash: managed.infoHash });
        void keeper.save(new Set([managed.infoHash]));
      },
      onState: (managed) => this.onState(managed),
    };
  }

  private onState(managed: ManagedTorrent): void {
    const { failure, infoHash, metainfo } = managed;
    this.log.debug(`“${metainfo.name}” is ${managed.state}`, { infoHash });
    if (managed.state !== 'error' || failure === undefined) return;
    const advice = failure instanceof AlliumError && failure.advice !== '' ? ` ${failure.advice}` : '';
    this.report(`“${metainfo.name}”: ${failure.message}.${advice}`);
  }

  /** Tells the operator, in the log once and on the status page. */
  private report(line: string): void {
    if (this.problems.add(line)) this.log.error(line);
  }

  private async openStatus(): Promise<void> {
    const { statusPort } = this.settings;
    if (statusPort === false) return;
    const { clock } = this.engine.runtime;
    const status = await openPort(statusPort, AUTO_PORTS.status, (port) =>
      StatusServer.start({ ...STATUS_DEFAULTS, port }, { view: () => this.view(), now: () => clock.now() }),
    );
    this.status = status;
    this.closers.push(() => status.close());
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
        add: async (torrentFile) => void (await this.torrents.add(torrentFile)),
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
      torrents: this.session.list().length,
      watch: watch === false ? '' : watch,
      downloads,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
