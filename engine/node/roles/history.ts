import * as v from 'valibot';

const HOUR_MS = 3_600_000;
/** Thirty days. */
export const HOURS_MAX = 720;

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const hourSchema = v.object({
  /** Hours since 1970. */
  hour: v.pipe(amount, v.integer()),
  onlineMs: v.pipe(amount, v.maxValue(HOUR_MS)),
  /** The highest rates of a reading in that hour, bytes per second. */
  up: amount,
  down: amount,
});

/** What is kept of the past, as it is written down. */
export const historySchema = v.object({
  hours: v.pipe(v.array(hourSchema), v.maxLength(HOURS_MAX)),
  /** When somebody came to us by himself, Unix milliseconds; 0: never. */
  reachedAtMs: amount,
});

export type HourRecord = v.InferOutput<typeof hourSchema>;
export type HistoryData = v.InferOutput<typeof historySchema>;

/** Reachable is who was reached within so long. */
const REACHED_FOR_MS = 7 * 24 * HOUR_MS;
/** Rates are those of the last week. */
const RATE_HOURS = 7 * 24;

/** When the node was there and how fast it was, hour by hour, over restarts. The oldest hours are forgotten. */
export class NodeHistory {
  readonly #hours: HourRecord[];
  #reachedAtMs: number;

  constructor(data: HistoryData = { hours: [], reachedAtMs: 0 }) {
    this.#hours = [...data.hours].sort((a, b) => a.hour - b.hour);
    this.#reachedAtMs = data.reachedAtMs;
  }

  get data(): HistoryData {
    return { hours: this.#hours, reachedAtMs: this.#reachedAtMs };
  }

  /** A reading: online for `elapsedMs` up to `nowMs` (Unix), with these rates. A clock that went back is not followed. */
  note(nowMs: number, elapsedMs: number, up: number, down: number): void {
    const hour = Math.floor(nowMs / HOUR_MS);
    let last = this.#hours.at(-1);
    if (last === undefined || last.hour < hour) {
      last = { hour, onlineMs: 0, up: 0, down: 0 };
      this.#hours.push(last);
      if (this.#hours.length > HOURS_MAX) this.#hours.shift();
    } else if (last.hour > hour) return;
    last.onlineMs = Math.min(HOUR_MS, last.onlineMs + elapsedMs);
    last.up = Math.max(last.up, up);
    last.down = Math.max(last.down, down);
  }

  noteReached(nowMs: number): void {
    this.#reachedAtMs = Math.max(this.#reachedAtMs, nowMs);
  }

  isReachable(nowMs: number): boolean {
    return this.#reachedAtMs > 0 && nowMs - this.#reachedAtMs < REACHED_FOR_MS;
  }

  /** Since the oldest hour that is remembered, milliseconds. */
  knownMs(nowMs: number): number {
    const [first] = this.#hours;
    if (first === undefined) return 0;
    // Of the first hour only the part that it was there for.
    return Math.max(first.onlineMs, nowMs - (first.hour + 1) * HOUR_MS + first.onlineMs);
  }

  /** The part of {@link knownMs} that it was there, 0 to 1. */
  uptimeShare(nowMs: number): number {
    const knownMs = this.knownMs(nowMs);
    const onlineMs = this.#hours.reduce((sum, hour) => sum + hour.onlineMs, 0);
    return knownMs === 0 ? 0 : Math.min(1, onlineMs / knownMs);
  }

  /** What it reached in the second-best hour of the last week: one burst is no measure. Of a single hour, that one. */
  rates(nowMs: number): { readonly up: number; readonly down: number } {
    const from = Math.floor(nowMs / HOUR_MS) - RATE_HOURS;
    const hours = this.#hours.filter(({ hour }) => hour >= from);
    const secondOf = (values: readonly number[]): number => {
      const sorted = [...values].sort((a, b) => b - a);
      return sorted[1] ?? sorted[0] ?? 0;
    };
    return { up: secondOf(hours.map(({ up }) => up)), down: secondOf(hours.map(({ down }) => down)) };
  }
}
