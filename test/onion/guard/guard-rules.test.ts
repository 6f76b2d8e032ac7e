// Aim: every rule of guard-spec that this program follows has a test that names it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guardCandidates } from '../../../engine/onion/guard/candidates.ts';
import { GuardManager } from '../../../engine/onion/guard/guard-manager.ts';
import { SAMPLE_HARD_MAX } from '../../../engine/onion/guard/guard-params.ts';
import { chooseGuardSelection, type GuardSelection } from '../../../engine/onion/guard/guard-selection.ts';
import type { GuardCandidate } from '../../../engine/onion/guard/guard-types.ts';
import { retryAfterMs } from '../../../engine/onion/guard/retry.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { fingerprintOf, networkOf, sketchRelay, without } from '../path/support/relays.ts';
import { candidates, connect, DAY, HOUR, live, managerOf, START_MS, termsOf } from './support/guards.ts';

const test = suite('guard rules');
const NOW = START_MS;

test('the sample has 20 usable guards, and not more than 60 or 20 per cent', () => {
  assert.is(managerOf(10).sampled.length, 10);
  assert.is(managerOf(50).sampled.length, 20, '20 per cent would be 10, but 20 is the least bound');
  assert.is(managerOf(1000).sampled.length, 20);
  const manager = managerOf(1000);
  connect(manager, NOW, () => false);
  assert.is(manager.sampled.length, 60);
  const small = managerOf(150);
  connect(small, NOW, () => false);
  assert.is(small.sampled.length, 30);
});

test('whatever the consensus says, the sample has a hard bound', () => {
  const huge = {
    'guard-max-sample-size': 2e9,
    'guard-max-sample-threshold-percent': 100,
    'guard-min-filtered-sample-size': 2e9,
  };
  assert.is(managerOf(2000, 1, huge).sampled.length, SAMPLE_HARD_MAX);
});

test('guards are sampled by weight', () => {
  let heavy = 0;
  for (let seed = 0; seed < 100; seed++) {
    const manager = managerOf(0, seed);
    const list = candidates(400).map((guard, index) => ({ ...guard, weight: index < 200 ? 300 : 100 }));
    manager.update(live(list), NOW);
    heavy += manager.sampled.filter((record) => Number.parseInt(record.fingerprint, 16) < 200).length;
  }
  assert.ok(heavy > 1400 && heavy < 1580, `${heavy} of 2000, three quarters expected`);
});

test('the moment of sampling is set back by up to a tenth of the lifetime', () => {
  const ages = managerOf(1000).sampled.map((record) => NOW - record.addedMs);
  assert.ok(ages.every((age) => age >= 0 && age <= 12 * DAY));
  assert.ok(new Set(ages).size > 15);
});

test('the sample does not depend on the settings, the filtered set does', () => {
  const open = managerOf(100, 3);
  const closed = managerOf(0, 3);
  closed.update(
    live(
      candidates(100).map((guard) => ({ ...guard, isAllowed: Number.parseInt(guard.fingerprint, 16) > 90 })),
    ),
    NOW,
  );
  const first = open.sampled.map((record) => record.fingerprint);
  assert.equal(
    closed.sampled.slice(0, 20).map((record) => record.fingerprint),
    first,
  );
  assert.ok(closed.primary.every((record) => Number.parseInt(record.fingerprint, 16) > 90));
});

test('three primary guards, the first of the sample', () => {
  const manager = managerOf(100);
  assert.equal(manager.primary, manager.sampled.slice(0, 3));
});

test('traffic uses the first primary guard, and the next only while it is down', () => {
  const manager = managerOf(100);
  const [first, second] = manager.primary.map((record) => record.fingerprint);
  for (let i = 0; i < 20; i++) assert.is(manager.select(NOW + i, 'traffic')?.fingerprint, first);
  assert.equal(
    connect(manager, NOW, (fingerprint) => fingerprint !== first),
    [first, second],
  );
  assert.is(manager.preferred(NOW + 1000), second);
});

test('directory requests use any of the three', () => {
  const manager = managerOf(100);
  const used = new Set(Array.from({ length: 100 }, () => manager.select(NOW, 'directory')?.fingerprint));
  assert.equal(used, new Set(manager.primary.map((record) => record.fingerprint)));
});

