// Aim: over months of virtual time a client keeps to few guards, comes back to them after outages, and an attacker who
// makes guards unreachable gets it to try no more than the bound of the sample, and gets found out.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GuardManager } from '../../../engine/onion/guard/guard-manager.ts';
import { randomFraction } from '../../../engine/onion/path/sampler.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { candidates, connect, DAY, HOUR, live, managerOf, START_MS, termsOf } from './support/guards.ts';

const test = suite('guards over months');
const SEEDS = [1, 2, 3, 4, 5];

/** A year with a consensus every six hours, a circuit every hour, churn among relays and a restart every week. */
function year(seed: number) {
  const random = seededRandom(seed);
  let manager = new GuardManager(termsOf(), { random });
  const used = new Map<string, { firstMs: number; lastMs: number; count: number }>();
  const down = new Set<string>();
  const list = candidates(2000);
  for (let hour = 0; hour < 365 * 24; hour++) {
    const nowMs = START_MS + hour * HOUR;
    if (hour % 6 === 0) {
      // A hundredth of the relays goes or comes each day.
      for (let i = 0; i < 5; i++) {
        const { fingerprint } = list[random.below(list.length)]!;
        if (!down.delete(fingerprint)) down.add(fingerprint);
      }
      while (down.size > 150) down.delete([...down][random.below(down.size)]!);
      manager.update(live(list.filter((guard) => !down.has(guard.fingerprint))), nowMs);
    }
    if (hour % 168 === 100) {
      const state: unknown = JSON.parse(JSON.stringify(manager.save()));
      manager = new GuardManager(termsOf(), { random });
      assert.ok(manager.restore(state, nowMs).ok);
      manager.update(live(list.filter((guard) => !down.has(guard.fingerprint))), nowMs);
    }
    const isUp = (fingerprint: string) => !down.has(fingerprint) && randomFraction(random) < 0.98;
    const fingerprint = connect(manager, nowMs, isUp).at(-1)!;
    const entry = used.get(fingerprint) ?? { firstMs: nowMs, lastMs: nowMs, count: 0 };
    used.set(fingerprint, { ...entry, lastMs: nowMs, count: entry.count + 1 });
  }
  return { used, sampled: manager.sampled.length };
}

test('in a year a client uses few guards, each for months', () => {
  for (const seed of SEEDS) {
    const { used, sampled } = year(seed);
    const counts = [...used.values()].map(({ count }) => count).sort((a, b) => b - a);
    const eight = counts.slice(0, 8).reduce((sum, count) => sum + count, 0);
    assert.ok(used.size < 40, `seed ${seed}: ${used.size} guards`);
    assert.ok(eight > 0.75 * 365 * 24, `seed ${seed}: eight guards had ${eight} of ${365 * 24} circuits`);
    assert.ok(
      [...used.values()].every(({ firstMs, lastMs }) => lastMs - firstMs < 190 * DAY),
      `seed ${seed}: rotated`,
    );
    assert.ok(sampled <= 60, `seed ${seed}: ${sampled} sampled`);
  }
});

test('a month without network changes no guard', () => {
  for (const seed of SEEDS) {
    const manager = managerOf(1000, seed);
    const first = connect(manager, START_MS, () => true)[0];
    for (let hour = 1; hour < 30 * 24; hour++) connect(manager, START_MS + hour * HOUR, () => false, 5);
    const backMs = START_MS + 30 * DAY;
    let last: string | undefined;
    for (let minute = 0; minute < 12 * 60; minute += 10) {
      last = connect(manager, backMs + minute * 60_000, () => true).at(-1);
    }
    assert.is(last, first, `seed ${seed}`);
    assert.ok(manager.sampled.length <= 60);
  }
});

test('someone who lets only his own guards answer: no more are tried than the sample holds, and it is told', () => {
  let caught = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const manager = managerOf(1000, seed);
    connect(manager, START_MS, () => true);
    const tried = new Set<string>();
    // One guard in a hundred is his, and he blocks all others for a month.
    const isHis = (fingerprint: string) => Number.parseInt(fingerprint, 16) % 100 === 0;
    const alarms = new Set<string>();
    for (let hour = 1; hour < 30 * 24; hour++) {
      const nowMs = START_MS + hour * HOUR;
      for (const fingerprint of connect(manager, nowMs, isHis, 30)) tried.add(fingerprint);
      const alarm = manager.alarm(nowMs + 60_000);
      if (alarm !== undefined) alarms.add(alarm.kind);
    }
    assert.ok(tried.size <= 60, `seed ${seed}: ${tried.size} guards tried`);
    assert.ok(
      alarms.has('sample-exhausted') || alarms.has('primary-blocked') || [...tried].some(isHis),
      `seed ${seed}`,
    );
    if (![...tried].some(isHis)) {
      assert.ok(alarms.has('sample-exhausted'), `seed ${seed}: he gets nothing and it is told`);
    } else caught += 1;
  }
  // Without the bound he would get all 40; with 60 of 1000 sampled he gets 1 − 0.99^60 = 45 per cent.
  assert.ok(caught > 8 && caught < 30, `${caught} of 40`);
});

test('what the user is told: network down, guards blocked, nothing left, settings too tight', () => {
  const manager = managerOf(1000);
  assert.is(manager.alarm(START_MS), undefined);
  for (let i = 0; i < 3; i++) manager.fail(manager.select(START_MS, 'traffic')!, START_MS);
  assert.is(manager.alarm(START_MS)?.kind, 'network-down');
  const blocked = managerOf(1000);
  const attempt = blocked.select(START_MS, 'traffic')!;
  blocked.succeed(attempt, START_MS);
  for (let i = 0; i < 3; i++) blocked.fail(blocked.select(START_MS + 1, 'traffic')!, START_MS + 1);
  assert.is(blocked.alarm(START_MS + 2)?.kind, 'primary-blocked');
  connect(blocked, START_MS + 3, () => false);
  const exhausted = blocked.alarm(START_MS + 4);
  assert.is(exhausted?.kind, 'sample-exhausted');
  assert.match(exhausted?.message ?? '', /60 guards/);
  assert.match(exhausted?.advice ?? '', /will not take others/);
  const tight = managerOf(0);
  tight.update(live(candidates(100).map((guard) => ({ ...guard, isAllowed: false }))), START_MS);
  assert.is(tight.alarm(START_MS)?.kind, 'too-restricted');
});

test.run();
