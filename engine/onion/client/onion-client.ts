import { AlliumError } from '../../codec/error.ts';
import type { Timer } from '../../runtime/port.ts';
import { hasFlag } from '../directory/consensus-types.ts';
import type { ClockHealth } from '../flow/vegas.ts';
import { isVegasWanted } from '../flow/vegas-params.ts';
import type { GuardAlarm } from '../guard/guard-alarm.ts';
import { BuildTimeouts } from '../path/build-timeout.ts';
import { buildTimeoutParams } from '../path/build-timeout-params.ts';
import { usableFractionMin } from '../path/usable-fraction.ts';
import { Bootstrap } from './bootstrap.ts';
import type { BuildModules } from './builder.ts';
import { CircuitPool } from './circuit-pool.ts';
import { circuitStatus, directoryStatus } from './circuit-status.ts';
import { DirectoryClient, type DirectorySource } from './directory-client.ts';
import { NetworkDocuments } from './documents.ts';
import { GuardKeeper } from './guard-keeper.ts';
import { relayPlan } from './hop-plan.ts';
import { isHostName } from './host-name.ts';
import { ClientLinks } from './links.ts';
import { BOOTSTRAP_STEPS } from './progress.ts';
import { reverseName } from './reverse-name.ts';
import { SETTINGS } from './settings.ts';
import { STORE_KEYS } from './stored-documents.ts';
import { ClientStream, type StreamKind } from './stream.ts';
import { StreamAttacher } from './stream-attacher.ts';
import type {
  CircuitStatus,
  GuardStatus,
  OnionAddress,
  OnionClientModules,
  OnionClientOptions,
  OnionClientSettings,
  OnionStream,
  OnionStreamHandler,
  StreamRequest,
} from './types.ts';

const TICK_MS = 1000;

/**
 * A client of an onion network: gets to know the network, keeps circuits ready, and carries streams. All that touches
 * the outside comes in with the modules, so it runs on sockets as in a simulated world.
 */
export class OnionClient {
  /** Resolves when circuits can be built and the first is there; rejects with INTERRUPTED when stopped before. */
  readonly ready: Promise<void>;
  readonly #settings: OnionClientSettings;
  readonly #modules: OnionClientModules;
  readonly #documents: NetworkDocuments;
  readonly #links: ClientLinks;
  readonly #timeouts: BuildTimeouts;
  readonly #directory: DirectoryClient;
  readonly #guards: GuardKeeper;
  readonly #pool: CircuitPool;
  readonly #attacher: StreamAttacher;
  readonly #bootstrap: Bootstrap;
  readonly #streams = new Set<ClientStream>();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #isReady = false;
  #setReady: () => void = () => {};
  #setFailed: (error: AlliumError) => void = () => {};
  #epoch = 0;
  #tick: Timer | undefined;

