import { join } from 'node:path';
import { VERSION } from '../../codec/version.ts';
import { encodeBase64, encodeHex } from '../../onion/directory/text.ts';
import type { Hibernation } from '../../onion/flow/accounting.ts';
import type { Runtime, Timer } from '../../runtime/port.ts';
import { createRealRuntime } from '../../runtime/real/runtime.ts';
import type { Log } from '../log.ts';
import { MetricsServer } from '../metrics/metrics-server.ts';
import { AccountingKeeper } from './accounting-keeper.ts';
import { BandwidthHistory } from './bandwidth-history.ts';
import type { RelayConfig } from './config.ts';
import type { RelayStatus } from './descriptor-source.ts';
import { heartbeatFields } from './heartbeat.ts';
import { KeyFolder } from './key-folder.ts';
import { type KeyChange, KeyKeeper } from './key-keeper.ts';
import { meterNetwork } from './metered-network.ts';
import { type MetricsView, metricsText } from './metrics.ts';
import { NameResolver, RESOLVER_DEFAULTS } from './name-resolver.ts';
import { OverloadWatch } from './overload.ts';
import { RelayDirectory } from './relay-directory.ts';
import { takeRelayLock } from './relay-lock.ts';
import { planeKeys, prepareKernels, RelayPlane } from './relay-plane.ts';
import { readRelayState, writeRelayState } from './relay-state.ts';
import { reloadConfig, tellReload } from './reload.ts';
import type { ShardReport, Traffic } from './shards/messages.ts';
import { shardCount } from './shards/shard-plan.ts';
import { ShardedPlane } from './shards/sharded-plane.ts';
import { sumTraffic } from './shards/stats-sum.ts';
import { TrafficGate } from './traffic-gate.ts';

const SECOND_MS = 1000;
const HOUR_SEC = 3600;
const DAY_MS = 86_400_000;
/** Seconds between two looks at what there is to publish, and at keys and state. */
const PUBLISH_SEC = 2;
const UPKEEP_SEC = 60;
const DRAIN_POLL_MS = 100;

/** A relay with all that belongs to it: keys, directory, accounting, metrics. */
export class RelayDaemon {
  #config: RelayConfig;
  readonly #log: Log;
  readonly #runtime: Runtime;
  readonly #gate: TrafficGate;
  readonly #resolver: NameResolver;
  readonly #overload = new OverloadWatch();
  readonly #startedMs: number;
  /** What is to be closed, the last first. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  #folder!: KeyFolder;
  #keys!: KeyKeeper;
  #plane!: RelayPlane | ShardedPlane;
  #directory!: RelayDirectory;
  #accounting: AccountingKeeper | undefined;
  #bandwidth!: BandwidthHistory;
  #hibernation: Hibernation['kind'] = 'open';
  #isSwitching = false;
  #timer: Timer | undefined;
  #seconds = 0;
  #moved = { received: 0, sent: 0 };

  private constructor(config: RelayConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    const real = createRealRuntime();
    const { clock } = real;
    this.#gate = new TrafficGate({ rate: config.rate }, { clock });
    this.#runtime = { ...real, network: meterNetwork(real.network, this.#gate) };
    this.#startedMs = clock.wallClock();
    const { nameServers, words } = config;
    this.#resolver = new NameResolver({ ...RESOLVER_DEFAULTS, nameServers, ipv6: words.exitIpv6 }, { clock });
  }

  /**
   * Starts a relay. Rejects with BAD_STATE when keys cannot be used, with ADDRESS_IN_USE when a port is taken, and
   * with the file system's errors; then nothing of it is left running.
   */
  static async start(config: RelayConfig, log: Log): Promise<RelayDaemon> {
    const daemon = new RelayDaemon(config, log);
    try {
      await daemon.#open();
      return daemon;
    } catch (error) {
      await daemon.#closeAll();
      throw error;
    }
  }

