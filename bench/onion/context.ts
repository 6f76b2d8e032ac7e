import { socksConnect } from '../../test/interop/support/tor/socks.ts';
import { type AlliumClient, awaitAllium, startAlliumClient } from './allium.ts';
import { alliumCarrier, type Carrier, type Path } from './carriers.ts';
import { residentBytes } from './meter.ts';
import type { BenchNetwork } from './network.ts';
import type { OnionBenchOptions } from './options.ts';
import type { Contest } from './types.ts';

/** Relays of C tor, in the order that paths have them. The authorities have other work. */
export const TOR_PATH: Path = ['exit1', 'exit2', 'exit3'];
export const ALLIUM_PATH: Path = ['allium1', 'allium2', 'allium3'];
/** Allium's relay in the place of C tor's. */
export const MIXED_PATH: Path = ['exit1', 'allium2', 'exit3'];

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
  /** Notes what was left out. */
  readonly skip: (sentence: string) => void;
}

/** Starts the client of Allium when it is first asked for. */
export class AlliumClientDesk {
  readonly #network: BenchNetwork;
  readonly #authorities: readonly string[];
  readonly #nodeWords: readonly string[];
  readonly #idle: Map<string, number>;
  #client: Promise<AlliumClient> | undefined;

  constructor(network: BenchNetwork, idle: Map<string, number>, nodeWords: readonly string[] = []) {
    this.#network = network;
    this.#authorities = network.tor.dirAuthorityLines();
    this.#nodeWords = nodeWords;
    this.#idle = idle;
  }

  /** Resolves when a stream came through. */
  client(): Promise<AlliumClient> {
    this.#client ??= this.#start();
    return this.#client;
  }

  async carrier(): Promise<Carrier> {
    return alliumCarrier(this.#network, await this.client(), ALLIUM_PATH);
  }

  async stop(): Promise<void> {
    await this.#client?.then(({ daemon }) => daemon.stop('SIGINT'));
  }

  async #start(): Promise<AlliumClient> {
    const network = this.#network;
    const client = await startAlliumClient(
      [network.fingerprint('allium1'), network.fingerprint('allium2'), network.fingerprint('allium3')],
      { folder: network.folder('client'), authorities: this.#authorities, nodeWords: this.#nodeWords },
    );
    await awaitAllium('Allium’s client', client.daemon, async () => {
      try {
        const socket = await socksConnect(client.socksPort, '127.0.0.1', network.sourcePort, {
          timeoutMs: 20_000,
        });
        socket.destroy();
        return true;
      } catch {
        return false;
      }
    });
    this.#idle.set('client', residentBytes(client.daemon.pid));
    return client;
  }
}
