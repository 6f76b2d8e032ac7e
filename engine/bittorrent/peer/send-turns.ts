import type { Clock } from '../../runtime/port.ts';

/** About two milliseconds of reading and sending. */
const TURN_BYTES_MAX = 2 * 1024 * 1024;

/** Who waits for a turn. */
export interface TurnTaker {
  /** Sends as much as may be sent, or waits again. */
  pump(): void;
}

/**
 * Shares out the turns of the event loop among the peers of a shard. What lies in memory is read and sent at once, so
 * with many fast peers one turn could last as long as they have requests, and meanwhile nobody is heard: Node, for one,
 * accepts a single connection in a turn. When a turn has brought enough, whoever is left comes first in the next one.
 */
export class SendTurns {
  private readonly clock: Clock;
  private sentBytes = 0;
  private waiting: TurnTaker[] = [];
  private isScheduled = false;

  constructor(modules: { readonly clock: Clock }) {
    this.clock = modules.clock;
  }

  /** This turn has brought enough: {@link wait}. */
  get isOver(): boolean {
    return this.sentBytes >= TURN_BYTES_MAX;
  }

  /** Those that wait. */
  get length(): number {
    return this.waiting.length;
  }

  /** So much was read and sent without anything else happening meanwhile. */
  count(byteLength: number): void {
    this.sentBytes += byteLength;
    this.schedule();
  }

  /** Pumps `taker` in one of the next turns, first come, first served. Once for each call. */
  wait(taker: TurnTaker): void {
    this.waiting.push(taker);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.clock.setTimer(0, () => {
      this.isScheduled = false;
      this.sentBytes = 0;
      this.next();
    });
  }

  private next(): void {
    const asked = this.waiting;
    this.waiting = [];
    let at = 0;
    while (at < asked.length && !this.isOver) asked[at++]!.pump();
    if (at === asked.length) return;
    this.waiting = [...asked.slice(at), ...this.waiting];
    this.schedule();
  }
}
