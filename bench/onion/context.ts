import { socksConnect } from '../../test/interop/support/tor/socks.ts';
import { type AlliumClient, awaitAllium, startAlliumClient } from './allium.ts';
import { alliumCarrier, type Carrier, type Path } from './carriers.ts';
import { residentBytes } from './meter.ts';
import type { BenchNetwork } from './network.ts';
import type { OnionBenchOptions } from './options.ts';
import { takeBytes } from './sink.ts';
import type { Contest } from './types.ts';

/** Relays of C tor, in the order that paths have them. The authorities have other work. */
export const TOR_PATH: Path = ['exit1', 'exit2', 'exit3'];
export const ALLIUM_PATH: Path = ['allium1', 'allium2', 'allium3'];
/** Allium's relay in the place of C tor's. */
export const MIXED_PATH: Path = ['exit1', 'allium2', 'exit3'];

const READY_MS = 20_000;
/** Moved before anything is measured: what is compiled as it runs has been compiled then. */
const WARM_BYTES = 20e6;

/** What all sections share. */
export interface Context {
  readonly options: OnionBenchOptions;
  readonly network: BenchNetwork;
  readonly allium: AlliumClientDesk | undefined;
  /** Resident bytes of processes before they had anything to do, by name. */
  readonly idle: Map<string, number>;
  readonly say: (line: string) => void;
  /** Takes over a contest, finished or so far. */
  readonly keep: (contest: Contest) => void;
}

/** What a client of Allium is told: nothing, or to leave Counter Galois Onion out. */
export type AlliumSetting = '' | 'AES-CTR, no CGO';

/** Starts clients of Allium when they are first asked for. */
export class AlliumClientDesk {
  readonly #network: BenchNetwork;
  readonly #authorities: readonly string[];
  readonly #nodeWords: readonly string[];
  readonly #idle: Map<string, number>;
  readonly #clients = new Map<AlliumSetting, Promise<AlliumClient>>();

  constructor(network: BenchNetwork, idle: Map<string, number>, nodeWords: readonly string[] = []) {
    this.#network = network;
    this.#authorities = network.tor.dirAuthorityLines();
    this.#nodeWords = nodeWords;
    this.#idle = idle;
  }

  /** Resolves when it has moved its first bytes. */
  client(setting: AlliumSetting = ''): Promise<AlliumClient> {
    const known = this.#clients.get(setting) ?? this.#start(setting);
    this.#clients.set(setting, known);
    return known;
  }

  async carrier(setting: AlliumSetting = ''): Promise<Carrier> {
    const carrier = alliumCarrier(this.#network, await this.client(setting), ALLIUM_PATH);
    return { ...carrier, setting };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) await (await client).daemon.stop('SIGINT');
  }

  async #start(setting: AlliumSetting): Promise<AlliumClient> {
    const network = this.#network;
    const client = await startAlliumClient(
      [network.fingerprint('allium1'), network.fingerprint('allium2'), network.fingerprint('allium3')],
      {
        folder: network.folder(`client-${setting}`),
        authorities: this.#authorities,
        nodeWords: this.#nodeWords,
      },
      setting === '' ? {} : { cgo: false },
    );
    await awaitAllium('Allium’s client', client.daemon, async () => {
      try {
        const socket = await socksConnect(client.socksPort, '127.0.0.1', network.sourcePort, {
          timeoutMs: READY_MS,
        });
        await takeBytes(socket, WARM_BYTES, READY_MS);
        socket.destroy();
        return true;
      } catch {
        return false;
      }
    });
    if (setting === '') this.#idle.set('client', residentBytes(client.daemon.pid));
    return client;
  }
}
