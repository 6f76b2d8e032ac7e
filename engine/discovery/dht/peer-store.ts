import type { Random } from '../../runtime/port.ts';
import { BloomFilter } from './bloom.ts';
import { idKey } from './id.ts';

export interface PeerStoreOptions {
  /** Torrents. */
  readonly infoHashesMax: number;
  /** Peers of one torrent. BEP 33: filters of more than 6,000 tell nothing. */
  readonly peersPerHashMax: number;
  /** Peers of all torrents. */
  readonly peersMax: number;
  /** A peer that is not announced again is forgotten. */
  readonly lifetimeMs: number;
}

export const PEER_STORE_DEFAULTS: PeerStoreOptions = {
  infoHashesMax: 20_000,
  peersPerHashMax: 2000,
  peersMax: 200_000,
  lifetimeMs: 45 * 60_000,
};

interface StoredPeer {
  /** Address and port as they are handed out. */
  compact: Uint8Array;
  isSeed: boolean;
  expiresMs: number;
}

interface Swarm {
  readonly infoHash: Uint8Array;
  /** By address without port: BEP 33 counts addresses, and one address has one entry. Oldest announce first. */
  readonly peers: Map<string, StoredPeer>;
}

/** BEP 33: a swarm at one node. */
export interface SwarmFilters {
  readonly seeds: Uint8Array;
  readonly peers: Uint8Array;
}

/** The peers that others have announced here. Everything in it has a bound and an end. */
export class PeerStore {
  readonly #options: PeerStoreOptions;
  readonly #random: Random;
  /** The torrent announced longest ago comes first. */
  readonly #swarms = new Map<string, Swarm>();
  #peerCount = 0;

  constructor(options: Partial<PeerStoreOptions>, modules: { readonly random: Random }) {
    this.#options = { ...PEER_STORE_DEFAULTS, ...options };
    this.#random = modules.random;
  }

  get infoHashCount(): number {
    return this.#swarms.size;
  }

  get peerCount(): number {
    return this.#peerCount;
  }

  /** Whether this torrent takes further peers (BEP 33: a node that has enough hands out no token). */
  hasRoom(infoHash: Uint8Array): boolean {
    if (this.#swarms.size === 0) return true;
    const swarm = this.#swarms.get(idKey(infoHash));
    return swarm === undefined || swarm.peers.size < this.#options.peersPerHashMax;
  }

  /** `compact`: address and port, 6 or 18 bytes; kept. */
  announce(infoHash: Uint8Array, compact: Uint8Array, isSeed: boolean, nowMs: number): void {
    const key = idKey(infoHash);
    let swarm = this.#swarms.get(key);
    if (swarm === undefined) swarm = { infoHash: infoHash.slice(), peers: new Map() };
    else this.#swarms.delete(key);
    this.#swarms.set(key, swarm);
    const address = addressKey(compact);
    if (swarm.peers.delete(address)) this.#peerCount--;
    else if (swarm.peers.size >= this.#options.peersPerHashMax) this.#dropOldest(swarm);
    swarm.peers.set(address, { compact, isSeed, expiresMs: nowMs + this.#options.lifetimeMs });
    this.#peerCount++;
    while (this.#swarms.size > this.#options.infoHashesMax || this.#peerCount > this.#options.peersMax) {
      this.#dropOldestSwarm();
    }
  }

  /** At most `count` peers by chance; with `noSeeds` seeders only where there are not enough others (BEP 33). */
  sample(infoHash: Uint8Array, count: number, noSeeds: boolean, nowMs: number): Uint8Array[] {
    const swarm = this.#fresh(infoHash, nowMs);
    if (swarm === undefined) return [];
    const all = [...swarm.peers.values()];
    const wanted = noSeeds ? all.filter((peer) => !peer.isSeed) : all;
    const picked = pick(wanted, count, this.#random);
    if (noSeeds && picked.length < count) {
      const seeds = all.filter((peer) => peer.isSeed);
      picked.push(...pick(seeds, count - picked.length, this.#random));
    }
    return picked.map((peer) => peer.compact);
  }

  /** BEP 33; undefined when nothing is known of the torrent. */
  filters(infoHash: Uint8Array, nowMs: number): SwarmFilters | undefined {
    const swarm = this.#fresh(infoHash, nowMs);
    if (swarm === undefined) return undefined;
    const seeds = new BloomFilter();
    const peers = new BloomFilter();
    for (const { compact, isSeed } of swarm.peers.values()) {
      (isSeed ? seeds : peers).add(compact.subarray(0, compact.length - 2));
    }
    return { seeds: seeds.bytes, peers: peers.bytes };
  }

  /** BEP 51: at most `count` info-hashes by chance, one behind the other. */
  sampleInfoHashes(count: number): Uint8Array {
    const chosen = pick([...this.#swarms.values()], count, this.#random);
    const bytes = new Uint8Array(chosen.length * 20);
    for (const [index, swarm] of chosen.entries()) bytes.set(swarm.infoHash, index * 20);
    return bytes;
  }

  /** Forgets what has expired, all of it. */
  expire(nowMs: number): void {
    for (const swarm of [...this.#swarms.values()]) this.#fresh(swarm.infoHash, nowMs);
  }

  #fresh(infoHash: Uint8Array, nowMs: number): Swarm | undefined {
    if (this.#swarms.size === 0) return undefined;
    const key = idKey(infoHash);
    const swarm = this.#swarms.get(key);
    if (swarm === undefined) return undefined;
    for (const [address, peer] of swarm.peers) {
      if (peer.expiresMs > nowMs) break;
      swarm.peers.delete(address);
      this.#peerCount--;
    }
    if (swarm.peers.size > 0) return swarm;
    this.#swarms.delete(key);
    return undefined;
  }

  #dropOldest(swarm: Swarm): void {
    for (const address of swarm.peers.keys()) {
      swarm.peers.delete(address);
      this.#peerCount--;
      return;
    }
  }

  #dropOldestSwarm(): void {
    for (const [key, swarm] of this.#swarms) {
      this.#swarms.delete(key);
      this.#peerCount -= swarm.peers.size;
      return;
    }
  }
}

function addressKey(compact: Uint8Array): string {
  return Buffer.from(compact.buffer, compact.byteOffset, compact.length - 2).toString('latin1');
}

/** `count` different ones by chance; the array is shuffled as far as needed. */
function pick<T>(from: T[], count: number, random: Random): T[] {
  const taken = Math.min(count, from.length);
  if (taken === from.length) return from.slice();
  for (let at = 0; at < taken; at++) {
    const other = at + random.below(from.length - at);
    const value = from[at]!;
    from[at] = from[other]!;
    from[other] = value;
  }
  return from.slice(0, taken);
}
