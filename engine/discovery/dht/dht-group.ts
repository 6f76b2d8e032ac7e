import type { Endpoint } from '../../runtime/port.ts';
import { familyOf } from './compact.ts';
import type { DhtNode } from './dht-node.ts';
import type { GetResult } from './items.ts';
import type {
  Announcement,
  AnnounceOptions,
  DhtItem,
  FindOptions,
  PeersFound,
  StoreReport,
} from './types.ts';

/**
 * BEP 32, BEP 45: several nodes of one process, each with an address, an id and a table of its own, used as one. Look-ups
 * for peers and announces go through all of them, items through the one that knows most nodes.
 */
export class DhtGroup {
  readonly nodes: readonly DhtNode[];

  constructor(modules: { readonly nodes: readonly DhtNode[] }) {
    if (modules.nodes.length === 0) throw new RangeError('a group has at least one node');
    this.nodes = modules.nodes;
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Goes to the nodes of the endpoint's family. */
  addNode(endpoint: Endpoint): void {
    for (const node of this.nodes) if (node.family === familyOf(endpoint.host)) node.addNode(endpoint);
  }

  announce(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
    options: AnnounceOptions = {},
  ): Announcement {
    const running = this.nodes.map((node) => node.announce(infoHash, port, onPeers, options));
    return {
      stop: () => {
        for (const announcement of running) announcement.stop();
      },
      again: () => {
        for (const announcement of running) announcement.again();
      },
    };
  }

  /** The look-ups of all nodes, with their peers together; counts (BEP 33) are of the larger one. */
  async findPeers(
    infoHash: Uint8Array,
    onPeers: (peers: readonly Endpoint[]) => void = () => {},
    options: FindOptions = {},
  ): Promise<PeersFound> {
    const all = await Promise.all(this.nodes.map((node) => node.findPeers(infoHash, onPeers, options)));
    const largest = (counts: readonly (number | undefined)[]): number | undefined => {
      const known = counts.filter((count) => count !== undefined);
      return known.length === 0 ? undefined : Math.max(...known);
    };
    return {
      peers: all.flatMap(({ peers }) => peers),
      lookup: all[0]!.lookup,
      seeders: largest(all.map(({ seeders }) => seeders)),
      leechers: largest(all.map(({ leechers }) => leechers)),
    };
  }

  put(item: DhtItem, cas?: number): Promise<StoreReport> {
    return this.#best().items.put(item, cas);
  }

  get(target: Uint8Array, signal?: AbortSignal): Promise<GetResult> {
    return this.#best().items.getImmutable(target, signal);
  }

  getMutable(publicKey: Uint8Array, salt: Uint8Array, signal?: AbortSignal): Promise<GetResult> {
    return this.#best().items.getMutable(publicKey, salt, signal);
  }

  /** BEP 46, see {@link import('./items.ts').DhtItems.follow}. */
  follow(
    publicKey: Uint8Array,
    salt: Uint8Array,
    onUpdate: (item: DhtItem) => void,
  ): { readonly stop: () => void } {
    return this.#best().items.follow(publicKey, salt, onUpdate);
  }

  #best(): DhtNode {
    return this.nodes.reduce((best, node) => (node.table.size > best.table.size ? node : best));
  }
}
