/** Something that will happen. `run` is undefined once it was cancelled. */
export interface Entry {
  readonly timeMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Below this size a heap of cancelled entries costs nothing worth saving. */
const SWEEP_MIN = 1024;

/** What will happen, by time; at equal times in the order it was put in. A binary heap. */
export class Agenda {
  #heap: Entry[] = [];
  #cancelled = 0;
  /** The number the next entry gets. */
  order = 0;

  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** With those that were cancelled and not swept out yet. */
  get storedEntries(): number {
    return this.#heap.length;
  }

  add(timeMs: number, run: () => void): Entry {
    const entry: Entry = { timeMs, order: this.order++, run };
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    return entry;
  }

  cancel(entry: Entry): void {
    if (entry.run === undefined) return;
    entry.run = undefined;
    this.#cancelled++;
    if (this.#heap.length > SWEEP_MIN && this.#cancelled > this.#heap.length / 2) this.#sweep();
  }

  /** The next one that was not cancelled, left in place. */
  peek(): Entry | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.run !== undefined) return first;
      this.#cancelled--;
      this.#removeFirst();
    }
  }

  /** Takes what {@link peek} shows. */
  take(): () => void {
    const first = this.peek()!;
    const run = first.run!;
    first.run = undefined; // so that cancelling it later does nothing
    this.#removeFirst();
    return run;
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((entry) => entry.run !== undefined);
    this.#cancelled = 0;
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#down(i);
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    const heap = this.#heap;
    const entry = heap[start]!;
    let at = start;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(entry, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const entry = heap[start]!;
    let at = start;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
      if (!before(heap[below]!, entry)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}
