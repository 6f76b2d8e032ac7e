import { join } from 'node:path';
import { VERSION } from '../../codec/version.ts';
import { HttpResponder } from '../../discovery/tracker-server/http-responder.ts';
import { PrivateGate } from '../../discovery/tracker-server/private-gate.ts';
import { RateGuard } from '../../discovery/tracker-server/rate-guard.ts';
import { RATIO_ACCOUNTS_DEFAULTS, RatioAccounts } from '../../discovery/tracker-server/ratio-accounts.ts';
import { Tracker, type TrackerOptions } from '../../discovery/tracker-server/tracker.ts';
import { newTrackerCounts } from '../../discovery/tracker-server/tracker-counts.ts';
import { UdpResponder } from '../../discovery/tracker-server/udp-responder.ts';
import { serveUdpTracker } from '../../discovery/tracker-server/udp-server.ts';
import type { DatagramSocket, Endpoint, Runtime } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import { MetricsServer } from '../metrics/metrics-server.ts';
import { TRACKER_HTTP_DEFAULTS, TrackerHttpServer } from './http-server.ts';
import { MembershipStore } from './membership-store.ts';
import { swarmView, type TrackerView, trackerMetricsText } from './metrics.ts';
import { Pages } from './pages.ts';
import type { SharedLog } from './shared-log.ts';
import { SwarmSnapshot } from './snapshot.ts';

/** Settings of `allium tracker`. */
export interface TrackerSettings {
  /** Literal addresses to listen on. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly http: boolean;
  readonly udp: boolean;
  readonly tracker: TrackerOptions;
  /** Requests of one address in a minute; 0: any number. */
  readonly perMinuteMax: number;
  /** Where swarms, and users of a private tracker, are kept; undefined: nowhere. */
  readonly dataFolder: string | undefined;
  /** `redis://…`; undefined: this process alone. */
  readonly store: string | undefined;
  readonly isPrivate: boolean;
  readonly metrics: Endpoint | undefined;
  readonly snapshotMs: number;
}

/** Torrents looked at in one sweep, and how often: 100,000 torrents have had their turn after ten seconds. */
const SWEEP_TORRENTS = 2_000;
const SWEEP_MS = 200;
const ACCOUNTS_MS = 10_000;

export interface TrackerDaemonModules {
  readonly runtime: Runtime;
  readonly log: Log;
}

/** A tracker over HTTP and UDP, with all that belongs to running one. */
export class TrackerDaemon {
  readonly tracker: Tracker;
  readonly listening: { readonly http: Endpoint[]; readonly udp: Endpoint[] } = { http: [], udp: [] };
  readonly #settings: TrackerSettings;
  readonly #modules: TrackerDaemonModules;
  readonly #counts = newTrackerCounts();
  readonly #guard: RateGuard;
  readonly #startedMs: number;
  readonly #shared: SharedLog | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #snapshot: SwarmSnapshot | undefined;
  #members: MembershipStore | undefined;
  #accounts: RatioAccounts | undefined;
  #sockets: DatagramSocket[] = [];
  #servers: { close(): Promise<void> }[] = [];

