/**
 * What a node can do for others. `exit` is never given to a node that was not told to; `guard` is a relay that would do
 * as the first hop, which only a directory can make it.
 */
export const JOBS = ['seeder', 'super-seeder', 'dht', 'tracker', 'relay', 'guard', 'exit'] as const;
export type Job = (typeof JOBS)[number];

/** What a node was seen to be able to do. In every figure more is better. */
export interface Specification {
  /** Sustained rates that it has reached, bytes per second. */
  readonly upBytesPerSec: number;
  readonly downBytesPerSec: number;
  /** Part of the time that it was there, 0 to 1, … */
  readonly uptimeShare: number;
  /** … of so much time since it was first seen, milliseconds. */
  readonly knownMs: number;
  /** Bytes that can be written. */
  readonly freeBytes: number;
  readonly memoryBytes: number;
  readonly cores: number;
  /** Others have come to it by themselves. */
  readonly reachable: boolean;
}

/** What the operator says of a job; `auto`: nothing. */
export type Wish = 'auto' | 'request' | 'forbid';
export type Wishes = Readonly<Partial<Record<Job, Wish>>>;