test('a guard is confirmed by its first success, in order of first use', () => {
  const manager = managerOf(100);
  const [a, b] = manager.primary.map((record) => record.fingerprint);
  connect(manager, NOW, (fingerprint) => fingerprint === b);
  connect(manager, NOW + HOUR, (fingerprint) => fingerprint === a);
  assert.equal(
    manager.confirmed.map((record) => record.fingerprint),
    [b, a],
  );
  assert.is(manager.primary[0]?.fingerprint, b, 'confirmed ones come first in their order');
});

test('a guard beyond the primary ones that gets confirmed takes the place of one that is not', () => {
  const manager = managerOf(100);
  const others = new Set(manager.primary.map((record) => record.fingerprint));
  const used = connect(manager, NOW, (fingerprint) => !others.has(fingerprint)).at(-1)!;
  assert.is(manager.primary[0]?.fingerprint, used);
  assert.is(manager.primary.length, 3);
});

test('unlisted guards are not used, and removed after 20 days', () => {
  const manager = managerOf(100);
  const gone = manager.primary[0]!.fingerprint;
  const list = live(candidates(100).filter((guard) => guard.fingerprint !== gone));
  manager.update(list, NOW);
  assert.not.ok(manager.primary.some((record) => record.fingerprint === gone));
  manager.update(list, NOW + 15 * DAY);
  assert.ok(manager.record(gone) !== undefined, 'set back by 4 days at most');
  manager.update(live(candidates(100)), NOW + 15 * DAY);
  assert.is(manager.record(gone)?.unlistedSinceMs, undefined, 'listed again in time');
  manager.update(list, NOW + 15 * DAY);
  manager.update(list, NOW + 36 * DAY);
  assert.is(manager.record(gone), undefined);
});

test('an old consensus removes nobody', () => {
  const manager = managerOf(100);
  const before = manager.sampled.map((record) => record.fingerprint);
  manager.update({ isLive: false, candidates: candidates(100, 500) }, NOW + 400 * DAY);
  for (const fingerprint of before) assert.ok(manager.record(fingerprint) !== undefined);
});

test('unconfirmed guards leave after 120 days, confirmed ones 60 days after first use if later', () => {
  const manager = managerOf(100);
  const used = connect(manager, NOW + 90 * DAY, () => true)[0]!;
  const unused = manager.sampled[5]!.fingerprint;
  manager.update(live(candidates(100)), NOW + 107 * DAY);
  assert.ok(manager.record(unused) !== undefined);
  manager.update(live(candidates(100)), NOW + 121 * DAY);
  assert.equal([manager.record(unused), manager.record(used) === undefined], [undefined, false]);
  manager.update(live(candidates(100)), NOW + 151 * DAY);
  assert.is(manager.record(used), undefined);
});

test('retry schedules for primary and other guards', () => {
  const minutes = (failingForMs: number) =>
    [true, false].map((primary) => retryAfterMs(failingForMs, primary) / 60_000);
  assert.equal(minutes(0), [10, 60]);
  assert.equal(minutes(6 * HOUR), [90, 240]);
  assert.equal(minutes(96 * HOUR), [240, 1080]);
  assert.equal(minutes(168 * HOUR), [540, 2160]);
});

test('a primary guard that failed is tried again after ten minutes', () => {
  const manager = managerOf(100);
  const [first, second] = manager.primary.map((record) => record.fingerprint);
  connect(manager, NOW, (fingerprint) => fingerprint === second);
  assert.is(manager.select(NOW + 599_000, 'traffic')?.fingerprint, second);
  assert.equal(manager.record(first!)?.reachable, 'no');
  manager.select(NOW + 600_000, 'traffic');
  assert.equal(manager.record(first!)?.reachable, 'maybe');
});

