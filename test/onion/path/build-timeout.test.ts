// Aim: the time-out for building circuits is the quantile of the Pareto curve behind the build times, has a floor on
// fast networks, is forgotten when the network changes, and survives a restart but not damage.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILD_TIMEOUT_FLOOR_MS, BuildTimeouts } from '../../../engine/onion/path/build-timeout.ts';
import { BUILD_TIMES_MAX, buildTimeoutParams } from '../../../engine/onion/path/build-timeout-params.ts';
import { randomFraction } from '../../../engine/onion/path/sampler.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('circuit build time-out');
const PARAMS = buildTimeoutParams(new Map());

/** Build times of a Pareto curve: none below `startMs`, a tail of exponent `alpha`. */
function feed(timeouts: BuildTimeouts, count: number, startMs: number, alpha: number): void {
  const random = seededRandom(9);
  for (let i = 0; i < count; i++) timeouts.noteBuilt(startMs / (1 - randomFraction(random)) ** (1 / alpha));
}

test('a minute, before there are 100 circuits', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  feed(timeouts, 99, 2000, 3);
  assert.equal([timeouts.isLearned, timeouts.timeoutMs(), timeouts.closeMs()], [false, 60_000, 60_000]);
});

test('the quantile of 80 per cent of the curve behind the times', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  feed(timeouts, 1000, 2000, 3);
  const truth = 2000 / 0.2 ** (1 / 3);
  assert.ok(Math.abs(timeouts.timeoutMs() - truth) < truth * 0.1, `${timeouts.timeoutMs()} for ${truth}`);
  assert.is(timeouts.closeMs(), 60_000);
});

test('never above the longest time seen', () => {
  const timeouts = new BuildTimeouts(buildTimeoutParams(new Map([['cbtquantile', 99]])));
  for (let i = 0; i < 200; i++) timeouts.noteBuilt(3000 + (i % 5) * 10);
  assert.ok(timeouts.timeoutMs() <= 3050, `${timeouts.timeoutMs()}`);
});

test('circuits of other lengths in proportion to their round trips', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  feed(timeouts, 1000, 5000, 3);
  const three = timeouts.timeoutMs();
  assert.ok(Math.abs(timeouts.timeoutMs(4) - (three * 10) / 6) < 1e-6);
  assert.ok(Math.abs(timeouts.timeoutMs(2) - (three * 3) / 6) < 1e-6);
});

test('a floor where circuits take 20 ms, so that a pause of the machine costs none of them', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  feed(timeouts, 1000, 20, 2);
  assert.is(timeouts.timeoutMs(), BUILD_TIMEOUT_FLOOR_MS);
  const bare = new BuildTimeouts(PARAMS, { floorMs: 0 });
  feed(bare, 1000, 20, 2);
  assert.ok(bare.timeoutMs() < 100, `the fit alone says ${bare.timeoutMs()}`);
});

test('18 time-outs among the last 20 circuits: all is forgotten, then the time-out doubles', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  feed(timeouts, 1000, 2000, 3);
  const outcomes = Array.from({ length: 18 }, () => timeouts.noteTimeout());
  assert.equal(outcomes.indexOf(true), 17);
  assert.equal([timeouts.count, timeouts.timeoutMs()], [0, 60_000]);
  for (let i = 0; i < 18; i++) timeouts.noteTimeout();
  assert.is(timeouts.timeoutMs(), 120_000);
  for (let i = 0; i < 18 * 10; i++) timeouts.noteTimeout();
  assert.is(timeouts.timeoutMs(), 600_000, 'doubling ends at ten minutes');
});

test('time-outs spread among successes change nothing', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  for (let i = 0; i < 400; i++) {
    timeouts.noteBuilt(2000);
    assert.not.ok(timeouts.noteTimeout());
  }
});

test('1000 times are remembered, the oldest go', () => {
  const timeouts = new BuildTimeouts(PARAMS);
  for (let i = 0; i < 500; i++) timeouts.noteBuilt(9000);
  for (let i = 0; i < BUILD_TIMES_MAX; i++) timeouts.noteBuilt(3000 + (i % 40) * 10);
  assert.is(timeouts.count, BUILD_TIMES_MAX);
  assert.ok(timeouts.save().bins.every(([bin]) => bin < 900));
});

test('the consensus can switch it off and choose the quantile', () => {
  const off = new BuildTimeouts(buildTimeoutParams(new Map([['cbtdisabled', 1]])));
  feed(off, 500, 2000, 3);
  assert.is(off.timeoutMs(), 60_000);
  assert.not.ok(off.noteTimeout());
  const clamped = buildTimeoutParams(
    new Map([
      ['cbtquantile', 200],
      ['cbtmincircs', 0],
    ]),
  );
  assert.equal([clamped.quantile, clamped.circuitsMin], [0.99, 1]);
});

test('a saved state gives the same time-out again', () => {
  const before = new BuildTimeouts(PARAMS);
  feed(before, 700, 2000, 3);
  const after = new BuildTimeouts(PARAMS);
  const random = seededRandom(3);
  assert.ok(after.restore(JSON.parse(JSON.stringify(before.save())), (bound) => random.below(bound)).ok);
  assert.equal(after.save(), before.save());
  assert.ok(Math.abs(after.timeoutMs() - before.timeoutMs()) < 1e-6);
});

test('a damaged state is refused with a reason, and nothing is taken from it', () => {
  const bad: readonly unknown[] = [
    undefined,
    'text',
    { version: 2, bins: [] },
    { version: 1, bins: 7 },
    { version: 1, bins: [[1, 2, 3], [1]] },
    { version: 1, bins: [[-1, 2]] },
    { version: 1, bins: [[1e9, 2]] },
    { version: 1, bins: [[10, 1e9]] },
    {
      version: 1,
      bins: [
        [10, 600],
        [11, 600],
      ],
    },
    { version: 1, bins: [[1.5, 2]] },
  ];
  for (const state of bad) {
    const timeouts = new BuildTimeouts(PARAMS);
    const result = timeouts.restore(state, () => 0);
    assert.ok(!result.ok && result.reason.length > 20, JSON.stringify(state));
    assert.is(timeouts.count, 0);
  }
});

test.run();
