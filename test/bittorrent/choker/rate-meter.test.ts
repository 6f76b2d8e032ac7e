// Aim: rates are averages over 20 s of the caller's clock, right while young, after a pause, and at any step.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RATE_WINDOW_MS, RateMeter } from '../../../engine/bittorrent/choker/rate-meter.ts';

const test = suite('rate meter');

test('20 s average: a steady flow has its rate, whenever it is asked', () => {
  const meter = new RateMeter(1234);
  for (let nowMs = 1234; nowMs < 61_234; nowMs += 100) {
    meter.add(500, nowMs);
    if (nowMs < 22_000) continue;
    const rate = meter.bytesPerSec(nowMs);
    assert.ok(Math.abs(rate - 5000) < 300, `${rate} at ${nowMs}`);
  }
  assert.is(meter.totalBytes, 300_000);
});

test('20 s average: a burst counts for 20 s and then no more', () => {
  const meter = new RateMeter(0);
  meter.add(1_000_000, 30_000);
  assert.ok(meter.bytesPerSec(49_000) > 45_000);
  assert.is(meter.bytesPerSec(50_000), 0);
  assert.is(RATE_WINDOW_MS, 20_000);
});

test('a young meter averages over its age, but over a second at least', () => {
  const meter = new RateMeter(0);
  meter.add(1000, 10);
  assert.is(meter.bytesPerSec(10), 1000);
  meter.add(4000, 4000);
  assert.is(meter.bytesPerSec(5000), 1000);
});

test('a long pause empties it, also many windows later', () => {
  const meter = new RateMeter(0);
  meter.add(1000, 500);
  assert.is(meter.bytesPerSec(10_000_000), 0);
  meter.add(20_000, 10_000_000);
  assert.ok(meter.bytesPerSec(10_000_500) > 999);
});

test('another window', () => {
  const meter = new RateMeter(0, 1000);
  meter.add(100, 2000);
  assert.ok(meter.bytesPerSec(2900) > 99);
  assert.is(meter.bytesPerSec(3000), 0);
});

test.run();
