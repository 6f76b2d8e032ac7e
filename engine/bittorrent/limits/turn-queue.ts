import type { Clock, Timer } from '../../runtime/port.ts';
import type { LimitPath } from './limit-path.ts';

/** The line is looked through this often at most. */
const PASS_MS_MIN = 5;

/** Something that waits until its limits let it go on. */
export interface Waiter {
  readonly path: LimitPath;
  /** It may go on: it has a turn of {@link LimitPath.turnBytes}. */
  goOn(): void;
}

/**
 * All that wait for a limit, in one line. Who comes to the front and is held up by a limit of its own keeps its place
 * and lets others pass; who has had a turn goes to the end. So under each limit all get alike, and a lower limit of some
 * is not undercut because they wait for a higher one as well.
 */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #line = new Set<Waiter>();
  #pass = 0;
  #timer: Timer | undefined;
  #timerAtMs = 0;

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  get nowMs(): number {
    return this.#clock.now();
  }

  get length(): number {
    return this.#line.size;
  }

  isWaiting(waiter: Waiter): boolean {
    return this.#line.has(waiter);
  }

  /** Whether a turn that has begun may go on. */
  mayGoOn(path: LimitPath): boolean {
    return path.mayGoOn(this.#clock.now());
  }

  /** Whether `waiter` may go on as it comes. If not, for a limit or for those who wait for the same one, it waits now. */
  admit(waiter: Waiter): boolean {
    const nowMs = this.#clock.now();
    const blocking = waiter.path.blockedBy(nowMs);
    if (blocking !== undefined) blocking.starvedInPass = this.#pass;
    else if (!this.#isStarved(waiter.path)) return true;
    this.#line.add(waiter);
    this.#wakeIn(blocking?.waitMs(nowMs) ?? 0);
    return false;
  }

  /** It waits no longer. */
  leave(waiter: Waiter): void {
    this.#line.delete(waiter);
    if (this.#line.size === 0) this.#rest();
  }

  /** A limit has changed. */
  changed(): void {
    if (this.#line.size > 0) this.#wakeIn(0);
  }

  #isStarved({ buckets }: LimitPath): boolean {
    return this.#line.size > 0 && buckets.some(({ starvedInPass }) => starvedInPass === this.#pass);
  }

  #look(): void {
    const nowMs = this.#clock.now();
    this.#pass++;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const waiter of [...this.#line]) {
      const blocking = waiter.path.blockedBy(nowMs);
      if (blocking === undefined) {
        if (!this.#line.delete(waiter)) continue; // it has left meanwhile
        waiter.goOn();
      } else {
        blocking.starvedInPass = this.#pass;
        soonestMs = Math.min(soonestMs, blocking.waitMs(nowMs));
      }
    }
    if (this.#line.size > 0 && soonestMs !== Number.POSITIVE_INFINITY) this.#wakeIn(soonestMs);
  }

  #wakeIn(waitMs: number): void {
    const delayMs = Math.max(PASS_MS_MIN, Math.ceil(waitMs));
    const atMs = this.#clock.now() + delayMs;
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    this.#rest();
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