  constructor(options: OnionClientOptions, modules: OnionClientModules) {
    this.#settings = { ...SETTINGS, ...options };
    this.#modules = modules;
    this.ready = new Promise((resolve, reject) => {
      this.#setReady = resolve;
      this.#setFailed = reject;
    });
    // Whoever does not wait for it is not to die of it.
    this.ready.catch(() => {});
    const { clock, random } = modules.runtime;
    const { buildTimeoutMinMs, congestionControl, cgo, ipv6, allowPrivateAnswers } = this.#settings;
    this.#documents = new NetworkDocuments(this.#settings);
    const clockHealth: ClockHealth = { isStalled: false };
    const { slab, ciphers, connect, store } = modules;
    this.#links = new ClientLinks(
      { allowPrivateAnswers },
      { slab, ciphers, connect, clock, random, clockHealth },
    );
    this.#timeouts = new BuildTimeouts(buildTimeoutParams(new Map()), { floorMs: buildTimeoutMinMs });
    const build: BuildModules = { links: this.#links, clock, timeouts: this.#timeouts };
    const documents = this.#documents;
    const params = () => documents.consensus?.params ?? new Map<string, number>();
    this.#directory = new DirectoryClient({ ...build, runtime: modules.runtime, params });
    this.#guards = new GuardKeeper({ ipv6 }, { clock, random, documents, store });
    const wishes = {
      get congestionControl() {
        return congestionControl && isVegasWanted(params());
      },
      cgo,
      ipv6,
    };
    this.#pool = new CircuitPool(
      { ...this.#settings, wishes },
      {
        ...build,
        random,
        documents,
        guards: this.#guards,
        onOpen: () => this.#onCircuit(),
        onGuardLost: () => this.#attacher.onGuardLost(),
        onGone: () => this.#attacher.serveSoon(),
      },
    );
    this.#attacher = new StreamAttacher(this.#settings, {
      clock,
      pool: this.#pool,
      guards: this.#guards,
      isReady: () => this.#state === 'running' && this.#bootstrap.isEnough,
      onClosed: () => this.#forgetClosed(),
    });
    this.#bootstrap = new Bootstrap(
      { authorities: options.authorities, useDirPort: this.#settings.useDirPort, ipv6 },
      {
        runtime: modules.runtime,
        documents,
        directory: this.#directory,
        store,
        onProgress: (progress) => modules.onProgress?.(progress),
        onChanged: () => this.#onDocuments(),
        guard: () => this.#guardSource(),
      },
    );
  }

  /** Begins; see {@link ready}. Rejects with BAD_USAGE when no authority can be asked. */
  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#bootstrap.check();
    this.#state = 'running';
    const { store, runtime } = this.#modules;
    const problem = await this.#guards.restore();
    if (problem !== undefined) {
      const error = new AlliumError('BAD_STATE', problem, { advice: 'New guards are chosen instead.' });
      this.#modules.onProgress?.({ kind: 'problem', error });
    }
    const times = await store.get(STORE_KEYS.buildTimes);
    if (times !== undefined) this.#restoreTimes(times);
    this.#tick = runtime.clock.setTimer(TICK_MS, () => this.#onTick());
    this.#bootstrap.run().catch((cause: unknown) => {
      const advice = 'Look at the folder where the state of the client is kept.';
      const error = new AlliumError('IO_FAILED', 'the state of the client cannot be kept', { advice, cause });
      this.#modules.onProgress?.({ kind: 'problem', error });
      this.#setFailed(error);
    });
  }

  /**
   * Opens a stream; `handler` hears how it goes. It waits until circuits can be built, and fails after
   * `streamTimeoutMs`.
   */
  openStream(request: StreamRequest, handler: OnionStreamHandler): OnionStream {
    return this.#open('connect', request, handler);
  }

  /**
   * Asks an exit for the addresses of a name, or with an address for its names. Rejects with NETWORK_FAILED; the
   * `reason` in the details is a {@link StreamReason}.
   */
  resolve(name: string, isolation = ''): Promise<readonly OnionAddress[]> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(
        'resolve',
        { host: reverseName(name) ?? name, port: 0, isolation },
        {
          onOpen: () => {},
          onData: () => {},
          onDrain: () => {},
          onClose: (end) => {
            const found = stream.answers.flatMap(({ kind, value, ttlSec }) =>
              kind === 'ipv4' || kind === 'ipv6' || kind === 'name' ? [{ kind, value, ttlSec }] : [],
            );
            if (end.kind === 'ended' && found.length > 0) {
              resolve(found);
              return;
            }
            const reason = end.kind === 'ended' ? 'resolveFailed' : end.reason;
            reject(
              new AlliumError('NETWORK_FAILED', `the name could not be looked up: ${reason}`, {
                advice: 'Check the name, and try again: another exit may know it.',
                details: { reason },
              }),
            );
          },
        },
      );
    });
  }

  /** All circuits, for status. */
  get circuits(): readonly CircuitStatus[] {
    const nowMs = this.#modules.runtime.clock.now();
    return [
      ...[...this.#pool.circuits].map((pooled) => circuitStatus(pooled, nowMs)),
      ...this.#directory.circuits.map(directoryStatus),
    ];
  }

  /** The guards that circuits begin with, in order of preference. */
  get guards(): readonly GuardStatus[] {
    return this.#guards.primary;
  }

  /** What the user should be told about guards that cannot be reached; asked, not called back. */
  get guardAlarm(): GuardAlarm | undefined {
    return this.#guards.alarm();
  }

  /** Streams that are there, open or not. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Links to first relays. */
  get linkCount(): number {
    return this.#links.count;
  }

  /** Circuits begun, built and failed since the start. */
  get circuitStats(): Readonly<CircuitPool['stats']> {
    return this.#pool.stats;
  }

  /** What this client knows of the network: relays listed, and those whose descriptors are here. */
  get network():
    | { readonly relays: number; readonly described: number; readonly validUntilMs: number }
    | undefined {
    const { consensus } = this.#documents;
    if (consensus === undefined) return undefined;
    const relays = consensus.routers.length;
    return {
      relays,
      described: relays - this.#documents.missing().length,
      validUntilMs: consensus.validUntilMs,
    };
  }

  /** From now on no stream shares a circuit with streams before. Those that are open stay. */
  newIdentity(): void {
    this.#epoch += 1;
    this.#pool.retire();
    this.#attacher.serveSoon();
  }

  /** Closes everything and writes the state down. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#tick?.cancel();
    this.#bootstrap.stop();
    this.#attacher.stop();
    for (const stream of [...this.#streams]) stream.abort('stopped');
    this.#pool.closeAll('stopped');
    this.#directory.closeAll();
    this.#links.closeAll('stopped');
    this.#setFailed(new AlliumError('INTERRUPTED', 'the client was stopped before it was ready'));
    await this.#guards.saveNow();
    const times = new TextEncoder().encode(JSON.stringify(this.#timeouts.save()));
    await this.#modules.store.set(STORE_KEYS.buildTimes, times);
  }

  #open(kind: StreamKind, request: StreamRequest, handler: OnionStreamHandler): ClientStream {
    const { host, port, isolation } = request;
    const stream = new ClientStream(
      {
        kind,
        host,
        port,
        isolationKey: `${this.#epoch} ${isolation}`,
        queueBytesMax: this.#settings.streamQueueBytesMax,
      },
      { handler, keeper: this.#attacher },
    );
    const isFull = this.#streams.size >= this.#settings.streamsMax;
    const reason = !isHostName(host) ? 'bad-name' : isFull ? 'too-many' : undefined;
    if (reason !== undefined || this.#state === 'stopped') {
      // Not before the caller has the stream.
      queueMicrotask(() => stream.abort(reason ?? 'stopped'));
      return stream;
    }
    this.#streams.add(stream);
    this.#attacher.add(stream);
    return stream;
  }

  #forgetClosed(): void {
    for (const stream of this.#streams) if (stream.state === 'closed') this.#streams.delete(stream);
  }

  #restoreTimes(bytes: Uint8Array): void {
    try {
      const state: unknown = JSON.parse(new TextDecoder().decode(bytes));
      this.#timeouts.restore(state, (bound) => this.#modules.runtime.random.below(bound));
    } catch {
      // Damaged: they are learned again.
    }
  }

  /** Whether enough is known to build circuits. */
  #onDocuments(): boolean {
    const { consensus } = this.#documents;
    if (consensus === undefined || this.#state !== 'running') return false;
    this.#guards.update();
    const fraction = this.#documents.fraction();
    const isEnough =
      fraction !== undefined &&
      fraction.paths >= usableFractionMin(consensus.params) &&
      this.#guards.hasDescriptors;
    // After the bootstrap has noted it.
    if (isEnough) queueMicrotask(() => this.#begin());
    return isEnough;
  }

  #begin(): void {
    if (!this.#isReady) this.#bootstrap.report(BOOTSTRAP_STEPS.circuit);
    this.#attacher.serve();
    const hasCircuits = [...this.#pool.circuits].length > 0;
    // Without circuits built ahead there is no first one to wait for.
    if (!this.#isReady && !hasCircuits && !this.#settings.preBuild) this.#onCircuit();
  }

  #onCircuit(): void {
    if (!this.#isReady) {
      this.#isReady = true;
      this.#bootstrap.report(BOOTSTRAP_STEPS.done);
      this.#setReady();
    }
    this.#attacher.serveSoon();
  }

  #onTick(): void {
    if (this.#state !== 'running') return;
    const { clock } = this.#modules.runtime;
    const nowMs = clock.now();
    this.#pool.tick(nowMs);
    this.#directory.expire(nowMs);
    this.#links.expire(nowMs);
    this.#endQuietStreams(nowMs);
    this.#attacher.serve();
    this.#tick = clock.setTimer(TICK_MS, () => this.#onTick());
  }

  #endQuietStreams(nowMs: number): void {
    const { streamIdleTimeoutMs } = this.#settings;
    if (streamIdleTimeoutMs === Number.POSITIVE_INFINITY) return;
    for (const stream of [...this.#streams]) {
      if (stream.quietMs(nowMs) >= streamIdleTimeoutMs) stream.abort('timeout');
    }
  }

  /** One of the guards, for directory requests. */
  #guardSource(): DirectorySource | undefined {
    if (!this.#bootstrap.isEnough) return undefined;
    const { network } = this.#documents;
    const taken = this.#guards.forPath('directory');
    const fingerprint = taken.take((candidate) => {
      const relay = network?.find(candidate);
      return relay !== undefined && hasFlag(relay.status, 'V2Dir');
    });
    const { attempt } = taken;
    const relay = fingerprint === undefined ? undefined : network?.find(fingerprint);
    if (attempt === undefined || relay === undefined) return undefined;
    const { status } = relay;
    const descriptor = this.#documents.descriptorOf(status);
    const plan = relayPlan(
      status,
      descriptor,
      { congestionControl: false, cgo: false, ipv6: this.#settings.ipv6 },
      true,
    );
    return {
      kind: 'relay',
      plan,
      onReached: (ok) => {
        if (ok) this.#guards.succeed(attempt);
        else this.#guards.fail(attempt);
      },
    };
  }
}
