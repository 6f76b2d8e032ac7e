// Aim: the rules of jobs by example: what a good and a poor node get, how trust is earned, how a job is lost and won back,
// and that figures that waver do not make jobs come and go.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type JobRecords, NEW_RECORD, noteConduct } from '../../../engine/society/roles/conduct.ts';
import { decideJobs, holdJobs, type JobDecision } from '../../../engine/society/roles/decide.ts';
import type { Job, Specification, Wishes } from '../../../engine/society/roles/jobs.ts';

const test = suite('society: roles');
const HOUR_MS = 3_600_000;
const NOW_MS = 1_800_000_000_000;

const SERVER: Specification = {
  ...{ upBytesPerSec: 50e6, downBytesPerSec: 50e6, uptimeShare: 0.999, knownMs: 720 * HOUR_MS },
  ...{ freeBytes: 1e12, memoryBytes: 16e9, cores: 8, reachable: true },
};
const LAPTOP: Specification = {
  ...{ upBytesPerSec: 0.5e6, downBytesPerSec: 5e6, uptimeShare: 0.3, knownMs: 100 * HOUR_MS },
  ...{ freeBytes: 1e10, memoryBytes: 8e9, cores: 4, reachable: false },
};

function decide(
  specification: Specification,
  records: JobRecords = {},
  wishes: Wishes = {},
  nowMs = NOW_MS,
): Record<Job, JobDecision> {
  const decisions = decideJobs({ specification, wishes, records, nowMs });
  return Object.fromEntries(decisions.map((decision) => [decision.job, decision])) as Record<
    Job,
    JobDecision
  >;
}

test('a laptop behind a router seeds, and is told why it does nothing else', () => {
  const jobs = decide(LAPTOP);
  assert.is(jobs.seeder.verdict, 'assigned');
  assert.is(jobs.seeder.reason, '4 cores');
  assert.is(jobs.dht.reason, 'nobody has reached it from outside');
  assert.is(jobs.relay.verdict, 'unfit');
  assert.is(jobs['super-seeder'].verdict, 'unfit');
  assert.is(jobs.exit.verdict, 'unasked');
});

test('a server does at once what needs no trust, and earns the rest', () => {
  const jobs = decide(SERVER);
  for (const job of ['seeder', 'super-seeder', 'dht', 'relay'] as const)
    assert.is(jobs[job].verdict, 'assigned');
  assert.is(jobs.tracker.verdict, 'unearned');
  assert.is(jobs.tracker.reason, 'fits; 12 h 00 m of other jobs done well are still to be shown');
  assert.is(jobs.guard.verdict, 'unearned');
  let records = holdJobs({}, Object.values(jobs));
  for (let at = 0; at < 13 * 6; at += 1) {
    const now = NOW_MS + at * (HOUR_MS / 6);
    const record = noteConduct(records.relay!, { done: 50, failed: 0 }, now, now - HOUR_MS / 6);
    records = { ...records, relay: record };
  }
  assert.is(decide(SERVER, records).tracker.verdict, 'assigned');
  assert.is(decide(SERVER, records).guard.verdict, 'unearned');
});

test('time in which nobody looked is not trust', () => {
  const held = { ...NEW_RECORD, isHeld: true };
  assert.is(noteConduct(held, { done: 1, failed: 0 }, NOW_MS, NOW_MS - 100 * HOUR_MS).goodMs, 600_000);
  assert.is(noteConduct(NEW_RECORD, { done: 1, failed: 0 }, NOW_MS, NOW_MS - HOUR_MS / 10).goodMs, 0);
});

test('a job done badly is taken away, for longer each time, and given again', () => {
  let record = { ...NEW_RECORD, isHeld: true, goodMs: 10 * HOUR_MS };
  record = noteConduct(record, { done: 10, failed: 5 }, NOW_MS, NOW_MS - 1000);
  assert.ok(record.isHeld, 'too few events to tell');
  record = noteConduct(record, { done: 60, failed: 20 }, NOW_MS, NOW_MS - 1000);
  assert.not.ok(record.isHeld);
  assert.is(record.bannedUntilMs, NOW_MS + HOUR_MS);
  assert.is(record.goodMs, 5 * HOUR_MS + 500);
  const jobs = decide(SERVER, { dht: record });
  assert.is(jobs.dht.verdict, 'demoted');
  assert.is(jobs.dht.reason, 'was done badly; it is tried again in 1 h 00 m');
  assert.is(decide(SERVER, { dht: record }, { dht: 'request' }).dht.verdict, 'demoted');
  const later = NOW_MS + HOUR_MS + 1;
  assert.is(decide(SERVER, { dht: record }, {}, later).dht.verdict, 'assigned');
  record = noteConduct({ ...record, isHeld: true }, { done: 0, failed: 30 }, later, later - 1000);
  assert.is(record.bannedUntilMs, later + 2 * HOUR_MS);
  assert.is(record.strikes, 2);
});

test('figures that waver around a threshold do not move a job', () => {
  const near = (up: number): Specification => ({ ...SERVER, upBytesPerSec: up });
  assert.is(decide(near(1.2e6)).relay.verdict, 'unfit');
  assert.is(decide(near(1.2e6)).relay.reason, 'needs 1.19 MiB/s up; has 1.14 MiB/s up');
  const held = { relay: { ...NEW_RECORD, isHeld: true } };
  assert.is(decide(near(1.2e6), held).relay.verdict, 'assigned');
  assert.is(decide(near(0.9e6), held).relay.verdict, 'unfit');
  assert.is(decide(near(1.1e6), {}, { relay: 'request' }).relay.verdict, 'assigned');
});

test('an exit only for who asks, who is a relay, and who has shown what it can', () => {
  const trusted = { relay: { ...NEW_RECORD, isHeld: true, goodMs: 30 * HOUR_MS } };
  assert.is(decide(SERVER, trusted).exit.verdict, 'unasked');
  assert.is(decide(SERVER, {}, { exit: 'request' }).exit.verdict, 'unearned');
  assert.is(decide(SERVER, trusted, { exit: 'request' }).exit.verdict, 'assigned');
  assert.is(decide(SERVER, trusted, { exit: 'request', relay: 'forbid' }).exit.verdict, 'unfit');
  assert.is(decide(LAPTOP, trusted, { exit: 'request' }).exit.verdict, 'unfit');
});

test.run();
