/**
 * The one shared memory, from its start: a reserved page, a scratch area for each thread, then the slab to the end.
 * Untouched pages cost nothing, so the room for many threads is free.
 */

/** A page of WebAssembly memory. */
export const PAGE_BYTES = 65536;

/** Never used, so that an address of 0 is a fault one can see and not somebody's data. */
export const RESERVED_BYTES = PAGE_BYTES;

/** What one instance of the kernels (one thread) has for its tables and states. */
export const KERNEL_SCRATCH_BYTES = PAGE_BYTES;

/** Threads that may map one memory: the orchestrator, the shards and the workers of the pool. */
export const KERNEL_THREADS_MAX = 64;

/** Where the slab begins. */
export const SLAB_START = RESERVED_BYTES + KERNEL_THREADS_MAX * KERNEL_SCRATCH_BYTES;

/** The most a 32-bit WebAssembly memory can be; what the kernels declare as their maximum. */
export const MEMORY_PAGES_MAX = 65536;

/**
 * The scratch area of a thread.
 *
 * @param thread 0 ≤ thread < {@link KERNEL_THREADS_MAX}; no two threads of one memory share a number.
 * @throws RangeError for a number outside: the caller counts threads wrongly.
 */
export function scratchOffset(thread: number): number {
  if (!Number.isInteger(thread) || thread < 0 || thread >= KERNEL_THREADS_MAX) {
    throw new RangeError(`thread ${thread} is outside 0…${KERNEL_THREADS_MAX - 1}`);
  }
  return RESERVED_BYTES + thread * KERNEL_SCRATCH_BYTES;
}

/**
 * A shared memory for kernels and slab. Its size is fixed, so that views over it never go stale.
 *
 * @param slabBytes room for the slab, rounded up to whole pages
 */
export function createKernelMemory(slabBytes: number): WebAssembly.Memory {
  const pages = Math.ceil((SLAB_START + slabBytes) / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
