import type { Slab } from '../../kernels/slab.ts';
import type { ByteStream, Endpoint, Listener, Runtime } from '../../runtime/port.ts';
import { isolationKey } from '../path/isolation.ts';
import { HttpConnectNegotiation } from './http-connect.ts';
import type { Negotiation, ProxyRequest } from './negotiation.ts';
import { ProxyConnection } from './proxy-connection.ts';
import { createProxyStats, type ProxyClient, type ProxyOptions } from './proxy-types.ts';
import { ChunkPool } from './read-chunks.ts';
import { Socks5Negotiation } from './socks5.ts';

/** With more of the slab in use, bytes for slow programs are copied out of it. */
const TIGHT_SHARE = 0.5;

export interface ProxyModules {
  readonly runtime: Pick<Runtime, 'clock' | 'network'>;
  readonly client: ProxyClient;
  /** Where the cells of the client lie. */
  readonly slab: Slab;
}

/** The local ports of an onion client, SOCKS5 and HTTP CONNECT, over the streams of a runtime. */
export class OnionProxy {
  readonly stats = createProxyStats();
  readonly #options: ProxyOptions;
  readonly #modules: ProxyModules;
  readonly #pool = new ChunkPool();
  readonly #connections = new Set<ProxyConnection>();
  readonly #listeners: Listener[] = [];
  #listenersBegun = 0;
  #isClosed = false;

  constructor(options: ProxyOptions, modules: ProxyModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Programs at the proxy now. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Listens there; where it does, with the port that the system chose for 0. Rejects with ADDRESS_IN_USE, NO_PERMISSION. */
  async listen(protocol: Negotiation['protocol'], at: Endpoint): Promise<Endpoint> {
    const number = this.#listenersBegun;
    this.#listenersBegun += 1;
    const listener = await this.#modules.runtime.network.listen(at, (local) =>
      this.#accept(local, number, protocol),
    );
    this.#listeners.push(listener);
    return listener.local;
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const connection of [...this.#connections]) connection.destroy();
  }

  #accept(
    local: ByteStream,
    listener: number,
    protocol: Negotiation['protocol'],
  ): ProxyConnection | undefined {
    if (this.#isClosed || this.#connections.size >= this.#options.connectionsMax) {
      this.stats.turnedAway += 1;
      return undefined;
    }
    this.stats.accepted += 1;
    const { runtime, client, slab } = this.#modules;
    const clientHost = local.remote.host;
    const connection = new ProxyConnection(this.#options, {
      local,
      client,
      clock: runtime.clock,
      pool: this.#pool,
      stats: this.stats,
      negotiation: protocol === 'socks5' ? new Socks5Negotiation() : new HttpConnectNegotiation(),
      isTight: () => slab.leasedSlots > slab.slotCount * TIGHT_SHARE,
      isolationOf: (request) => this.#isolationOf(request, { listener, protocol, clientHost }),
      onGone: (gone) => this.#connections.delete(gone),
    });
    this.#connections.add(connection);
    return connection;
  }

  #isolationOf(
    request: ProxyRequest,
    from: { readonly listener: number; readonly protocol: string; readonly clientHost: string },
  ): string {
    const { user, password, host, port } = request;
    const { isolateDestinationHost, isolateDestinationPort } = this.#options;
    return isolationKey(
      // The client itself counts new identities.
      { ...from, user, password, destinationHost: host, destinationPort: port, epoch: 0 },
      {
        byCredentials: true,
        byClientHost: true,
        byProtocol: true,
        byDestinationHost: isolateDestinationHost,
        byDestinationPort: isolateDestinationPort,
      },
    );
  }
}
