import type { Clock, Timer } from '../../runtime/port.ts';

/** Something that wants to be called at a time, which may have moved when that time comes. */
export interface Due {
  /** Infinity: never. */
  readonly dueMs: number;
  /** The time it is queued for; belongs to {@link Deadlines}. */
  queuedMs: number;
  /** The time has come. It is not queued any more: who has done what there was to do calls {@link Deadlines.update}. */
  onDue(nowMs: number): void;
}

interface Entry {
  readonly timeMs: number;
  readonly item: Due;
}

/** Nobody is queued further ahead, so that entries that no longer count are few: one a second for each. */
const AHEAD_MS_MAX = 1000;

/** One timer for many deadlines. A deadline that moves back costs nothing until the old time has come. */
export class Deadlines {
  private readonly clock: Clock;
  private readonly heap: Entry[] = [];
  private timer: Timer | undefined;
  private timerMs = Infinity;

  constructor(modules: { readonly clock: Clock }) {
    this.clock = modules.clock;
  }

  /** With those that no longer count. */
  get storedEntries(): number {
    return this.heap.length;
  }

  /** The deadline of `item` may have become an earlier one. */
  update(item: Due, nowMs: number): void {
    const timeMs = Math.min(item.dueMs, nowMs + AHEAD_MS_MAX);
    if (item.dueMs === Infinity || timeMs >= item.queuedMs) return;
    item.queuedMs = timeMs;
    this.push({ timeMs, item });
    this.arm(nowMs);
  }

  close(): void {
    this.timer?.cancel();
    this.heap.length = 0;
  }

  private arm(nowMs: number): void {
    const first = this.heap[0];
    if (first === undefined || first.timeMs >= this.timerMs) return;
    this.timer?.cancel();
    this.timerMs = first.timeMs;
    this.timer = this.clock.setTimer(Math.max(1, first.timeMs - nowMs), () => this.run());
  }

  private run(): void {
    this.timerMs = Infinity;
    const nowMs = this.clock.now();
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || first.timeMs > nowMs) break;
      this.pop();
      const { item, timeMs } = first;
      if (item.queuedMs !== timeMs) continue; // it has been queued for an earlier time since
      item.queuedMs = Infinity;
      if (item.dueMs <= nowMs) item.onDue(nowMs);
      else this.update(item, nowMs);
    }
    this.arm(nowMs);
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.timeMs <= entry.timeMs) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const entry = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.timeMs < heap[below]!.timeMs) below++;
      if (heap[below]!.timeMs >= entry.timeMs) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}