  /** 40 upper-case hex digits. */
  get fingerprint(): string {
    return encodeHex(this.#keys.identity.fingerprint);
  }

  /**
   * Goes on with another configuration, as far as that may change while the relay runs. `file` is for messages. Throws
   * BAD_USAGE, and then nothing has changed. Streams that are open stay so, whatever the new policy says.
   */
  reconfigure(fresh: RelayConfig, file: string): void {
    const before = this.#config.rate;
    const reload = reloadConfig(this.#config, fresh, file);
    const { config } = reload;
    this.#config = config;
    this.#directory.reconfigure(config);
    this.#plane.reconfigure(config);
    // Shards and the main thread share one limit.
    if (!(this.#plane instanceof ShardedPlane) && config.rate !== before) this.#gate.setRate(config.rate);
    tellReload(reload, this.#log);
  }

  /** How long {@link close} takes at most, nearly. */
  get shutdownWaitSec(): number {
    return this.#config.words.shutdownWait;
  }

  /** Takes no new circuits, gives the others some time, then closes everything. Never rejects. */
  async close(): Promise<void> {
    const { relay } = this.#plane;
    const { clock } = this.#runtime;
    relay?.setHibernating(true);
    const until = clock.now() + this.#config.words.shutdownWait * SECOND_MS;
    while ((relay?.stats().circuits ?? 0) > 0 && clock.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    await this.#closeAll();
  }

  async #open(): Promise<void> {
    const { dataDir } = this.#config.words;
    const closers = this.#closers;
    this.#folder = KeyFolder.open(dataDir);
    const lock = await takeRelayLock(dataDir);
    closers.push(() => lock.release());
    this.#openKeys();
    this.#openBooks();
    closers.push(() => this.#saveState());
    this.#openRelay();
    closers.push(() => this.#resolver.close());
    await this.#openMetrics();
    this.#hibernation = this.#keepBooks();
    closers.push(() => this.#plane.close());
    closers.push(() => this.#directory.stop());
    // What it kept tells the data plane what the network asks for.
    await this.#directory.start();
    await this.#apply();
    this.#directory.publish();
    this.#tickLater();
    closers.push(() => this.#timer?.cancel());
    this.#sayHello();
  }

  #openKeys(): void {
    const { offlineMaster, signingKeyLifetimeDays, dataDir, nickname } = this.#config.words;
    const { clock, random } = this.#runtime;
    const folder = KeyFolder.open(join(dataDir, 'keys'));
    const options = { offlineMaster, signingLifetimeMs: signingKeyLifetimeDays * DAY_MS };
    this.#keys = new KeyKeeper(options, { folder, random, log: this.#log, nowMs: clock.wallClock() });
    const { ed25519Id } = this.#keys.identity;
    this.#folder.write('fingerprint', `${nickname} ${this.fingerprint}\n`);
    this.#folder.write('fingerprint-ed25519', `${nickname} ${encodeBase64(ed25519Id)}\n`);
  }

  #openBooks(): void {
    const { clock, random } = this.#runtime;
    const nowMs = clock.wallClock();
    const { state, isDamaged } = readRelayState(this.#folder);
    if (isDamaged) this.#log.warn('what the relay remembered of its traffic is damaged; it begins anew');
    this.#bandwidth = new BandwidthHistory(nowMs, state.bandwidth);
    const { accounting } = this.#config;
    if (accounting === undefined) return;
    this.#accounting = new AccountingKeeper(accounting, { random, nowMs, stored: state.accounting });
  }

  #openRelay(): void {
    this.#directory = new RelayDirectory(this.#config, {
      runtime: this.#runtime,
      log: this.#log,
      fingerprint: this.fingerprint,
      status: (nowMs) => this.#status(nowMs),
      onParams: (params) => this.#plane.relay?.setConsensusParams(params),
    });
    this.#plane = this.#makePlane();
  }

  #makePlane(): RelayPlane | ShardedPlane {
    const directory = this.#directory;
    const modules = {
      keys: () => planeKeys(this.#keys),
      directory: directory.handler,
      params: () => directory.params,
    };
    const count = shardCount(this.#config.words);
    if (count > 1) {
      const listed = (): ReadonlySet<string> | undefined => directory.listed;
      const more = { ...modules, listed, log: this.#log, gate: this.#gate };
      return new ShardedPlane(this.#config, count, more);
    }
    return new RelayPlane(this.#config, {
      ...modules,
      runtime: this.#runtime,
      kernels: prepareKernels(),
      resolver: this.#resolver,
      exitSource: (peer) => directory.isRelay(peer),
    });
  }

  async #openMetrics(): Promise<void> {
    const { metrics } = this.#config;
    if (metrics === undefined) return;
    const server = await MetricsServer.start(metrics, { text: () => metricsText(this.#view()) });
    this.#closers.push(() => server.close());
  }

  #status(nowMs: number): RelayStatus {
    return {
      identity: this.#keys.identity,
      onionKeys: this.#keys.onion.current,
      isHibernating: this.#hibernation !== 'open',
      observedBytesPerSec: this.#bandwidth.observedBytesPerSec,
      overload: this.#overload.general(nowMs),
      historyLines: this.#bandwidth.lines(),
      uptimeSeconds: Math.max(0, Math.floor((nowMs - this.#startedMs) / SECOND_MS)),
    };
  }

  #tickLater(): void {
    this.#timer = this.#runtime.clock.setTimer(SECOND_MS, () => {
      try {
        this.#tick();
      } catch (error) {
        this.#log.error(`upkeep failed: ${messageOf(error)}`);
      }
      this.#tickLater();
    });
  }

  /** Once in a second. */
  #tick(): void {
    const nowMs = this.#runtime.clock.wallClock();
    this.#hibernate(this.#keepBooks());
    this.#watchLoad(nowMs);
    this.#seconds += 1;
    if (this.#seconds % PUBLISH_SEC === 1) this.#directory.publish();
    if (this.#seconds % (this.#config.words.heartbeatHours * HOUR_SEC) === 0) {
      this.#log.info('heartbeat', heartbeatFields(this.#view()));
    }
    if (this.#seconds % UPKEEP_SEC !== 0) return;
    this.#saveState();
    this.#renewKeys().catch((error: unknown) => this.#log.error(`no new keys: ${messageOf(error)}`));
  }

  async #renewKeys(): Promise<void> {
    const { params } = this.#directory;
    const nowMs = this.#runtime.clock.wallClock();
    await this.#keys.prepare(params, nowMs);
    for (const change of this.#keys.tick(params, nowMs)) this.#onKeyChange(change);
  }

  #onKeyChange(change: KeyChange): void {
    const { relay } = this.#plane;
    this.#log.info('keys were renewed', { what: change });
    if (change === 'link') relay?.setLinkOutfit(this.#keys.outfit);
    if (change === 'onion-rotated') relay?.rotateOnionKey(this.#keys.onion.current.ntorPrivateKey);
    if (change === 'onion-forgotten') relay?.rotateOnionKey(undefined);
  }

  #watchLoad(nowMs: number): void {
    const stats = this.#plane.relay?.stats();
    if (stats === undefined) return;
    const { handshakesDropped, refusals } = stats.counters;
    const reasons = this.#overload.look(
      {
        isUnderMemoryPressure: stats.isUnderMemoryPressure,
        memoryRefusals: (refusals.get('memory') ?? 0) + (refusals.get('queue-bytes') ?? 0),
        handshakesDropped: Object.values(handshakesDropped).reduce((sum, count) => sum + count, 0),
        dnsTimeouts: this.#elsewhere?.dns.timeout ?? this.#resolver.outcomes.timeout,
      },
      nowMs,
    );
    if (reasons.length > 0) this.#log.debug('the relay cannot keep up', { why: reasons.join(', ') });
  }

  /** Notes what was moved since the last time, and says whether the relay may work. */
  #keepBooks(): Hibernation['kind'] {
    const { receivedBytes, sentBytes } = this.#traffic;
    const received = receivedBytes - this.#moved.received;
    const sent = sentBytes - this.#moved.sent;
    this.#moved = { received: receivedBytes, sent: sentBytes };
    const nowMs = this.#runtime.clock.wallClock();
    this.#bandwidth.add(received, sent, nowMs);
    return this.#accounting?.tick(received, sent, nowMs).kind ?? 'open';
  }

  #hibernate(kind: Hibernation['kind']): void {
    if (kind === this.#hibernation) return;
    this.#log.info('accounting has changed what the relay may do', { from: this.#hibernation, to: kind });
    this.#hibernation = kind;
    this.#apply().catch((error: unknown) => {
      this.#log.error(`the relay could not wake up: ${messageOf(error)}`);
    });
  }

  /** Lets the data plane do what accounting says; one change after the other. */
  async #apply(): Promise<void> {
    if (this.#isSwitching) return;
    this.#isSwitching = true;
    try {
      let done: Hibernation['kind'] | undefined;
      while (done !== this.#hibernation) {
        done = this.#hibernation;
        const isAwake = done === 'open' || done === 'soft';
        if (!isAwake) await this.#plane.close();
        else if (this.#plane.relay === undefined) await this.#plane.open();
        this.#plane.relay?.setHibernating(done === 'soft');
      }
    } finally {
      this.#isSwitching = false;
    }
  }

  #saveState(): void {
    const accounting = this.#accounting?.toStored();
    writeRelayState(this.#folder, {
      bandwidth: this.#bandwidth.toStored(),
      ...(accounting === undefined ? {} : { accounting }),
    });
  }

  #sayHello(): void {
    const { words, isExit, authorities, ipv6 } = this.#config;
    this.#log.info('the relay runs', {
      nickname: words.nickname,
      fingerprint: this.fingerprint,
      ed25519: encodeBase64(this.#keys.identity.ed25519Id),
      listening: `${words.listenAddress}:${words.orPort}`,
      ...(ipv6 === undefined ? {} : { listeningIpv6: `[${ipv6.listen.host}]:${ipv6.listen.port}` }),
      shards: this.#plane instanceof ShardedPlane ? this.#plane.threads.length : 1,
      exit: isExit,
      authorities: authorities.length,
      metrics: words.metrics,
    });
    if (this.#hibernation !== 'open')
      this.#log.info('accounting lets the relay rest', { now: this.#hibernation });
  }

  /** What shards in other threads have done, who look names up themselves; undefined: there are none. */
  get #elsewhere(): ShardReport | undefined {
    return this.#plane instanceof ShardedPlane ? this.#plane.report() : undefined;
  }

  get #traffic(): Traffic {
    const elsewhere = this.#elsewhere;
    return sumTraffic(elsewhere === undefined ? [this.#gate] : [this.#gate, elsewhere.traffic]);
  }

  #view(): MetricsView {
    const nowMs = this.#runtime.clock.wallClock();
    const elsewhere = this.#elsewhere;
    return {
      relay: this.#plane.relay?.stats(),
      version: VERSION,
      uptimeSeconds: Math.floor((nowMs - this.#startedMs) / SECOND_MS),
      residentBytes: process.memoryUsage.rss(),
      ...this.#traffic,
      observedBytesPerSec: this.#bandwidth.observedBytesPerSec,
      dns: elsewhere?.dns ?? this.#resolver.outcomes,
      dnsRemembered: elsewhere?.dnsRemembered ?? this.#resolver.remembered,
      overload: this.#overload.counts,
      ...this.#directory.metrics(),
      keyExpiry: this.#keys.expiry(this.#directory.params),
      isHibernating: this.#hibernation !== 'open',
    };
  }

  async #closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log.error(`while stopping: ${messageOf(error)}`);
      }
    }
    this.#gate.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