test('a circuit over another guard waits while a primary one may answer', () => {
  const manager = managerOf(100);
  for (let i = 0; i < 3; i++) manager.fail(manager.select(NOW, 'traffic')!, NOW);
  const other = manager.select(NOW + 1, 'traffic')!;
  assert.is(other.state, 'usable-if-no-better');
  assert.is(manager.succeed(other, NOW + 500), 'waiting');
  assert.is(manager.ready(NOW + 501).complete.length, 0, 'primary guards have another chance first');
  for (let i = 0; i < 2; i++) {
    const attempt = manager.select(NOW + 600, 'traffic', (fingerprint) => fingerprint !== other.fingerprint)!;
    assert.is(attempt.state, 'usable-on-completion');
    manager.fail(attempt, NOW + 600);
  }
  assert.equal(manager.ready(NOW + 700).complete, [other]);
  assert.is(other.state, 'complete');
});

test('15 seconds for a better guard to answer', () => {
  const manager = managerOf(100);
  const success = manager.select(NOW, 'traffic')!;
  manager.succeed(success, NOW);
  manager.close(success, NOW);
  for (let i = 0; i < 3; i++) manager.fail(manager.select(NOW + 1, 'traffic')!, NOW + 1);
  const better = manager.select(NOW + 2, 'traffic')!;
  const worse = manager.select(NOW + 3, 'traffic')!;
  assert.is.not(better.fingerprint, worse.fingerprint);
  // Both unconfirmed: the one tried earlier is the better one while it is pending.
  manager.record(worse.fingerprint)!.isPending = false;
  manager.record(worse.fingerprint)!.reachable = 'yes';
  worse.state = 'waiting';
  worse.sinceMs = NOW + 4;
  assert.is(manager.ready(NOW + 15_000).complete.length, 0);
  assert.equal(manager.ready(NOW + 15_003).complete, [worse]);
});

test('a waiting circuit is given up after ten minutes', () => {
  const manager = managerOf(100);
  for (let i = 0; i < 3; i++) manager.fail(manager.select(NOW, 'traffic')!, NOW);
  const attempt = manager.select(NOW, 'traffic')!;
  manager.succeed(attempt, NOW);
  const { expired } = manager.ready(NOW + 600_001);
  assert.equal([expired, attempt.state], [[attempt], 'closed']);
});

test('after ten minutes without network, failures of primary guards are forgiven', () => {
  const manager = managerOf(100);
  for (let i = 0; i < 3; i++) manager.fail(manager.select(NOW, 'traffic')!, NOW);
  assert.ok(manager.primary.every((record) => record.reachable === 'no'));
  manager.succeed(manager.select(NOW + 1, 'traffic')!, NOW + 1);
  assert.ok(manager.primary.every((record) => record.reachable !== 'no'));
});

test('the restriction of one circuit never removes a guard', () => {
  const manager = managerOf(100);
  const before = manager.primary.map((record) => record.fingerprint);
  const attempt = manager.select(NOW, 'traffic', (fingerprint) => fingerprint !== before[0])!;
  assert.is(attempt.fingerprint, before[1]);
  const far = manager.select(NOW, 'traffic', (fingerprint) => !before.includes(fingerprint))!;
  assert.not.ok(before.includes(far.fingerprint));
  manager.close(attempt, NOW);
  manager.close(far, NOW);
  assert.equal(
    manager.primary.map((record) => record.fingerprint),
    before,
  );
  assert.is(manager.select(NOW, 'traffic')?.fingerprint, before[0]);
});

test('a circuit that was closed for other reasons says nothing about its guard', () => {
  const manager = managerOf(100);
  const attempt = manager.select(NOW, 'traffic')!;
  manager.close(attempt, NOW);
  assert.equal([attempt.state, manager.primary[0]?.reachable], ['closed', 'maybe']);
});

test('when all have failed, all are tried again', () => {
  const manager = managerOf(20);
  const tried = connect(manager, NOW, () => false);
  assert.is(new Set(tried).size, 20);
  assert.ok(manager.select(NOW + 60_000, 'traffic') !== undefined);
});

test('descriptors of the used primary guard are waited for', () => {
  const manager = managerOf(100);
  const first = manager.primary[0]!.fingerprint;
  assert.equal(manager.awaitedDescriptors, []);
  manager.update(
    live(candidates(100).map((guard) => ({ ...guard, hasDescriptor: guard.fingerprint !== first }))),
    NOW,
  );
  assert.equal(manager.awaitedDescriptors, [first]);
});

