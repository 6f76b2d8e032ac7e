// Aim: accounting periods begin and end where the calendar says (compared with the platform's own), and a relay stops
// taking connections near its limit, sleeps at it and wakes in the next period.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AccountingOptions,
  accountingPeriod,
  countedBytes,
  hibernation,
  wakeTimeMs,
} from '../../../engine/onion/flow/accounting.ts';
import { civilDay, DAY_MS, dayNumber } from '../../../engine/onion/flow/calendar.ts';

const test = suite('accounting');
const GIB = 2 ** 30;
const MONTH: AccountingOptions = {
  maxBytes: 100 * GIB,
  rule: 'max',
  period: 'month',
  startDay: 5,
  startMinute: 90,
};

test('days are those of the calendar, over four centuries', () => {
  for (let day = -30_000; day < 120_000; day += 13) {
    const date = new Date(day * DAY_MS);
    const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    assert.equal(civilDay(day * DAY_MS + 5), expected);
    assert.is(dayNumber(expected.year, expected.month, expected.day), day);
  }
  assert.is(dayNumber(2026, 13, 1), dayNumber(2027, 1, 1));
  assert.is(dayNumber(2026, 0, 1), dayNumber(2025, 12, 1));
});

test('a month from its day and minute to the next', () => {
  const at = (text: string) => accountingPeriod(MONTH, Date.parse(text));
  const texts = (text: string) =>
    Object.values(at(text)).map((ms) => new Date(ms).toISOString().slice(0, 16));
  assert.equal(texts('2026-02-05T01:30Z'), ['2026-02-05T01:30', '2026-03-05T01:30']);
  assert.equal(texts('2026-02-05T01:29Z'), ['2026-01-05T01:30', '2026-02-05T01:30']);
  assert.equal(texts('2026-01-01T00:00Z'), ['2025-12-05T01:30', '2026-01-05T01:30']);
});

test('weeks begin on their weekday, days at their minute, and every moment lies in its period', () => {
  for (let startDay = 1; startDay <= 7; startDay++) {
    const { startMs } = accountingPeriod(
      { ...MONTH, period: 'week', startDay },
      Date.parse('2026-11-22T20:00Z'),
    );
    assert.is(new Date(startMs).getUTCDay(), startDay % 7);
  }
  for (const period of ['day', 'week', 'month'] as const) {
    for (
      let nowMs = Date.parse('2027-12-20T00:00Z');
      nowMs < Date.parse('2028-03-10T00:00Z');
      nowMs += 7_000_000
    ) {
      const { startMs, endMs } = accountingPeriod({ ...MONTH, period }, nowMs);
      assert.ok(startMs <= nowMs && nowMs < endMs);
      assert.is(accountingPeriod({ ...MONTH, period }, endMs).startMs, endMs);
    }
  }
});

test('what counts', () => {
  const usage = { inBytes: 3, outBytes: 5 };
  assert.equal(
    (['in', 'out', 'sum', 'max'] as const).map((rule) => countedBytes(rule, usage)),
    [3, 5, 8, 5],
  );
});

test('open, then no new connections, then asleep until the next period', () => {
  const period = { startMs: 0, endMs: 1e9 };
  const state = (gib: number, nowMs = 500) =>
    hibernation(MONTH, { inBytes: gib * GIB, outBytes: 0 }, period, 100, nowMs);
  assert.equal(state(0, 99), { kind: 'asleep', wakeMs: 100 });
  assert.equal(state(99), { kind: 'open' });
  assert.equal(state(99.6), { kind: 'soft', wakeMs: 1e9 });
  assert.equal(state(100), { kind: 'hard', wakeMs: 1e9 });
  const small = { ...MONTH, maxBytes: GIB };
  assert.is(hibernation(small, { inBytes: 0.96 * GIB, outBytes: 0 }, period, 0, 1).kind, 'soft');
});

test('wakes by chance, early enough to use its limit up', () => {
  const period = { startMs: 1000, endMs: 11_000 };
  assert.equal(
    [0, 0.5, 0.999].map((chance) => wakeTimeMs(period, 4000, chance)),
    [1000, 4000, 6994],
  );
  assert.is(wakeTimeMs(period, undefined, 0.9), 1000);
  assert.is(wakeTimeMs(period, 20_000, 0.9), 1000);
});

test.run();
