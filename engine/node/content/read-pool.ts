import { availableParallelism } from 'node:os';
import { HashPool } from '../../kernels/pool.ts';
import { Slab } from '../../kernels/slab.ts';
import { READ_HASH_SLOTS, type ReadHashPayload, type ReadHashResult } from '../../kernels/tasks/read-hash.ts';

/** Threads that read files and hash them. A pool that is there for other things too will do, see {@link asReadPool}. */
export interface ReadPool {
  readonly threadCount: number;
  /** Settles once all threads are there, or cannot be had; whatever hindered them hinders the first task, which tells. */
  readonly ready: Promise<void>;
  /** Tasks that it can make use of at once, now; it may change. Undefined: what suits its threads. */
  readonly taskCountMax?: number;
  run(payload: ReadHashPayload): Promise<ReadHashResult>;
  close(): Promise<void>;
}

export interface ReadPoolOptions {
  /** Default: one per core. */
  readonly threadCount?: number;
}

const NOTHING: ReadHashPayload = {
  paths: [],
  extents: new Float64Array(0),
  extentCounts: new Uint32Array(0),
  sha1: false,
  trees: undefined,
};

/** A pool of its own, with a slab just large enough. The threads start at once, while the caller still plans. */
export function openReadPool(options: ReadPoolOptions = {}): ReadPool {
  const threadCount = options.threadCount ?? availableParallelism();
  const slab = new Slab({ slotCount: threadCount * READ_HASH_SLOTS, threadCountMax: threadCount });
  const pool = new HashPool({ threadCount, privateSlots: READ_HASH_SLOTS }, { slab });
  const each = Array.from({ length: threadCount }, () => pool.run('readHash', NOTHING).catch(() => {}));
  return { ...asReadPool(pool), ready: Promise.all(each).then(() => {}) };
}

/** Uses a pool whose threads have private runs of {@link READ_HASH_SLOTS} slots. Closing it closes that pool. */
export function asReadPool(pool: HashPool): ReadPool {
  return {
    threadCount: pool.threadCount,
    ready: Promise.resolve(),
    run: (payload) => pool.run('readHash', payload),
    close: () => pool.close(),
  };
}