test('a guard dropped for path bias is not used', () => {
  const manager = managerOf(100);
  const record = manager.record(manager.primary[0]!.fingerprint)!;
  Object.assign(record.bias, { buildAttempts: 200, buildSuccesses: 10 });
  manager.update(live(candidates(100)), NOW, termsOf());
  assert.is(manager.primary[0], record, 'only a warning unless the consensus says otherwise');
  manager.update(live(candidates(100)), NOW, termsOf({ pb_dropguards: 1 }));
  assert.not.ok(manager.primary.includes(record));
});

test('guards are relays with Guard, Fast, Stable and V2Dir, or in young networks with Guard alone', () => {
  const guards = [1, 2, 3].map((index) => sketchRelay(index, { flags: ['Guard'] }));
  const mixed = networkOf([
    guards[0]!,
    without(guards[1]!, 'V2Dir'),
    without(guards[2]!, 'Stable'),
    sketchRelay(4),
  ]);
  assert.equal(
    guardCandidates(mixed).map((guard) => guard.fingerprint),
    [fingerprintOf(1)],
  );
  const young = networkOf(guards.map((relay) => without(relay, 'Stable')));
  assert.is(guardCandidates(young).length, 3);
  const some = guardCandidates(young, (status) => status.fingerprint === fingerprintOf(1));
  assert.equal(
    some.map((guard) => guard.isAllowed),
    [true, false, false],
    'the others have no address that may be used',
  );
});

/** 200 guards, the last `allowed` of which the settings let through. */
function allowing(allowed: number): readonly GuardCandidate[] {
  return candidates(200).map((guard, index) => ({ ...guard, isAllowed: index >= 200 - allowed }));
}

test('where the settings allow few guards, these and no others are sampled', () => {
  const manager = new GuardManager({ ...termsOf(), selection: 'restricted' }, { random: seededRandom(1) });
  manager.update(live(allowing(2)), NOW);
  const allowed = [fingerprintOf(198), fingerprintOf(199)];
  assert.equal(manager.sampled.map((record) => record.fingerprint).sort(), allowed);
  assert.equal(manager.primary.map((record) => record.fingerprint).sort(), allowed);
  assert.ok(allowed.includes(manager.select(NOW, 'traffic')?.fingerprint ?? ''));
  // Other settings filter what was sampled; it stays listed.
  manager.update(live(candidates(200).map((guard, i) => ({ ...guard, isAllowed: i === 5 }))), NOW);
  assert.is(manager.sampled.length, 3);
  assert.ok(manager.sampled.every((record) => record.isListed));
  assert.equal(
    manager.primary.map((record) => record.fingerprint),
    [fingerprintOf(5)],
  );
});

test('a restricted sample is bounded by the part of what is allowed', () => {
  const manager = new GuardManager({ ...termsOf(), selection: 'restricted' }, { random: seededRandom(1) });
  const many = candidates(2000).map((guard, index) => ({ ...guard, isAllowed: index < 150 }));
  manager.update(live(many), NOW);
  connect(manager, NOW, () => false);
  assert.is(manager.sampled.length, 30);
});

test('fewer than a fifth of the guards allowed: a sample of their own', () => {
  const choose = (allowed: number, previous?: GuardSelection): GuardSelection =>
    chooseGuardSelection(previous, live(allowing(allowed)));
  assert.equal([choose(40), choose(39), choose(0)], ['default', 'restricted', 'restricted']);
  assert.equal([choose(38, 'default'), choose(37, 'default')], ['default', 'restricted']);
  assert.equal([choose(41, 'restricted'), choose(42, 'restricted')], ['restricted', 'default']);
});

test('without a valid consensus nothing changes the sample', () => {
  const old = { isLive: false, candidates: allowing(1) };
  assert.is(chooseGuardSelection('default', old), 'default');
  assert.is(chooseGuardSelection('restricted', { ...old, candidates: allowing(200) }), 'restricted');
  assert.is(chooseGuardSelection(undefined, old), 'default');
  assert.is(chooseGuardSelection('restricted', live([])), 'restricted', 'nor one without guards');
});

test.run();
