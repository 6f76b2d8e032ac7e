import { AlliumError } from '../../codec/error.ts';
import type { Clock, Timer } from '../../runtime/port.ts';
import { hostOf } from './http-announce.ts';
import type { AnnounceTransport } from './types.ts';

export interface AnnouncePacerOptions {
  /** Announces under way with one tracker. More are let through only when the queue would outlast an interval. */
  readonly perTrackerMin: number;
  readonly perTrackerMax: number;
  /** Announces under way with all. */
  readonly totalMax: number;
  /** In so much time the whole queue of a tracker shall have had its turn. */
  readonly drainMs: number;
}

export const ANNOUNCE_PACER_DEFAULTS: AnnouncePacerOptions = {
  perTrackerMin: 4,
  perTrackerMax: 50,
  totalMax: 500,
  drainMs: 15 * 60_000,
};

interface Turn {
  readonly isUrgent: boolean;
  readonly sinceMs: number;
  readonly begin: () => void;
}

interface Tracker {
  readonly waiting: Turn[];
  underWay: number;
  /** How long an announce takes there: a moving average. */
  takesMs: number;
}

const FIRST_GUESS_MS = 500;
const WEIGHT = 0.1;

/**
 * Announces at once to a tracker where one takes `takesMs`, so that `waiting` of them, the first of which has waited for
 * `waitedMs`, are through when that one has waited for `drainMs`.
 */
export function announcesAtOnce(
  options: AnnouncePacerOptions,
  waiting: number,
  takesMs: number,
  waitedMs: number,
): number {
  const leftMs = Math.max(takesMs, options.drainMs - waitedMs);
  const needed = Math.ceil((waiting * takesMs) / leftMs);
  return Math.min(options.perTrackerMax, Math.max(options.perTrackerMin, needed));
}

/**
 * Spreads the announces of many torrents: a tracker sees a few of this node at a time, in the order in which they were
 * asked for (goodbyes first), however many torrents are started at once.
 */
export class AnnouncePacer {
  readonly #options: AnnouncePacerOptions;
  readonly #clock: Clock;
  readonly #trackers = new Map<string, Tracker>();
  #underWay = 0;

  constructor(options: AnnouncePacerOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** Announces that wait for their turn. */
  get waitingCount(): number {
    let count = 0;
    for (const { waiting } of this.#trackers.values()) count += waiting.length;
    return count;
  }

  /** The same transport, paced. The time-out runs from the turn on, for a goodbye from now on. */
  paced(transport: AnnounceTransport): AnnounceTransport {
    return async (url, request, timeoutMs) => {
      const isUrgent = request.event === 'stopped';
      const host = hostOf(url);
      const beganMs = this.#clock.now();
      await this.#turn(host, isUrgent, isUrgent ? timeoutMs : undefined);
      const leftMs = isUrgent ? Math.max(1, timeoutMs - (this.#clock.now() - beganMs)) : timeoutMs;
      const startedMs = this.#clock.now();
      try {
        return await transport(url, request, leftMs);
      } finally {
        this.#done(host, this.#clock.now() - startedMs);
      }
    };
  }

  #turn(host: string, isUrgent: boolean, patienceMs: number | undefined): Promise<void> {
    const tracker = this.#trackerOf(host);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const turn: Turn = {
        isUrgent,
        sinceMs: this.#clock.now(),
        begin: () => {
          timer?.cancel();
          resolve();
        },
      };
      if (patienceMs !== undefined) {
        timer = this.#clock.setTimer(patienceMs, () => {
          tracker.waiting.splice(tracker.waiting.indexOf(turn), 1);
          reject(new AlliumError('TRACKER_FAILED', 'the tracker could not be told in time'));
        });
      }
      const at = isUrgent ? tracker.waiting.findIndex((other) => !other.isUrgent) : -1;
      if (at < 0) tracker.waiting.push(turn);
      else tracker.waiting.splice(at, 0, turn);
      this.#serve(tracker);
    });
  }

  #serve(tracker: Tracker): void {
    const first = tracker.waiting.find(({ isUrgent }) => !isUrgent);
    const waitedMs = first === undefined ? 0 : this.#clock.now() - first.sinceMs;
    const limit = announcesAtOnce(this.#options, tracker.waiting.length, tracker.takesMs, waitedMs);
    while (tracker.underWay < limit && this.#underWay < this.#options.totalMax) {
      const turn = tracker.waiting.shift();
      if (turn === undefined) return;
      tracker.underWay++;
      this.#underWay++;
      turn.begin();
    }
  }

  #done(host: string, tookMs: number): void {
    const tracker = this.#trackerOf(host);
    tracker.underWay--;
    this.#underWay--;
    tracker.takesMs += WEIGHT * (tookMs - tracker.takesMs);
    this.#serve(tracker);
    if (tracker.underWay === 0 && tracker.waiting.length === 0) this.#trackers.delete(host);
    // Others may have been held up by the total only.
    for (const other of this.#trackers.values()) {
      if (this.#underWay >= this.#options.totalMax) return;
      if (other.waiting.length > 0) this.#serve(other);
    }
  }

  #trackerOf(host: string): Tracker {
    let tracker = this.#trackers.get(host);
    if (tracker === undefined) {
      tracker = { waiting: [], underWay: 0, takesMs: FIRST_GUESS_MS };
      this.#trackers.set(host, tracker);
    }
    return tracker;
  }
}
