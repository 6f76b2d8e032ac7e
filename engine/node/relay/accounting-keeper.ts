import * as v from 'valibot';
import {
  type AccountingOptions,
  type AccountingPeriod,
  accountingPeriod,
  type Hibernation,
  hibernation,
  wakeTimeMs,
} from '../../onion/flow/accounting.ts';
import type { Random } from '../../runtime/port.ts';

const CHANCE_STEPS = 2 ** 32;

/** What is kept on disk; times in Unix milliseconds. */
export const accountingSchema = v.strictObject({
  periodStartMs: v.number(),
  wakeMs: v.number(),
  inBytes: v.number(),
  outBytes: v.number(),
  /** How long the limit lasted in the period before; absent: it was not reached. */
  lastedMs: v.optional(v.number()),
  /** When it was reached in this one. */
  reachedMs: v.optional(v.number()),
});
export type StoredAccounting = v.InferOutput<typeof accountingSchema>;

/** Keeps the book about what was moved in the present period, across restarts. */
export class AccountingKeeper {
  readonly #options: AccountingOptions;
  readonly #random: Random;
  #stored: StoredAccounting;
  #period: AccountingPeriod;

  constructor(
    options: AccountingOptions,
    modules: {
      readonly random: Random;
      readonly nowMs: number;
      readonly stored: StoredAccounting | undefined;
    },
  ) {
    const { nowMs, stored } = modules;
    this.#options = options;
    this.#random = modules.random;
    this.#period = accountingPeriod(options, nowMs);
    const isSame = stored?.periodStartMs === this.#period.startMs;
    // A relay that is new, or comes back after a period, works at once: nothing is known of its rate.
    this.#stored = isSame ? stored : this.#begin(nowMs, undefined);
  }

  /** Adds what was moved and says whether the relay may work. */
  tick(inBytes: number, outBytes: number, nowMs: number): Hibernation {
    if (nowMs >= this.#period.endMs) this.#turn(nowMs);
    const stored = this.#stored;
    stored.inBytes += inBytes;
    stored.outBytes += outBytes;
    const state = hibernation(this.#options, stored, this.#period, stored.wakeMs, nowMs);
    if (state.kind === 'hard') stored.reachedMs ??= nowMs;
    return state;
  }

  /** Bytes in and out of this period. */
  get usage(): { readonly inBytes: number; readonly outBytes: number } {
    return this.#stored;
  }

  toStored(): StoredAccounting {
    return { ...this.#stored };
  }

  #turn(nowMs: number): void {
    const { reachedMs, wakeMs } = this.#stored;
    const lastedMs = reachedMs === undefined ? undefined : Math.max(0, reachedMs - wakeMs);
    this.#period = accountingPeriod(this.#options, nowMs);
    const chance = this.#random.below(CHANCE_STEPS) / CHANCE_STEPS;
    this.#stored = this.#begin(wakeTimeMs(this.#period, lastedMs, chance), lastedMs);
  }

  #begin(wakeMs: number, lastedMs: number | undefined): StoredAccounting {
    const begun = { periodStartMs: this.#period.startMs, wakeMs, inBytes: 0, outBytes: 0 };
    return lastedMs === undefined ? begun : { ...begun, lastedMs };
  }
}
