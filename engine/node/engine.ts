import { availableParallelism } from 'node:os';
import type { EncryptionMode } from '../bittorrent/mse/types.ts';
import { SHARD_DEFAULTS, Shard } from '../bittorrent/torrent/shard.ts';
import type { TransportName } from '../bittorrent/transport/transport.ts';
import { VERSION } from '../codec/version.ts';
import { HashPool } from '../kernels/pool.ts';
import { Slab } from '../kernels/slab.ts';
import { SLOT_BYTES } from '../kernels/types.ts';
import { createRealRuntime } from '../runtime/real/runtime.ts';
import type { NodeRuntime } from './net/world.ts';
import { createTransports, TRANSPORT_NAMES_DEFAULT } from './transports.ts';
import type { UdpPort } from './udp-port.ts';

export interface EngineOptions {
  /** Memory that payload bytes live in; the bound for everything that is read, hashed and sent. */
  readonly slabBytes: number;
  /** Worker threads for hashing. */
  readonly threadCount: number;
  readonly connectionsMax: number;
  /** Of connections with peers. */
  readonly encryption: EncryptionMode;
  /** How peers are reached, in the order they are tried; all of them are listened for. */
  readonly transports: readonly TransportName[];
  /** Event loops that send to peers; 1: the one that does everything else, more: so many threads beside it. */
  readonly shards: number;
}

export const ENGINE_DEFAULTS: EngineOptions = {
  slabBytes: 256 * 1024 * 1024,
  threadCount: Math.max(1, availableParallelism()),
  connectionsMax: SHARD_DEFAULTS.connectionsMax,
  encryption: 'prefer',
  transports: TRANSPORT_NAMES_DEFAULT,
  shards: 1,
};

/** The parts that everything on this machine shares: the real world, the slab, the worker pool and one shard. */
export interface Engine {
  readonly runtime: NodeRuntime;
  readonly slab: Slab;
  readonly hashes: HashPool;
  readonly shard: Shard;
  /** Bound when the shard listens, unless uTP is not among its transports. */
  readonly udp: UdpPort;
  /** Closes sockets, files and threads. */
  close(): Promise<void>;
}

/** Makes an engine in the real world, or in the one it is given; threads start with the first work. */
export function createEngine(
  options: Partial<EngineOptions> = {},
  modules: { readonly runtime?: NodeRuntime } = {},
): Engine {
  const {
    slabBytes,
    threadCount,
    connectionsMax,
    encryption,
    transports: names,
    shards,
  } = {
    ...ENGINE_DEFAULTS,
    ...options,
  };
  const world = modules.runtime ?? createRealRuntime();
  const transports = createTransports({ names }, { runtime: world });
  const runtime: NodeRuntime = { ...world, network: transports.network };
  // One scratch area per worker and one for the event loop itself.
  const slab = new Slab({ slotCount: Math.floor(slabBytes / SLOT_BYTES), threadCountMax: threadCount + 1 });
  const hashes = new HashPool({ threadCount }, { slab });
  if (shards > 1) {
    // Until they work, and if they do not, the loop sends by itself.
    world.senders.start({ threadCount: shards, memory: slab.buffer }).catch(() => {});
  }
  const peerId = createPeerId(runtime.random.bytes(12));
  const shard = new Shard(
    { ...SHARD_DEFAULTS, connectionsMax, encryption, peerId },
    { runtime, slab, hashes, transports: transports.list },
  );
  return {
    runtime,
    slab,
    hashes,
    shard,
    udp: transports.udp,
    async close() {
      await shard.close();
      transports.close();
      await world.senders.close();
      await hashes.close();
    },
  };
}

/** BEP 20: `-AL0100-` and twelve random bytes. */
export function createPeerId(random: Uint8Array): Uint8Array {
  const [major = 0, minor = 0, patch = 0] = VERSION.split('.').map(Number);
  const prefix = new TextEncoder().encode(
    `-AL${major.toString(36)}${minor.toString(36)}${patch.toString(36)}0-`,
  );
  const peerId = new Uint8Array(20);
  peerId.set(prefix);
  peerId.set(random.subarray(0, 12), prefix.length);
  return peerId;
}
