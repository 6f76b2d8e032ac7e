import type { RelayConfig } from '../config.ts';

/** With less memory than this a shard could hold hardly any circuits. */
export const SHARD_BYTES_MIN = 32 * 1024 * 1024;
/** Of the queues. */
const QUEUE_BYTES_MIN = 1024 * 1024;

/** How many shards a relay gets: what its configuration says, as far as there is memory for them. */
export function shardCount(words: Pick<RelayConfig['words'], 'shards' | 'memory'>): number {
  return Math.max(1, Math.min(words.shards, Math.floor(words.memory / SHARD_BYTES_MIN)));
}

/** What one of `count` shards is given: its part of all that is bounded. The sum is never more than was configured. */
export function shardConfig(config: RelayConfig, count: number): RelayConfig {
  const { words } = config;
  const part = (whole: number): number => Math.floor(whole / count);
  return {
    ...config,
    words: {
      ...words,
      memory: part(words.memory),
      maxMemInQueues: Math.max(QUEUE_BYTES_MIN, part(words.maxMemInQueues)),
      maxConnections: Math.max(1, part(words.maxConnections)),
      // 0: as many as the memory has room for.
      maxCircuits: words.maxCircuits === 0 ? 0 : Math.max(1, part(words.maxCircuits)),
    },
  };
}

/** What counts for where the next connection goes. */
export interface ShardLoad {
  /** Whether it takes connections. */
  readonly isReady: boolean;
  /** Links it has, and connections on their way to it. */
  readonly links: number;
  /** Of late. */
  readonly bytesPerSec: number;
}

/** The shard that has the least to do, links and bytes counting alike; undefined: none is ready. */
export function pickShard(loads: readonly ShardLoad[]): number | undefined {
  const links = loads.reduce((sum, load) => sum + load.links, 0) || 1;
  const bytes = loads.reduce((sum, load) => sum + load.bytesPerSec, 0) || 1;
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, load] of loads.entries()) {
    const score = load.links / links + load.bytesPerSec / bytes;
    if (load.isReady && score < least) {
      least = score;
      best = i;
    }
  }
  return best;
}

/**
 * The shard of an address, by `hash`, for as long as it is ready: where floods are counted by address, all connections
 * of one address must be in one place. Undefined: none is ready.
 */
export function stickyShard(loads: readonly Pick<ShardLoad, 'isReady'>[], hash: number): number | undefined {
  for (let step = 0; step < loads.length; step += 1) {
    const i = (hash + step) % loads.length;
    if (loads[i]?.isReady === true) return i;
  }
  return undefined;
}
