// Aim: other limits hold when the clock on the wall says so, over midnight, on the days chosen, and on the days on
// which clocks are changed, in zones that do it by an hour, by half an hour, at midnight, or not at all.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isScheduled, nextScheduleChange } from '../../../engine/node/upkeep/schedule.ts';

const test = suite('schedule');
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Beirut',
];
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const EVERY_DAY = 127;
const before = process.env['TZ'];
const inZone = (zone: string): void => {
  process.env['TZ'] = zone;
};
test.after(() => {
  if (before === undefined) delete process.env['TZ'];
  else process.env['TZ'] = before;
});

const schedule = fc.record({
  enabled: fc.constant(true),
  beginMinute: fc.nat({ max: 1439 }),
  endMinute: fc.nat({ max: 1439 }),
  days: fc.integer({ min: 0, max: EVERY_DAY }),
});
/** From 2010 to 2030; Sao Paulo changed its clocks at midnight until 2019. */
const wallMs = fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2030, 0) });
const zone = fc.constantFrom(...ZONES);

const minuteAt = (ms: number): number => new Date(ms).getHours() * 60 + new Date(ms).getMinutes();
const isPlainDay = (ms: number): boolean => {
  const offsets = [-48, -24, 0, 24, 48].map((hours) => new Date(ms + hours * HOUR_MS).getTimezoneOffset());
  return new Set(offsets).size === 1;
};

test('on days without a change of clocks it is what the clock says', () => {
  fc.assert(
    fc.property(schedule, wallMs, zone, (plan, now, name) => {
      inZone(name);
      fc.pre(isPlainDay(now));
      const minute = minuteAt(now);
      const day = new Date(now).getDay();
      const isChosen = (of: number): boolean => (plan.days & (1 << ((of + 7) % 7))) !== 0;
      const { beginMinute: begin, endMinute: end } = plan;
      const expected =
        begin < end
          ? isChosen(day) && minute >= begin && minute < end
          : (isChosen(day) && minute >= begin) || (isChosen(day - 1) && minute < end);
      assert.is(isScheduled(plan, now), expected);
    }),
    { numRuns: 500 },
  );
});

test('the next change is a change, and nothing changes before it', () => {
  fc.assert(
    fc.property(schedule, wallMs, zone, (plan, now, name) => {
      inZone(name);
      const next = nextScheduleChange(plan, now);
      const state = isScheduled(plan, now);
      const end = next ?? now + WEEK_MS;
      for (let part = 0; part < 20; part += 1) {
        assert.is(isScheduled(plan, Math.floor(now + ((end - now) * part) / 20)), state);
      }
      if (next === undefined) return;
      assert.ok(next > now && next <= now + WEEK_MS + 2 * HOUR_MS);
      assert.is(isScheduled(plan, next - 1), state);
      assert.is(isScheduled(plan, next), !state);
    }),
    { numRuns: 300 },
  );
});

test('each chosen day has one stretch, as long as the clock says but for the change of clocks', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1439 }), fc.integer({ min: 121, max: 1199 }), wallMs, zone, (...drawn) => {
      const [beginMinute, length, now, name] = drawn;
      inZone(name);
      const plan = { enabled: true, beginMinute, endMinute: (beginMinute + length) % 1440, days: EVERY_DAY };
      const begin = isScheduled(plan, now) ? now : nextScheduleChange(plan, now)!;
      const end = nextScheduleChange(plan, begin)!;
      const again = nextScheduleChange(plan, end)!;
      const over = nextScheduleChange(plan, again)!;
      assert.ok(Math.abs(over - again - length * 60_000) <= HOUR_MS);
      assert.ok(Math.abs(over - end - 24 * HOUR_MS) <= HOUR_MS);
    }),
    { numRuns: 300 },
  );
});

test('clocks put forward: what they leave out is the moment at which they do', () => {
  inZone('Europe/Berlin');
  const change = Date.UTC(2026, 2, 29, 1); // 02:00 becomes 03:00
  const plan = { enabled: true, beginMinute: 150, endMinute: 240, days: EVERY_DAY };
  assert.not(isScheduled(plan, change - 1));
  assert.is(nextScheduleChange(plan, change - 1), change);
  assert.is(nextScheduleChange(plan, change), change + HOUR_MS);
  const gone = { ...plan, endMinute: 170 };
  assert.not(isScheduled(gone, change));
});

test('clocks put back: a stretch begins and ends once', () => {
  inZone('Europe/Berlin');
  const change = Date.UTC(2026, 9, 25, 1); // 03:00 becomes 02:00
  const plan = { enabled: true, beginMinute: 150, endMinute: 240, days: EVERY_DAY };
  const begin = change - HOUR_MS / 2;
  assert.is(nextScheduleChange(plan, begin - HOUR_MS), begin);
  assert.ok(isScheduled(plan, change));
  assert.is(nextScheduleChange(plan, begin), change + 2 * HOUR_MS);
});

test('off, or without a day, it never holds; begin and end alike are the whole day', () => {
  inZone('UTC');
  const plan = { enabled: false, beginMinute: 0, endMinute: 0, days: EVERY_DAY };
  const now = Date.UTC(2026, 5, 3, 12);
  assert.not(isScheduled(plan, now));
  assert.is(nextScheduleChange(plan, now), undefined);
  assert.not(isScheduled({ ...plan, enabled: true, days: 0 }, now));
  assert.ok(isScheduled({ ...plan, enabled: true }, now));
  assert.is(nextScheduleChange({ ...plan, enabled: true }, now), undefined);
});

test.run();
