import * as v from 'valibot';
import { historyLine } from '../../onion/directory/extra-info.ts';

/** dir-spec, `bandwidth`: the most that was moved in each of some seconds in a row. */
const WINDOW_SEC = 10;
export const INTERVAL_SEC = 86_400;
/** dir-spec, extra-info: five days at least. */
const INTERVALS_MAX = 5;
/** A machine that was asleep has moved nothing: so many seconds at most are filled with zeros. */
const GAP_SEC_MAX = WINDOW_SEC;

const interval = v.strictObject({
  received: v.number(),
  sent: v.number(),
  /** Bytes per second. */
  receivedPeak: v.number(),
  sentPeak: v.number(),
});
type Interval = v.InferOutput<typeof interval>;

/** What is kept on disk; see {@link BandwidthHistory}. */
export const bandwidthHistorySchema = v.strictObject({
  /** End of the present interval, Unix milliseconds. */
  endMs: v.number(),
  /** The present one is the last. */
  intervals: v.pipe(v.array(interval), v.minLength(1), v.maxLength(INTERVALS_MAX + 1)),
});
export type StoredBandwidth = v.InferOutput<typeof bandwidthHistorySchema>;

const nothing = (): Interval => ({ received: 0, sent: 0, receivedPeak: 0, sentPeak: 0 });

/** What was moved in the last days, and the fastest ten seconds in them. Fed once in a second. */
export class BandwidthHistory {
  readonly #seconds: { received: number; sent: number }[] = [];
  #intervals: Interval[];
  #endMs: number;
  #fedMs: number;

  /** `stored`: from an earlier run. */
  constructor(nowMs: number, stored?: StoredBandwidth) {
    const isUsable = stored !== undefined && stored.endMs - nowMs <= INTERVAL_SEC * 1000;
    this.#endMs = isUsable ? stored.endMs : nowMs + INTERVAL_SEC * 1000;
    this.#intervals = isUsable ? stored.intervals.map((one) => ({ ...one })) : [nothing()];
    this.#fedMs = nowMs;
    this.#advance(nowMs);
  }

  /** Bytes moved since the last call; Unix milliseconds. */
  add(receivedBytes: number, sentBytes: number, nowMs: number): void {
    const seconds = Math.min(GAP_SEC_MAX, Math.max(1, Math.round((nowMs - this.#fedMs) / 1000)));
    this.#fedMs = nowMs;
    this.#advance(nowMs);
    for (let second = 0; second < seconds; second += 1) {
      this.#seconds.push({ received: receivedBytes / seconds, sent: sentBytes / seconds });
    }
    this.#seconds.splice(0, this.#seconds.length - WINDOW_SEC);
    const present = this.#intervals.at(-1)!;
    present.received += receivedBytes;
    present.sent += sentBytes;
    if (this.#seconds.length < WINDOW_SEC) return;
    const mean = (of: 'received' | 'sent'): number =>
      this.#seconds.reduce((sum, one) => sum + one[of], 0) / WINDOW_SEC;
    present.receivedPeak = Math.max(present.receivedPeak, mean('received'));
    present.sentPeak = Math.max(present.sentPeak, mean('sent'));
  }

  /** Bytes per second: what the relay has been seen to sustain in both directions. */
  get observedBytesPerSec(): number {
    const peak = (of: 'receivedPeak' | 'sentPeak'): number =>
      Math.max(...this.#intervals.map((one) => one[of]));
    return Math.floor(Math.min(peak('receivedPeak'), peak('sentPeak')));
  }

  /** `write-history` and `read-history`; none before the first interval is over. */
  lines(): readonly string[] {
    const past = this.#intervals.slice(0, -1);
    if (past.length === 0) return [];
    const history = (of: 'received' | 'sent') => ({
      endMs: this.#endMs - INTERVAL_SEC * 1000,
      intervalSeconds: INTERVAL_SEC,
      // Rounded, so that nobody can tell single streams from it. dir-spec: a multiple of 1024.
      bytes: past.map((one) => Math.floor(one[of] / 1024) * 1024),
    });
    return [historyLine('write-history', history('sent')), historyLine('read-history', history('received'))];
  }

  toStored(): StoredBandwidth {
    return { endMs: this.#endMs, intervals: this.#intervals.map((one) => ({ ...one })) };
  }

  #advance(nowMs: number): void {
    const lengthMs = INTERVAL_SEC * 1000;
    if (nowMs - this.#endMs > lengthMs * (INTERVALS_MAX + 1)) {
      this.#intervals = [nothing()];
      this.#endMs = nowMs + lengthMs;
      return;
    }
    while (nowMs >= this.#endMs) {
      this.#intervals.push(nothing());
      this.#endMs += lengthMs;
    }
    this.#intervals = this.#intervals.slice(-(INTERVALS_MAX + 1));
  }
}
