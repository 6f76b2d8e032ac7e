import { endpointText } from '../../codec/endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import { VERSION } from '../../codec/version.ts';
import { chooseKernels } from '../../kernels/calibrate.ts';
import { kernelPolicy } from '../../kernels/choice.ts';
import { scratchOffset } from '../../kernels/memory-map.ts';
import { compileKernels, loadKernels } from '../../kernels/module.ts';
import { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import { linkConnector } from '../../onion/client/connector.ts';
import { type LeasedCiphers, leaseCiphers } from '../../onion/client/leased-ciphers.ts';
import { OnionClient } from '../../onion/client/onion-client.ts';
import type { BootstrapProgress, OnionProgress } from '../../onion/client/progress.ts';
import { CellMemory } from '../../onion/link/cell-memory.ts';
import { createLinkStats } from '../../onion/link/stats.ts';
import { OnionProxy } from '../../onion/socks/onion-proxy.ts';
import { PROXY_DEFAULTS } from '../../onion/socks/proxy-types.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { createRealRuntime, type RealRuntime } from '../../runtime/real/runtime.ts';
import type { Log } from '../log.ts';
import { StateFolder } from '../state-folder.ts';
import { FolderLock } from '../store/folder-lock.ts';
import type { OnionClientConfig } from './settings.ts';
import { JsonStatusServer } from './status-server.ts';
import { type OnionView, onionView } from './view.ts';

/** Circuits to directories and those being taken down, beyond the ones counted. */
const SPARE_CIRCUITS = 16;
/** How often guards are looked at for something to tell. */
const ALARM_MS = 15_000;

/** Where the daemon can be reached. */
export interface OnionDoors {
  readonly socks: Endpoint | undefined;
  readonly httpConnect: Endpoint | undefined;
  /** URL of the JSON. */
  readonly statusUrl: string | undefined;
}

/** Called with each step of the way to the first circuit. */
export type BootstrapListener = (progress: BootstrapProgress) => void;

/** An onion client in this process: its state folder, its ports, and the client between them. */
export class OnionDaemon {
  readonly doors: OnionDoors;
  readonly client: OnionClient;
  readonly #proxy: OnionProxy;
  readonly #parts: Parts;
  #status: JsonStatusServer | undefined;
  #isClosed = false;

  private constructor(parts: Parts, running: Running) {
    this.#parts = parts;
    this.client = running.client;
    this.#proxy = running.proxy;
    this.#status = running.status;
    this.doors = running.doors;
  }

  /**
   * Opens the state folder, listens, and begins to get to know the network. Rejects with BAD_STATE when the folder is
   * in use or open to others, ADDRESS_IN_USE and the file system's codes; nothing stays open then.
   */
  static async start(
    config: OnionClientConfig,
    log: Log,
    onBootstrap: BootstrapListener,
  ): Promise<OnionDaemon> {
    const state = StateFolder.open(config.words.dataDir, (error) => tellProblem(log, error));
    const lock = await takeLock(config.words.dataDir);
    try {
      state.tidy();
      const parts = createParts(config, state, lock);
      const daemon = await OnionDaemon.#run(parts, log, onBootstrap);
      daemon.#watchGuards(log);
      return daemon;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static async #run(parts: Parts, log: Log, onBootstrap: BootstrapListener): Promise<OnionDaemon> {
    const { config, progress } = parts;
    const client = createClient(parts, (what) => {
      if (what.kind === 'problem') {
        tellProblem(log, what.error);
        return;
      }
      progress.percent = what.percent;
      progress.what = what.what;
      log.info('bootstrap', { percent: what.percent, step: what.what });
      onBootstrap(what);
    });
    const proxy = createProxy(parts, client);
    let status: JsonStatusServer | undefined;
    try {
      const listen = async (protocol: 'socks5' | 'http-connect', at: Endpoint | undefined) =>
        at === undefined ? undefined : proxy.listen(protocol, at);
      const socks = await listen('socks5', config.socks);
      const httpConnect = await listen('http-connect', config.httpConnect);
      const view = (): OnionView => onionView({ client, proxy, progress, startedAtMs: parts.startedAtMs });
      if (config.status !== undefined) status = await JsonStatusServer.start(config.status, view);
      const doors = { socks, httpConnect, statusUrl: status?.url };
      log.info('listening', doorFields(doors));
      await client.start();
      return new OnionDaemon(parts, { client, proxy, status, doors });
    } catch (error) {
      await proxy.close();
      await status?.close();
      throw error;
    }
  }

  /** What it shows of itself. */
  view(): OnionView {
    const { progress, startedAtMs } = this.#parts;
    return onionView({ client: this.client, proxy: this.#proxy, progress, startedAtMs });
  }

  /** Stops listening, ends all streams and circuits, and writes the state down. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#proxy.close();
    await this.#status?.close();
    await this.client.stop();
    this.#parts.memory.close();
    this.#parts.leased.lease.release();
    this.#parts.lock.release();
  }

  #watchGuards(log: Log): void {
    let told = '';
    const look = (): void => {
      if (this.#isClosed) return;
      const alarm = this.client.guardAlarm;
      if (alarm !== undefined && alarm.kind !== told) log.warn(alarm.message, { advice: alarm.advice });
      told = alarm?.kind ?? '';
      this.#parts.runtime.clock.setTimer(ALARM_MS, look);
    };
    this.#parts.runtime.clock.setTimer(ALARM_MS, look);
  }
}

interface Parts {
  readonly config: OnionClientConfig;
  readonly runtime: RealRuntime;
  readonly slab: Slab;
  readonly memory: CellMemory;
  readonly leased: LeasedCiphers;
  readonly state: StateFolder;
  readonly lock: FolderLock;
  readonly startedAtMs: number;
  readonly progress: { percent: number; what: string };
}

interface Running {
  readonly client: OnionClient;
  readonly proxy: OnionProxy;
  readonly status: JsonStatusServer | undefined;
  readonly doors: OnionDoors;
}

function createParts(config: OnionClientConfig, state: StateFolder, lock: FolderLock): Parts {
  const runtime = createRealRuntime();
  const slab = new Slab({ slotCount: Math.floor(config.words.memory / SLOT_BYTES), threadCountMax: 1 });
  const compiled = compileKernels();
  const kernels = loadKernels({
    memory: slab.memory,
    compiled,
    scratchOffset: scratchOffset(slab.takeThread()),
  });
  const choice = chooseKernels(kernelPolicy(process.env), compiled);
  const leased = leaseCiphers(
    { circuits: config.words.circuits + SPARE_CIRCUITS },
    { slab, kernels, choice },
  );
  return {
    ...{ config, runtime, slab, leased, state, lock },
    memory: new CellMemory({}, { slab }),
    startedAtMs: Date.now(),
    progress: { percent: 0, what: '' },
  };
}

function createClient(parts: Parts, onProgress: (progress: OnionProgress) => void): OnionClient {
  const { config, runtime, slab, memory, leased, state } = parts;
  const { words, authorities, paths } = config;
  return new OnionClient(
    {
      ...{ authorities, paths },
      congestionControl: words.congestionControl,
      cgo: words.cgo,
      ipv6: words.ipv6,
      preBuild: words.preBuild,
      allowPrivateAnswers: words.testNetwork,
      circuitsMax: words.circuits,
      streamsMax: words.connections,
      streamTimeoutMs: words.streamTimeout * 1000,
    },
    {
      ...{ runtime, slab, onProgress },
      ciphers: leased.ciphers,
      store: state,
      connect: linkConnector({ runtime, memory, stats: createLinkStats() }),
    },
  );
}

function createProxy({ config, runtime, slab }: Parts, client: OnionClient): OnionProxy {
  const { connections, isolateDestinationHost, isolateDestinationPort } = config.words;
  return new OnionProxy(
    { ...PROXY_DEFAULTS, connectionsMax: connections, isolateDestinationHost, isolateDestinationPort },
    { runtime, client, slab },
  );
}

async function takeLock(folder: string): Promise<FolderLock> {
  try {
    return await FolderLock.take(folder);
  } catch (error) {
    if (!(error instanceof AlliumError) || error.code !== 'BAD_STATE') throw error;
    throw new AlliumError('BAD_STATE', `another onion client uses the folder ${folder}`, {
      advice: 'Stop it first, or give this one a folder of its own (--data).',
      details: error.details,
      cause: error,
    });
  }
}

function tellProblem(log: Log, error: AlliumError): void {
  log.warn(error.message, { code: error.code, advice: error.advice });
}

function doorFields({ socks, httpConnect, statusUrl }: OnionDoors): Readonly<Record<string, string>> {
  return {
    ...(socks === undefined ? {} : { socks: endpointText(socks) }),
    ...(httpConnect === undefined ? {} : { httpConnect: endpointText(httpConnect) }),
    ...(statusUrl === undefined ? {} : { status: statusUrl }),
    version: VERSION,
  };
}