  private constructor(
    settings: TrackerSettings,
    modules: TrackerDaemonModules,
    Shared: typeof SharedLog | undefined,
  ) {
    const { clock, random } = modules.runtime;
    this.#settings = settings;
    this.#modules = modules;
    this.#startedMs = clock.now();
    this.#guard = new RateGuard(settings, { random });
    this.#shared =
      settings.store === undefined || Shared === undefined
        ? undefined
        : new Shared(settings.store, { tracker: () => this.tracker, clock, log: modules.log });
    this.tracker = new Tracker(settings.tracker, { random, log: this.#shared?.writer });
  }

  /** Rejects with ADDRESS_IN_USE, NO_PERMISSION or NETWORK_FAILED; nothing is left open then. */
  static async start(settings: TrackerSettings, modules: TrackerDaemonModules): Promise<TrackerDaemon> {
    // The client of the store is a megabyte that most trackers have no use for.
    const shared = settings.store === undefined ? undefined : await import('./shared-log.ts');
    const daemon = new TrackerDaemon(settings, modules, shared?.SharedLog);
    try {
      await daemon.#open();
    } catch (error) {
      await daemon.close();
      throw error;
    }
    return daemon;
  }

  view(): TrackerView {
    return {
      version: VERSION,
      uptimeSec: (this.#modules.runtime.clock.now() - this.#startedMs) / 1000,
      residentBytes: process.memoryUsage.rss(),
      ...swarmView(this.tracker),
      rateLimited: this.#guard.refused,
      counts: this.#counts,
      isStoreConnected: this.#shared?.isConnected,
      users: this.#members?.userCount,
      flaggedUsers:
        this.#accounts && [...this.#accounts.users.values()].filter(({ flags }) => flags > 0).length,
    };
  }

  /** Says nothing to peers: they come again. What is known is saved. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.#shared?.stop();
    try {
      await this.#snapshot?.save(this.tracker, this.#modules.runtime.clock);
      if (this.#accounts !== undefined) await this.#members?.saveAccounts(this.#accounts.users);
    } finally {
      await Promise.all([this.#snapshot?.close(), this.#members?.close()]);
    }
  }

  async #open(): Promise<void> {
    await this.#restore();
    await this.#listen();
    this.#keep();
  }

  async #restore(): Promise<void> {
    const { dataFolder, isPrivate } = this.#settings;
    const { clock } = this.#modules.runtime;
    if (dataFolder !== undefined) {
      this.#snapshot = new SwarmSnapshot(join(dataFolder, 'swarms'));
      this.#snapshot.load(this.tracker, clock);
      this.#modules.log.info('swarms restored', { peers: this.tracker.peerCount });
      if (isPrivate) {
        this.#members = new MembershipStore(join(dataFolder, 'members'));
        this.#accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
        for (const [name, account] of this.#members.accounts()) this.#accounts.users.set(name, account);
      }
    }
    await this.#shared?.start();
  }

  async #listen(): Promise<void> {
    const { hosts, port, http, udp, metrics } = this.#settings;
    const { clock, random, network } = this.#modules.runtime;
    const gate =
      this.#members === undefined || this.#accounts === undefined
        ? undefined
        : new PrivateGate({ membership: this.#members, accounts: this.#accounts });
    const shared = { clock, random, tracker: this.tracker, guard: this.#guard, counts: this.#counts, gate };
    const pages = new Pages({ view: () => this.view(), members: this.#members });
    const responder = new HttpResponder(shared);
    for (const host of hosts) {
      let chosen = port;
      if (http) {
        const server = await TrackerHttpServer.start({ host, port }, TRACKER_HTTP_DEFAULTS, {
          responder,
          pages,
        });
        this.#servers.push(server);
        this.listening.http.push(server.local);
        chosen = server.local.port;
      }
      if (!udp) continue;
      const modules = { network, responder: new UdpResponder(shared) };
      const socket = await serveUdpTracker({ host, port: chosen }, modules);
      this.#sockets.push(socket);
      this.listening.udp.push(socket.local);
    }
    if (metrics !== undefined) {
      this.#servers.push(await MetricsServer.start(metrics, { text: () => trackerMetricsText(this.view()) }));
    }
  }

  /** What is done again and again. */
  #keep(): void {
    const { clock } = this.#modules.runtime;
    const { snapshotMs } = this.#settings;
    this.#timers.push(setInterval(() => this.tracker.sweep(SWEEP_TORRENTS, clock.now() / 1000), SWEEP_MS));
    if (this.#snapshot !== undefined) {
      const save = (): void => {
        this.#snapshot!.save(this.tracker, clock).catch((error: unknown) =>
          this.#modules.log.error('swarms cannot be saved', { reason: String(error) }),
        );
      };
      this.#timers.push(setInterval(save, snapshotMs));
    }
    if (this.#accounts !== undefined) {
      const save = (): void => {
        this.#members!.saveAccounts(this.#accounts!.users).catch((error: unknown) =>
          this.#modules.log.error('accounts cannot be saved', { reason: String(error) }),
        );
      };
      this.#timers.push(setInterval(save, ACCOUNTS_MS));
    }
  }
}
