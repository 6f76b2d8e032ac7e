// Aim: over any time no more than rate × time + burst goes through, for all traffic and for the relayed part of it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  allowedBytes,
  setTokenRate,
  spendBytes,
  takeTokens,
  tokenBucket,
  waitForTokensMs,
} from '../../../engine/onion/flow/token-bucket.ts';

const test = suite('token buckets');

test('a burst at once, then the rate', () => {
  const bucket = tokenBucket(100, 500, 0);
  let taken = 0;
  for (let nowMs = 0; nowMs <= 10_000; nowMs++) while (takeTokens(bucket, 1, nowMs)) taken += 1;
  assert.ok(taken === 1500 || taken === 1499, `${taken}`);
});

test('never more than the burst, after any pause', () => {
  const bucket = tokenBucket(100, 500, 0);
  assert.not.ok(takeTokens(bucket, 501, 1e9));
  assert.ok(takeTokens(bucket, 500, 1e9));
});

test('a clock that goes backwards gives nothing', () => {
  const bucket = tokenBucket(100, 500, 1000);
  takeTokens(bucket, 500, 1000);
  assert.not.ok(takeTokens(bucket, 1, 0));
  assert.ok(takeTokens(bucket, 1, 10));
});

test('how long to wait', () => {
  const bucket = tokenBucket(100, 500, 0);
  takeTokens(bucket, 500, 0);
  assert.equal(
    [waitForTokensMs(bucket, 50, 0), waitForTokensMs(bucket, 501, 0)],
    [500, Number.POSITIVE_INFINITY],
  );
  assert.is(waitForTokensMs(bucket, 50, 500), 0);
});

test('a smaller burst takes tokens away', () => {
  const bucket = tokenBucket(100, 500, 0);
  setTokenRate(bucket, 10, 50, 0);
  assert.ok(takeTokens(bucket, 50, 0) && !takeTokens(bucket, 1, 0));
});

test('relayed traffic is held to both limits, in whole cells; own traffic to one', () => {
  const limits = { all: tokenBucket(1e6, 10_000, 0), relayed: tokenBucket(1e6, 2000, 0) };
  assert.is(allowedBytes(limits, 50_000, true, 0), 3 * 514);
  assert.is(allowedBytes(limits, 50_000, false, 0), 19 * 514);
  assert.is(allowedBytes(limits, 700, true, 0), 700);
  spendBytes(limits, 2000, true);
  assert.equal([allowedBytes(limits, 514, true, 0), allowedBytes(limits, 514, false, 0)], [0, 514]);
  spendBytes(limits, 9000, false);
  assert.is(allowedBytes(limits, 514, false, 0), 0, 'bytes already moved make a debt');
});

test.run();
