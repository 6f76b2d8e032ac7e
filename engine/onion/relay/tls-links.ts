import type { Endpoint, Runtime, TlsListener } from '../../runtime/port.ts';
import type { LinkOutfit } from '../crypto/link-credentials.ts';
import type { CellMemory } from '../link/cell-memory.ts';
import { acceptChannel, CHANNEL_DEFAULTS, dialChannel } from '../link/connect.ts';
import type { LinkStats } from '../link/stats.ts';
import type { Channel, ChannelHandler, ExpectedPeer } from '../link/types.ts';
import type { LinkListener, Links } from './services.ts';

/**
 * What a link may have under way before circuits have to wait: more than a link alone would need, because several
 * reads of several links are relayed before the system has taken what the first of them brought.
 */
const QUEUE_HIGH_BYTES = 128 * 1024;
const QUEUE_LOW_BYTES = 32 * 1024;
/** How long a link may take from the first packet to the end of TLS. */
const CONNECT_TIMEOUT_MS = 30_000;

export interface TlsLinksOptions {
  readonly listen: Endpoint;
  /** Further places. */
  readonly listenAlso?: readonly Endpoint[];
  /** Our addresses, for NETINFO. */
  readonly hosts: readonly string[];
}

export interface TlsLinksModules {
  readonly runtime: Runtime;
  readonly memory: CellMemory;
  readonly stats: LinkStats;
  /** The present one; asked for each link. */
  readonly outfit: () => LinkOutfit;
}

/** The links of a relay: it proves who it is to whom it calls, and shows its certificates to who calls it. */
export class TlsLinks implements Links {
  readonly #options: TlsLinksOptions;
  readonly #modules: TlsLinksModules;

  constructor(options: TlsLinksOptions, modules: TlsLinksModules) {
    this.#options = options;
    this.#modules = modules;
  }

  dial(to: Endpoint, expected: ExpectedPeer, handler: ChannelHandler): Channel {
    const { runtime } = this.#modules;
    const settings = { ...this.#settings(), expected, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    return dialChannel(to, settings, { ...this.#modules, network: runtime.network }, () => handler);
  }

  async listen(accept: (channel: Channel) => ChannelHandler | undefined): Promise<LinkListener> {
    const { outfit } = this.#modules;
    const { listen, listenAlso = [] } = this.#options;
    const first = await this.#listenAt(listen, accept);
    const listeners = [first];
    const close = async (): Promise<void> => {
      await Promise.all(listeners.map((one) => one.close()));
    };
    try {
      for (const at of listenAlso) listeners.push(await this.#listenAt(at, accept));
    } catch (error) {
      await close();
      throw error;
    }
    const renew = (): void => {
      for (const one of listeners) one.setIdentity(outfit().tls);
    };
    return { local: first.local, renew, close };
  }

  #listenAt(place: Endpoint, accept: (channel: Channel) => ChannelHandler | undefined): Promise<TlsListener> {
    const { runtime, outfit } = this.#modules;
    const { handshakeTimeoutMs } = CHANNEL_DEFAULTS;
    const at = { ...place, identity: outfit().tls, handshakeTimeoutMs };
    return runtime.network.listenTls(at, (stream) => {
      let isWanted = true;
      const channel = acceptChannel(stream, this.#settings(), this.#modules, (made) => {
        const handler = accept(made);
        isWanted = handler !== undefined;
        return handler ?? NOBODY;
      });
      return isWanted ? channel : undefined;
    });
  }

  #settings() {
    return {
      credentials: this.#modules.outfit().credentials,
      ownHosts: this.#options.hosts,
      queueHighBytes: QUEUE_HIGH_BYTES,
      queueLowBytes: QUEUE_LOW_BYTES,
    };
  }
}

const NOBODY: ChannelHandler = {
  onOpen() {},
  onCells() {},
  onControl() {},
  onWritable() {},
  onClose() {},
};
