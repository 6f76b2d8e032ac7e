// Aim: whatever a node is like, it gets no job without what the job needs, none that is forbidden, exits only for who
// asks, and a better node never has fewer jobs; every decision has its reason.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type JobRecord, noteConduct, trustOf } from '../../../engine/society/roles/conduct.ts';
import { decideJobs, holdJobs, type Situation } from '../../../engine/society/roles/decide.ts';
import { JOBS, type Job, type Specification, type Wish } from '../../../engine/society/roles/jobs.ts';
import { firstUnmet, RULES } from '../../../engine/society/roles/requirements.ts';

const test = suite('society: roles (properties)');
const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;

const specification: fc.Arbitrary<Specification> = fc.record({
  upBytesPerSec: fc.integer({ min: 0, max: 4_000_000 }),
  downBytesPerSec: fc.integer({ min: 0, max: 4_000_000 }),
  uptimeShare: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  knownMs: fc.integer({ min: 0, max: 20 * DAY_MS }),
  freeBytes: fc.integer({ min: 0, max: 2 ** 31 }),
  memoryBytes: fc.integer({ min: 0, max: 2 ** 32 }),
  cores: fc.integer({ min: 1, max: 64 }),
  reachable: fc.boolean(),
});
const able: fc.Arbitrary<Specification> = specification.map((one) => ({
  ...{
    ...one,
    upBytesPerSec: 1_700_000 + one.upBytesPerSec,
    downBytesPerSec: 1_700_000 + one.downBytesPerSec,
  },
  ...{ reachable: true, uptimeShare: 0.94 + 0.06 * one.uptimeShare, knownMs: 6 * DAY_MS + one.knownMs },
}));
const wishes = fc.record(
  Object.fromEntries(JOBS.map((job) => [job, fc.constantFrom<Wish>('auto', 'request', 'forbid')])) as Record<
    Job,
    fc.Arbitrary<Wish>
  >,
  { requiredKeys: [] },
);
const record: fc.Arbitrary<JobRecord> = fc.record({
  done: fc.integer({ min: 0, max: 1000 }),
  failed: fc.integer({ min: 0, max: 1000 }),
  goodMs: fc.integer({ min: 0, max: 12 * DAY_MS }),
  isHeld: fc.boolean(),
  bannedUntilMs: fc.constantFrom(0, 0, 0, NOW_MS - 1, NOW_MS + 60_000),
  strikes: fc.integer({ min: 0, max: 5 }),
});
const records = fc.record(
  Object.fromEntries(JOBS.map((job) => [job, record])) as Record<Job, typeof record>,
  { requiredKeys: [] },
);
const situation: fc.Arbitrary<Situation> = fc
  .record({ specification: fc.oneof(specification, able), wishes, records })
  .map((parts) => ({ ...parts, nowMs: NOW_MS }));

const jobsOf = (some: Situation): readonly Job[] =>
  decideJobs(some)
    .filter(({ verdict }) => verdict === 'assigned')
    .map(({ job }) => job);

test('one decision for each job, with a reason', () => {
  fc.assert(
    fc.property(situation, (some) => {
      const decisions = decideJobs(some);
      assert.equal(
        decisions.map(({ job }) => job),
        [...JOBS],
      );
      for (const { reason } of decisions) assert.ok(reason.length > 5, reason);
    }),
  );
});

test('no job without what it needs, no job that is forbidden, no exit that was not asked for', () => {
  fc.assert(
    fc.property(situation, (some) => {
      const jobs = jobsOf(some);
      for (const job of jobs) {
        const { requirements, needs, trustMs } = RULES[job];
        assert.is(firstUnmet(requirements, some.specification, true), undefined, job);
        const held = some.records[job]?.isHeld === true;
        if (!held && some.wishes[job] !== 'request') {
          assert.is(firstUnmet(requirements, some.specification, false), undefined, job);
        }
        if (!held) assert.ok(trustOf(some.records) >= trustMs, job);
        if (needs !== undefined) assert.ok(jobs.includes(needs), job);
        assert.is.not(some.wishes[job], 'forbid');
        assert.ok((some.records[job]?.bannedUntilMs ?? 0) <= NOW_MS);
      }
      if (some.wishes.exit !== 'request') assert.not.ok(jobs.includes('exit'));
    }),
    { numRuns: 1_000 },
  );
});

test('a node that is better in some figure has at least the same jobs', () => {
  fc.assert(
    fc.property(situation, specification, (some, more) => {
      const { specification: one } = some;
      const better: Specification = {
        upBytesPerSec: Math.max(one.upBytesPerSec, more.upBytesPerSec),
        downBytesPerSec: Math.max(one.downBytesPerSec, more.downBytesPerSec),
        uptimeShare: Math.max(one.uptimeShare, more.uptimeShare),
        knownMs: Math.max(one.knownMs, more.knownMs),
        freeBytes: Math.max(one.freeBytes, more.freeBytes),
        memoryBytes: Math.max(one.memoryBytes, more.memoryBytes),
        cores: Math.max(one.cores, more.cores),
        reachable: one.reachable || more.reachable,
      };
      const jobs = jobsOf({ ...some, specification: better });
      for (const job of jobsOf(some)) assert.ok(jobs.includes(job), job);
    }),
    { numRuns: 1_000 },
  );
});

test('a request never costs a job, and what is decided stays decided while nothing changes', () => {
  fc.assert(
    fc.property(situation, fc.constantFrom(...JOBS), (some, asked) => {
      const before = jobsOf(some);
      if (some.wishes[asked] !== 'forbid') {
        const jobs = jobsOf({ ...some, wishes: { ...some.wishes, [asked]: 'request' } });
        for (const job of before) assert.ok(jobs.includes(job), job);
      }
      const held = { ...some, records: holdJobs(some.records, decideJobs(some)) };
      for (const job of before) assert.ok(jobsOf(held).includes(job), job);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever is told of a job, its record stays sound and a demotion is never without end', () => {
  const told = fc.record({
    done: fc.integer({ min: -5, max: 500 }),
    failed: fc.integer({ min: -5, max: 500 }),
    waitMs: fc.integer({ min: -1000, max: 2 * DAY_MS }),
  });
  fc.assert(
    fc.property(record, fc.array(told, { maxLength: 30 }), (first, reports) => {
      let now = NOW_MS;
      let kept = first;
      for (const { done, failed, waitMs } of reports) {
        const before = kept;
        kept = noteConduct(kept, { done, failed }, now + waitMs, now);
        now += waitMs;
        for (const value of [kept.done, kept.failed, kept.goodMs, kept.strikes]) assert.ok(value >= 0);
        if (kept.strikes > before.strikes) {
          assert.not.ok(kept.isHeld);
          assert.ok(kept.bannedUntilMs > now && kept.bannedUntilMs <= now + 7 * DAY_MS);
          assert.ok(kept.goodMs <= before.goodMs);
        }
      }
    }),
  );
});

test.run();
