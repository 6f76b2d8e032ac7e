// Aim: a guard that fails circuits on purpose is noticed at the thresholds of path-spec 7.4, one that is honest is not,
// and old counts weigh less without losing circuits that are still open.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  noteBuildAttempt,
  noteBuildSuccess,
  noteCutOff,
  noteUseAttempt,
  noteUseSuccess,
  pathBiasCounts,
  pathBiasParams,
  pathBiasVerdict,
} from '../../../engine/onion/guard/path-bias.ts';
import { randomFraction } from '../../../engine/onion/path/sampler.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('path bias');
const PARAMS = pathBiasParams(new Map());
const DROPPING = pathBiasParams(new Map([['pb_dropguards', 1]]));

const built = (rate: number, count = 200) =>
  pathBiasVerdict({ ...pathBiasCounts(), buildAttempts: count, buildSuccesses: rate * count }, PARAMS);
const usedAt = (rate: number, count = 100) =>
  pathBiasVerdict({ ...pathBiasCounts(), useAttempts: count, useSuccesses: rate * count }, PARAMS);

test('circuits built: notice below 70, warn below 50, extreme below 30 per cent', () => {
  assert.equal(
    [0.7, 0.69, 0.5, 0.49, 0.3, 0.29].map((rate) => built(rate).level),
    [...['fine', 'notice', 'notice', 'warn', 'warn', 'extreme']],
  );
  assert.is(built(0.29).about, 'build');
});

test('circuits used: notice below 80, extreme below 60 per cent', () => {
  assert.equal(
    [0.8, 0.79, 0.6, 0.59].map((rate) => usedAt(rate).level),
    ['fine', 'notice', 'notice', 'extreme'],
  );
  assert.is(usedAt(0.1).about, 'use');
});

test('nothing is said before 150 circuits were built or 20 used', () => {
  assert.equal([built(0, 149).level, usedAt(0, 19).level], ['fine', 'fine']);
  assert.equal([built(0, 150).level, usedAt(0, 20).level], ['extreme', 'extreme']);
});

test('a guard is dropped only where the consensus says so', () => {
  const counts = { ...pathBiasCounts(), buildAttempts: 200, buildSuccesses: 1 };
  assert.equal(
    [pathBiasVerdict(counts, PARAMS), pathBiasVerdict(counts, DROPPING)].map((v) => v.isDropped),
    [false, true],
  );
});

test('counts are halved beyond 300 circuits, those still open are not', () => {
  const counts = { ...pathBiasCounts(), buildAttempts: 301, buildSuccesses: 250 };
  noteBuildAttempt(counts, PARAMS, 21);
  assert.equal([counts.buildAttempts, counts.buildSuccesses], [140 + 21 + 1, 125]);
  const use = { ...pathBiasCounts(), useAttempts: 101, useSuccesses: 80 };
  noteUseAttempt(use, PARAMS, 1);
  assert.equal([use.useAttempts, use.useSuccesses], [52, 40]);
});

/** Circuits over a guard that lets them through with a chance; a thousand of them. */
function run(buildRate: number, useRate: number) {
  const counts = pathBiasCounts();
  const random = seededRandom(11);
  for (let i = 0; i < 1000; i++) {
    noteBuildAttempt(counts, PARAMS, 0);
    if (randomFraction(random) >= buildRate) continue;
    noteBuildSuccess(counts);
    noteUseAttempt(counts, PARAMS, 0);
    if (randomFraction(random) < useRate) noteUseSuccess(counts);
  }
  return { counts, verdict: pathBiasVerdict(counts, PARAMS) };
}

test('an honest guard stays fine, one that owns a tenth of the exits and fails the others does not', () => {
  assert.is(run(0.93, 0.95).verdict.level, 'fine');
  assert.is(run(0.1, 1).verdict.level, 'extreme');
  assert.equal([run(1, 0.1).verdict.level, run(1, 0.1).verdict.about], ['extreme', 'use']);
  const { counts } = run(0.9, 0.9);
  assert.ok(counts.buildAttempts <= 302 && counts.buildSuccesses <= counts.buildAttempts);
});

test('circuits that are cut off after they were built count as failed', () => {
  const counts = pathBiasCounts();
  for (let i = 0; i < 200; i++) {
    noteBuildAttempt(counts, PARAMS, 0);
    noteBuildSuccess(counts);
    if (i % 4 !== 0) noteCutOff(counts);
  }
  assert.is(pathBiasVerdict(counts, PARAMS).level, 'extreme');
});

test('parameters from the consensus are clamped', () => {
  const params = pathBiasParams(
    new Map([
      ['pb_mincircs', 1],
      ['pb_warnpct', 200],
      ['pb_multfactor', 9],
    ]),
  );
  assert.equal([params.buildMin, params.buildWarn, params.scaleFactor], [5, 1, 1]);
});

test.run();
