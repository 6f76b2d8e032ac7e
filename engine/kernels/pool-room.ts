import { AlliumError } from '../codec/error.ts';
import type { Lease } from './lease.ts';
import type { Slab } from './slab.ts';
import type { Extent } from './types.ts';

/** What the workers of a pool have of the slab: a thread number and a private run each, by seat. */
export class PoolRoom {
  /** A seat per worker: 0 if free, else the id of the thread that sits there. */
  readonly seats: Int32Array;
  /** By seat: the number in the memory map. */
  readonly threads: readonly number[];
  /** By seat; of length 0 if there are none. */
  readonly privateRuns: readonly Extent[];
  readonly #slab: Slab;
  readonly #leases: Lease[] = [];

  /** Throws SLAB_FULL when the slab was made for fewer threads or has no room for the runs. */
  constructor(
    options: { readonly threadCount: number; readonly privateSlots: number },
    modules: { readonly slab: Slab },
  ) {
    const { threadCount, privateSlots } = options;
    this.#slab = modules.slab;
    this.seats = new Int32Array(new SharedArrayBuffer(4 * threadCount));
    const threads: number[] = [];
    this.threads = threads;
    try {
      for (let seat = 0; seat < threadCount; seat += 1) threads.push(this.#slab.takeThread());
      for (let seat = 0; privateSlots > 0 && seat < threadCount; seat += 1)
        this.#leases.push(this.#lease(privateSlots));
    } catch (error) {
      this.giveBack();
      throw error;
    }
    this.privateRuns = threads.map((_thread, seat) => {
      const lease = this.#leases[seat];
      return { offset: lease?.offset ?? 0, byteLength: lease?.byteLength ?? 0 };
    });
  }

  /** Only when all workers have ended: they would go on reading into what is someone else's. */
  giveBack(): void {
    for (const lease of this.#leases.splice(0)) lease.release();
    for (const thread of this.threads) this.#slab.returnThread(thread);
  }

  #lease(slots: number): Lease {
    const lease = this.#slab.tryLease(slots, 'private run of a worker');
    if (lease !== undefined) return lease;
    throw new AlliumError('SLAB_FULL', `the slab has no ${slots} slots left for a worker to read into`, {
      advice: 'Give the program more memory, or fewer threads.',
      details: { slots },
    });
  }
}
