/**
 * Runs up to this length remember where to look first and lie low in the slab; longer ones lie high. What a socket
 * reads at once is not longer.
 */
const SHORT_RUN_SLOTS_MAX = 17;

/**
 * Which slots are free: one bit each, 1 is free. Short runs are taken from the bottom, at the lowest place that
 * fits, long runs from the top: the many small leases of the network then do not cut up the room of the few
 * large ones of the disk. For each short length it is remembered below which slot nothing fits, so that a
 * search does not walk again over what it has seen to be full.
 */
export class SlabBitmap {
  readonly slotCount: number;
  // Int32Array: values of a Uint32Array above 2^31 leave V8's small integers.
  readonly #words: Int32Array;
  readonly #lowest = new Int32Array(SHORT_RUN_SLOTS_MAX + 1);

  constructor(slotCount: number) {
    this.slotCount = slotCount;
    this.#words = new Int32Array(Math.ceil(slotCount / 32));
    this.#set(0, slotCount, true);
  }

  /** The first slot of a free run of `slots` slots, or -1. Takes nothing; `slots` ≥ 1. */
  find(slots: number): number {
    if (slots > SHORT_RUN_SLOTS_MAX) return this.#findHigh(slots);
    const found = this.#findLow(slots, this.#lowest[slots]!);
    this.#lowest[slots] = found < 0 ? this.slotCount : found;
    return found;
  }

  /** Marks a run that {@link find} returned as used. */
  take(first: number, slots: number): void {
    this.#set(first, first + slots, false);
  }

  /** Marks a run as free again. */
  give(first: number, slots: number): void {
    this.#set(first, first + slots, true);
    const lowest = this.#lowest;
    for (let length = 1; length <= SHORT_RUN_SLOTS_MAX; length += 1) {
      const place = first - length + 1;
      if (place < lowest[length]!) lowest[length] = Math.max(place, 0);
    }
  }

  /** Length of the longest free run, in slots. Walks over everything. */
  longestFreeRun(): number {
    let longest = 0;
    let position = this.#nextFree(0);
    while (position < this.slotCount) {
      const end = this.#nextUsed(position, this.slotCount);
      longest = Math.max(longest, end - position);
      position = this.#nextFree(end);
    }
    return longest;
  }

  #findLow(slots: number, from: number): number {
    let start = this.#nextFree(from);
    while (start + slots <= this.slotCount) {
      const end = this.#nextUsed(start, start + slots);
      if (end - start >= slots) return start;
      start = this.#nextFree(end);
    }
    return -1;
  }

  #findHigh(slots: number): number {
    let end = this.#previousFree(this.slotCount - 1) + 1;
    while (end >= slots) {
      const used = this.#previousUsed(end - 1, end - slots);
      if (used < end - slots) return end - slots;
      end = this.#previousFree(used) + 1;
    }
    return -1;
  }

  /** The first free slot at or after `position`; slotCount if there is none. */
  #nextFree(position: number): number {
    if (position >= this.slotCount) return this.slotCount;
    let index = position >>> 5;
    let word = this.#words[index]! & (-1 << (position & 31));
    while (word === 0) {
      index += 1;
      if (index === this.#words.length) return this.slotCount;
      word = this.#words[index]!;
    }
    return (index << 5) + 31 - Math.clz32(word & -word);
  }

  /** The first used slot in [position, end), or `end`. */
  #nextUsed(position: number, end: number): number {
    let index = position >>> 5;
    let word = ~this.#words[index]! & (-1 << (position & 31));
    while (word === 0) {
      index += 1;
      if (index << 5 >= end) return end;
      word = ~this.#words[index]!;
    }
    return Math.min(end, (index << 5) + 31 - Math.clz32(word & -word));
  }

  /** The last free slot at or before `position`, or -1. */
  #previousFree(position: number): number {
    if (position < 0) return -1;
    let index = position >>> 5;
    let word = this.#words[index]! & (-1 >>> (31 - (position & 31)));
    while (word === 0) {
      index -= 1;
      if (index < 0) return -1;
      word = this.#words[index]!;
    }
    return (index << 5) + 31 - Math.clz32(word);
  }

  /** The last used slot in [start, position], or start - 1. */
  #previousUsed(position: number, start: number): number {
    let index = position >>> 5;
    let word = ~this.#words[index]! & (-1 >>> (31 - (position & 31)));
    while (word === 0) {
      index -= 1;
      if ((index << 5) + 31 < start) return start - 1;
      word = ~this.#words[index]!;
    }
    return Math.max(start - 1, (index << 5) + 31 - Math.clz32(word));
  }

  #set(start: number, end: number, free: boolean): void {
    let position = start;
    while (position < end) {
      const index = position >>> 5;
      const stop = Math.min(end, (index + 1) << 5);
      const mask = (-1 >>> (32 - (stop - position))) << (position & 31);
      this.#words[index] = free ? this.#words[index]! | mask : this.#words[index]! & ~mask;
      position = stop;
    }
  }
}
