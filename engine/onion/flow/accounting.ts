import { civilDay, DAY_MS, dayNumber } from './calendar.ts';

/** How much a relay may transfer in a period. All of it in UTC, so that a change to summer time changes nothing. */
export interface AccountingOptions {
  readonly maxBytes: number;
  /** What counts: the greater of both directions, one of them, or their sum. */
  readonly rule: 'max' | 'sum' | 'in' | 'out';
  readonly period: 'day' | 'week' | 'month';
  /** Month: day of the month, 1 … 28; week: 1 (Monday) … 7. Not used for days. */
  readonly startDay: number;
  /** Minutes after midnight. */
  readonly startMinute: number;
}

/** A period; Unix milliseconds, the end not included. */
export interface AccountingPeriod {
  readonly startMs: number;
  readonly endMs: number;
}

/** What was transferred in the present period. */
export interface AccountingUsage {
  readonly inBytes: number;
  readonly outBytes: number;
}

/**
 * `open`: all is normal. `soft`: takes no new connections, lets the old ones end. `hard`: closes everything and
 * sleeps until `wakeMs`.
 */
export type Hibernation =
  | { readonly kind: 'open' }
  | { readonly kind: 'soft' | 'hard' | 'asleep'; readonly wakeMs: number };

/** From this part of the limit on no new connections are taken. */
const SOFT_PART = 0.95;
/** … or when only this much is left, whichever comes later. */
const SOFT_LEFT_BYTES = 500 * 2 ** 20;

/** The period in which a moment lies. */
export function accountingPeriod(options: AccountingOptions, nowMs: number): AccountingPeriod {
  const offsetMs = options.startMinute * 60_000;
  const days = Math.floor((nowMs - offsetMs) / DAY_MS);
  if (options.period === 'day') return between(days, days + 1, offsetMs);
  if (options.period === 'week') {
    // 1970-01-01 was a Thursday.
    const start = days - ((((days + 3 - (options.startDay - 1)) % 7) + 7) % 7);
    return between(start, start + 7, offsetMs);
  }
  const { year, month, day } = civilDay(nowMs - offsetMs);
  const first = day >= options.startDay ? month : month - 1;
  return between(
    dayNumber(year, first, options.startDay),
    dayNumber(year, first + 1, options.startDay),
    offsetMs,
  );
}

/** What counts of what was transferred. */
export function countedBytes(rule: AccountingOptions['rule'], usage: AccountingUsage): number {
  if (rule === 'in') return usage.inBytes;
  if (rule === 'out') return usage.outBytes;
  return rule === 'sum' ? usage.inBytes + usage.outBytes : Math.max(usage.inBytes, usage.outBytes);
}

/**
 * When to wake up in a period: at a moment by chance that leaves enough of it to use up the limit at the rate of the
 * last period, so that relays with limits are not all awake at its beginning. `expectedMs`: how long the limit will
 * last; undefined (nothing known): at the beginning. `chance`: 0 ≤ x < 1.
 */
export function wakeTimeMs(period: AccountingPeriod, expectedMs: number | undefined, chance: number): number {
  const spareMs = period.endMs - period.startMs - (expectedMs ?? Number.POSITIVE_INFINITY);
  return period.startMs + Math.floor(Math.max(0, spareMs) * chance);
}

/** Whether the relay may work now. `wakeMs`: from {@link wakeTimeMs} for this period. */
export function hibernation(
  options: AccountingOptions,
  usage: AccountingUsage,
  period: AccountingPeriod,
  wakeMs: number,
  nowMs: number,
): Hibernation {
  if (nowMs < wakeMs) return { kind: 'asleep', wakeMs };
  const used = countedBytes(options.rule, usage);
  if (used >= options.maxBytes) return { kind: 'hard', wakeMs: period.endMs };
  const softAt = Math.max(options.maxBytes * SOFT_PART, options.maxBytes - SOFT_LEFT_BYTES);
  return used >= softAt ? { kind: 'soft', wakeMs: period.endMs } : { kind: 'open' };
}

function between(startDay: number, endDay: number, offsetMs: number): AccountingPeriod {
  return { startMs: startDay * DAY_MS + offsetMs, endMs: endDay * DAY_MS + offsetMs };
}
