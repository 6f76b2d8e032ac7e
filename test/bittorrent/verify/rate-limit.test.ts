// Aim: over any stretch of time no more goes through than the rate allows, plus one burst and the last piece of work.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RateLimit } from '../../../engine/bittorrent/verify/rate-limit.ts';

const test = suite('rate limit');

test('no limit, no delay', () => {
  const rate = new RateLimit({ rateBytesPerSec: Number.POSITIVE_INFINITY, burstMs: 250, nowMs: 0 });
  rate.spend(1e15);
  assert.is(rate.delayMs(0), 0);
  assert.is(rate.sliceBytes, Number.POSITIVE_INFINITY);
});

test('a quarter of a second goes at once, then the rate holds', () => {
  const rate = new RateLimit({ rateBytesPerSec: 1000, burstMs: 250, nowMs: 100 });
  assert.is(rate.sliceBytes, 250);
  assert.is(rate.delayMs(100), 0);
  rate.spend(1250);
  assert.is(rate.delayMs(100), 1001);
  assert.is(rate.delayMs(600), 501);
  assert.is(rate.delayMs(1101), 0);
});

test('whatever the pieces of work, the sum stays below rate × time + burst + the largest piece', () => {
  const work = fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat({ max: 300 })), { maxLength: 50 });
  fc.assert(
    fc.property(work, fc.integer({ min: 1, max: 100_000 }), (pieces, rateBytesPerSec) => {
      const rate = new RateLimit({ rateBytesPerSec, burstMs: 250, nowMs: 0 });
      let now = 0;
      let sent = 0;
      for (const [bytes, pauseMs] of pieces) {
        now += pauseMs;
        for (let delay = rate.delayMs(now); delay > 0; delay = rate.delayMs(now)) now += delay;
        sent += bytes;
        rate.spend(bytes);
        assert.ok(sent <= (rateBytesPerSec * (now + 250)) / 1000 + bytes + 1e-6);
      }
    }),
  );
});

test.run();
