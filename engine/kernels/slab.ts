import { AlliumError } from '../codec/error.ts';
import { Lease, type LeaseHome } from './lease.ts';
import {
  createKernelMemory,
  KERNEL_THREADS_MAX,
  MEMORY_PAGES_MAX,
  PAGE_BYTES,
  SLAB_START,
} from './memory-map.ts';
import { SlabBitmap } from './slab-bitmap.ts';
import { type SlabCopy, slabCopier } from './slab-copy.ts';
import { SLOT_BYTES } from './types.ts';

const SLAB_BYTES_MAX = MEMORY_PAGES_MAX * PAGE_BYTES - SLAB_START;

export interface SlabOptions {
  /** How many slots of {@link SLOT_BYTES} bytes. The bound: the slab never grows. */
  readonly slotCount: number;
  /** How many threads may run kernels over it at once; each has its own scratch space. */
  readonly threadCountMax: number;
}

export interface SlabStats {
  readonly slotCount: number;
  readonly leasedSlots: number;
  /** The most that were ever leased at once. */
  readonly leasedSlotsPeak: number;
  readonly leases: number;
  /** Leases granted so far. */
  readonly granted: number;
  /** Times that {@link Slab.tryLease} had no room. */
  readonly refused: number;
  /** Callbacks that wait for room. */
  readonly waiting: number;
  readonly longestFreeRunSlots: number;
}

interface Waiter {
  readonly slots: number;
  readonly callback: () => void;
}

/**
 * The one piece of shared memory that payload bytes live in: a shared WebAssembly memory that kernels of all
 * threads work in, its upper part cut into slots that lie one behind the other without gaps. One thread hands out
 * leases (the one that made it); the others only get offsets.
 */
export class Slab implements LeaseHome {
  readonly memory: WebAssembly.Memory;
  readonly buffer: SharedArrayBuffer;
  /** The whole memory, so that a lease's offset is an index into it. */
  readonly bytes: Uint8Array;
  /** Copies within it; much faster than `bytes.copyWithin` for short or unequally aligned ranges. */
  readonly copy: SlabCopy;
  readonly slotCount: number;
  readonly threadCountMax: number;
  readonly #bitmap: SlabBitmap;
  /** By first slot. */
  readonly #leases: (Lease | undefined)[];
  readonly #waiting: Waiter[] = [];
  /** By thread number: whether it is in use. */
  readonly #threads: boolean[];
  #wakeScheduled = false;
  #leasedSlots = 0;
  #leasedSlotsPeak = 0;
  #leaseCount = 0;
  #granted = 0;
  #refused = 0;

  /** Throws SLAB_FULL when that many slots do not fit into a 32-bit memory, or for too many threads. */
  constructor(options: SlabOptions) {
    const { slotCount, threadCountMax } = options;
    const byteLength = slotCount * SLOT_BYTES;
    if (!Number.isSafeInteger(slotCount) || slotCount < 1 || byteLength > SLAB_BYTES_MAX) {
      throw new AlliumError('SLAB_FULL', `a slab cannot have ${slotCount} slots of ${SLOT_BYTES} bytes`, {
        advice: 'Ask for at least one slot and for a little under 4 GiB at most.',
        details: { slotCount },
      });
    }
    if (!Number.isSafeInteger(threadCountMax) || threadCountMax < 1 || threadCountMax > KERNEL_THREADS_MAX) {
      throw new AlliumError('SLAB_FULL', `a slab cannot be shared by ${threadCountMax} threads`, {
        advice: `Ask for 1 to ${KERNEL_THREADS_MAX} threads.`,
        details: { threadCountMax },
      });
    }
    this.slotCount = slotCount;
    this.threadCountMax = threadCountMax;
    this.memory = createKernelMemory(byteLength);
    this.buffer = this.memory.buffer;
    this.bytes = new Uint8Array(this.buffer);
    this.copy = slabCopier(this.memory);
    this.#bitmap = new SlabBitmap(slotCount);
    this.#threads = new Array<boolean>(threadCountMax).fill(false);
    this.#leases = new Array<Lease | undefined>(slotCount).fill(undefined);
  }

  get leasedSlots(): number {
    return this.#leasedSlots;
  }

  /**
   * A run of `slots` contiguous slots, or undefined when there is no such run now: stop reading then, and ask
   * {@link whenFree} to be told. Throws SLAB_FULL when the slab could not give it even if it were empty.
   */
  tryLease(slots: number, owner: string): Lease | undefined {
    this.#checkSlots(slots, owner);
    const firstSlot = this.#bitmap.find(slots);
    if (firstSlot < 0) {
      this.#refused += 1;
      return undefined;
    }
    return this.#grant(firstSlot, slots, owner);
  }

