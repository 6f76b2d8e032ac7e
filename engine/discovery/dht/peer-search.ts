import type { Endpoint } from '../../runtime/port.ts';
import { BloomFilter } from './bloom.ts';
import { addressBytes, endpointKey, readPeers } from './compact.ts';
import type { DhtNode } from './dht-node.ts';
import type { KrpcMessage } from './krpc-types.ts';
import type { Candidate } from './lookup.ts';
import { storeOn } from './store-on.ts';
import type { AnnounceOptions, FindOptions, PeersFound, StoreReport } from './types.ts';

/** A look-up of peers under way: what it has found so far. */
class PeerSearch {
  readonly peers = new Map<string, Endpoint>();
  readonly #seeds = new BloomFilter();
  readonly #leechers = new BloomFilter();
  #filters = 0;
  readonly #node: DhtNode;
  readonly #onPeers: (peers: readonly Endpoint[]) => void;

  constructor(node: DhtNode, onPeers: (peers: readonly Endpoint[]) => void) {
    this.#node = node;
    this.#onPeers = onPeers;
  }

  onMessage(message: KrpcMessage): boolean {
    this.#countFilters(message);
    const { peersMax } = this.#node.options;
    const fresh: Endpoint[] = [];
    for (const peer of readPeers(message.values, this.#node.family, peersMax)) {
      const key = endpointKey(peer);
      if (this.peers.size >= peersMax || this.peers.has(key)) continue;
      this.peers.set(key, peer);
      fresh.push(peer);
    }
    if (fresh.length > 0) this.#onPeers(fresh);
    return message.values.length > 0;
  }

  get seeders(): number | undefined {
    return this.#filters === 0 ? undefined : Math.round(this.#seeds.estimate);
  }

  get leechers(): number | undefined {
    if (this.#filters === 0) return undefined;
    return Math.round(this.#leechers.estimate);
  }

  /** BEP 33: who answers without filters counts as having told of leechers, unless they are known as seeders. */
  #countFilters(message: KrpcMessage): void {
    const { seedFilter, peerFilter } = message;
    if (seedFilter !== undefined || peerFilter !== undefined) {
      this.#filters++;
      if (seedFilter !== undefined) this.#seeds.unite(seedFilter);
      if (peerFilter !== undefined) this.#leechers.unite(peerFilter);
      return;
    }
    for (const peer of readPeers(message.values, this.#node.family, this.#node.options.peersMax)) {
      const address = addressBytes(peer.host);
      if (address === undefined || this.#seeds.mayHave(address)) continue;
      this.#leechers.add(address);
    }
  }
}

/** BEP 5: looks for the peers of a torrent. Never rejects. */
export async function findPeers(
  node: DhtNode,
  infoHash: Uint8Array,
  onPeers: (peers: readonly Endpoint[]) => void,
  options: FindOptions,
): Promise<PeersFound> {
  return (await search(node, infoHash, onPeers, options)).found;
}

async function search(
  node: DhtNode,
  infoHash: Uint8Array,
  onPeers: (peers: readonly Endpoint[]) => void,
  options: FindOptions,
): Promise<{ readonly found: PeersFound; readonly places: readonly Candidate[] }> {
  const target = infoHash.slice(0, 20);
  const peers = new PeerSearch(node, onPeers);
  const { report, traversal } = await node.traverse({
    target,
    name: 'get_peers',
    fields: {
      id: node.id,
      infoHash: target,
      noSeeds: options.noSeeds === true,
      scrape: options.scrape === true,
    },
    signal: options.signal,
    onMessage: (message) => peers.onMessage(message),
  });
  return {
    found: {
      peers: [...peers.peers.values()],
      lookup: report,
      seeders: options.scrape === true ? peers.seeders : undefined,
      leechers: options.scrape === true ? peers.leechers : undefined,
    },
    places: traversal.lookup.nearest(true),
  };
}

/**
 * BEP 5: looks for peers and announces this one to the nearest nodes that gave a token; not where it listens nowhere, as
 * nobody would take that. Never rejects.
 */
export async function announceOnce(
  node: DhtNode,
  infoHash: Uint8Array,
  port: number,
  onPeers: (peers: readonly Endpoint[]) => void,
  options: AnnounceOptions,
): Promise<StoreReport> {
  const seed = options.isSeed?.() === true;
  const { found, places } = await search(node, infoHash, onPeers, { noSeeds: seed });
  const where = listensAnywhere(port, options) ? places : [];
  return storeOn(node, where, found.lookup, (candidate) => ({
    name: 'announce_peer',
    fields: {
      id: node.id,
      infoHash: infoHash.slice(0, 20),
      port,
      impliedPort: options.impliedPort === true,
      seed,
      token: candidate.token ?? new Uint8Array(0),
    },
  }));
}

/** Whether there is something to announce: a port, or the one that the announce comes from. */
export function listensAnywhere(port: number, options: AnnounceOptions): boolean {
  return port !== 0 || options.impliedPort === true;
}
