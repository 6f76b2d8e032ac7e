import type { TrafficGate, TrafficRate } from '../traffic-gate.ts';
import type { ShardReport, ToShard, Traffic } from './messages.ts';
import { type RateDemand, splitRate } from './rate-split.ts';

/** How often shares are looked at again. */
const LOOK_MS = 500;

/** Who gets a share. */
export interface RateTaker {
  readonly report: ShardReport | undefined;
  post(message: ToShard): void;
}

/** Shares the rate limit of a relay among its shards and the main thread, by what each has moved of late. */
export class RateBoard {
  #rate: TrafficRate | undefined;
  readonly #gate: TrafficGate;
  readonly #before = new WeakMap<object, Traffic>();
  readonly #now: () => number;
  #lookedMs: number;

  /** `rate` undefined: there is none. `now`: milliseconds, that of the process where none is given. */
  constructor(
    rate: TrafficRate | undefined,
    modules: { readonly gate: TrafficGate; readonly now?: () => number },
  ) {
    this.#rate = rate;
    this.#gate = modules.gate;
    this.#now = modules.now ?? (() => performance.now());
    this.#lookedMs = this.#now();
  }

  /** Another limit for all of them together; undefined: none. */
  setRate(rate: TrafficRate | undefined, takers: readonly RateTaker[]): void {
    this.#rate = rate;
    const share = this.equalShare(takers.length);
    for (const taker of takers) taker.post({ kind: 'rate', rate: share });
    this.#gate.setRate(share);
  }

  /** Before anything is known. */
  equalShare(shards: number): TrafficRate | undefined {
    const rate = this.#rate;
    if (rate === undefined) return undefined;
    const count = shards + 1;
    return { bytesPerSec: rate.bytesPerSec / count, burstBytes: rate.burstBytes / count };
  }

  /** To be called with each report. */
  look(takers: readonly RateTaker[]): void {
    const rate = this.#rate;
    const nowMs = this.#now();
    if (rate === undefined || nowMs - this.#lookedMs < LOOK_MS) return;
    const seconds = (nowMs - this.#lookedMs) / 1000;
    this.#lookedMs = nowMs;
    const demands = takers.map((taker) => this.#demand(taker, taker.report?.traffic, seconds));
    const { receivedBytes, sentBytes, heldReads, heldWrites } = this.#gate;
    const own = this.#demand(this.#gate, { receivedBytes, sentBytes, heldReads, heldWrites }, seconds);
    const shares = splitRate(rate, [...demands, own]);
    for (const [i, taker] of takers.entries()) taker.post({ kind: 'rate', rate: shares[i]! });
    this.#gate.setRate(shares.at(-1)!);
  }

  #demand(who: object, now: Traffic | undefined, seconds: number): RateDemand {
    const before = this.#before.get(who);
    if (now === undefined) return { bytesPerSec: 0, isHeld: false };
    this.#before.set(who, now);
    const since = (of: keyof Traffic): number => now[of] - (before?.[of] ?? 0);
    const bytesPerSec = Math.max(since('receivedBytes'), since('sentBytes')) / seconds;
    return { bytesPerSec, isHeld: since('heldReads') + since('heldWrites') > 0 };
  }
}