  /**
   * `slots` leases of one slot each, which go back one by one; behind each other where there is such a run, else in
   * pieces as long as can be. undefined, and {@link whenFree}, when not so many are free. Throws like {@link tryLease}.
   */
  tryLeaseEach(slots: number, owner: string): Lease[] | undefined {
    this.#checkSlots(slots, owner);
    if (this.slotCount - this.#leasedSlots < slots) {
      this.#refused += 1;
      return undefined;
    }
    const leases: Lease[] = [];
    let length = slots;
    while (leases.length < slots) {
      const first = this.#bitmap.find(length);
      for (let slot = 0; first >= 0 && slot < length; slot += 1) {
        leases.push(this.#grant(first + slot, 1, owner));
      }
      // Where there is no run of this length there may be two of half of it.
      length = Math.min(first < 0 ? length >>> 1 : length, slots - leases.length);
    }
    return leases;
  }

  /**
   * Back-pressure: calls `callback` once, in a microtask after a release, when a run of `slots` slots is free. First
   * come, first called; one whose run is not there yet keeps its place and does not hold up those behind it. The
   * room is not reserved: try again, and wait again if someone was quicker. Throws like {@link tryLease}.
   */
  whenFree(callback: () => void, slots = 1): void {
    this.#checkSlots(slots, 'a waiting reader');
    this.#waiting.push({ slots, callback });
  }

  /** Throws LEASE_MISUSED with the owners of all leases that are still out. */
  assertAllReturned(): void {
    if (this.#leaseCount === 0) return;
    const owners = new Map<string, number>();
    for (const lease of this.#leases) {
      if (lease !== undefined) owners.set(lease.owner, (owners.get(lease.owner) ?? 0) + 1);
    }
    const list = [...owners].map(([owner, count]) => `${owner} ×${count}`).join(', ');
    throw new AlliumError('LEASE_MISUSED', `${this.#leaseCount} leases were not returned: ${list}`, {
      advice: 'This is a fault of the program: please report it.',
      details: { leases: this.#leaseCount, slots: this.#leasedSlots },
    });
  }

  /** Walks over the bitmap: for reports, not for hot paths. */
  stats(): SlabStats {
    return {
      slotCount: this.slotCount,
      leasedSlots: this.#leasedSlots,
      leasedSlotsPeak: this.#leasedSlotsPeak,
      leases: this.#leaseCount,
      granted: this.#granted,
      refused: this.#refused,
      waiting: this.#waiting.length,
      longestFreeRunSlots: this.#bitmap.longestFreeRun(),
    };
  }

  /** A number in the memory map for one more thread that runs kernels. Throws SLAB_FULL when all are in use. */
  takeThread(): number {
    const thread = this.#threads.indexOf(false);
    if (thread < 0) {
      throw new AlliumError('SLAB_FULL', `all ${this.threadCountMax} threads of the slab are in use`, {
        advice: 'Make the slab for more threads.',
        details: { threadCountMax: this.threadCountMax },
      });
    }
    this.#threads[thread] = true;
    return thread;
  }

  /** Gives a number back once the thread has ended. */
  returnThread(thread: number): void {
    this.#threads[thread] = false;
  }

  /** For {@link Lease} only. */
  takeBack(lease: Lease): void {
    this.#bitmap.give(lease.firstSlot, lease.slots);
    this.#leases[lease.firstSlot] = undefined;
    this.#leaseCount -= 1;
    this.#leasedSlots -= lease.slots;
    if (this.#waiting.length > 0) this.#scheduleWake();
  }

  #grant(firstSlot: number, slots: number, owner: string): Lease {
    this.#bitmap.take(firstSlot, slots);
    const offset = SLAB_START + firstSlot * SLOT_BYTES;
    const lease = new Lease({ offset, firstSlot, slots, owner }, this);
    this.#leases[firstSlot] = lease;
    this.#leaseCount += 1;
    this.#granted += 1;
    this.#leasedSlots += slots;
    if (this.#leasedSlots > this.#leasedSlotsPeak) this.#leasedSlotsPeak = this.#leasedSlots;
    return lease;
  }

  #scheduleWake(): void {
    if (this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    queueMicrotask(() => {
      this.#wakeScheduled = false;
      this.#wake();
    });
  }

  /** Asks each one that waits now once; those that come back meanwhile stand behind them. */
  #wake(): void {
    const asked = this.#waiting.splice(0);
    const kept: Waiter[] = [];
    let position = 0;
    try {
      while (position < asked.length && this.#leasedSlots < this.slotCount) {
        const waiter = asked[position]!;
        position += 1;
        if (this.#bitmap.find(waiter.slots) >= 0) waiter.callback();
        else kept.push(waiter);
      }
    } finally {
      const unasked = asked.slice(position);
      this.#waiting.unshift(...kept, ...unasked);
      // Left early with room to spare: a callback threw, and those behind it are not to pay for that.
      if (unasked.length > 0 && this.#leasedSlots < this.slotCount) this.#scheduleWake();
    }
  }

  #checkSlots(slots: number, owner: string): void {
    if (Number.isSafeInteger(slots) && slots >= 1 && slots <= this.slotCount) return;
    throw new AlliumError(
      'SLAB_FULL',
      `“${owner}” asked for ${slots} of the slab's ${this.slotCount} slots`,
      {
        advice: 'Give the program more memory.',
        details: { owner, slots, slotCount: this.slotCount },
      },
    );
  }
}
