// Aim: guards survive a restart exactly, and a state that is damaged or tampered with is refused with a reason.

import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GuardManager } from '../../../engine/onion/guard/guard-manager.ts';
import type { SavedGuard } from '../../../engine/onion/guard/guard-state.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { candidates, connect, DAY, live, managerOf, START_MS, termsOf } from './support/guards.ts';

const test = suite('guard state');

function used(): GuardManager {
  const manager = managerOf(200);
  const [first] = manager.primary.map((record) => record.fingerprint);
  connect(manager, START_MS, (fingerprint) => fingerprint !== first);
  const again = manager.confirmed[0]?.fingerprint;
  connect(manager, START_MS + DAY, (fingerprint) => fingerprint !== again);
  return manager;
}

function fresh(): GuardManager {
  return new GuardManager(termsOf(), { random: seededRandom(99) });
}

test('the same guards in the same order after a restart', () => {
  const before = used();
  const after = fresh();
  assert.ok(after.restore(JSON.parse(JSON.stringify(before.save())), START_MS + DAY).ok);
  after.update(live(candidates(200)), START_MS + DAY);
  assert.equal(after.save(), before.save());
  const names = (manager: GuardManager) => manager.primary.map((record) => record.fingerprint);
  assert.equal(names(after), names(before));
  assert.is(after.confirmed.length, 2);
});

test('moments in the future become now', () => {
  const after = fresh();
  assert.ok(after.restore(used().save(), START_MS - 300 * DAY).ok);
  assert.ok(after.sampled.every((record) => record.addedMs <= START_MS - 300 * DAY));
});

/** A state changed by someone who also put the digest right. */
function forged(change: (guards: SavedGuard[]) => unknown): unknown {
  const guards = structuredClone(used().save().guards) as SavedGuard[];
  const changed = change(guards) ?? guards;
  return {
    version: 1,
    guards: changed,
    digest: createHash('sha256').update(JSON.stringify(changed)).digest('hex'),
  };
}

function change(guards: SavedGuard[], values: Record<string, unknown>): void {
  guards[0] = { ...guards[0]!, ...values };
}

const REFUSED: readonly [string, () => unknown, RegExp][] = [
  ['nothing', () => undefined, /not an object/],
  ['a list', () => [], /not an object/],
  ['another version', () => ({ ...used().save(), version: 2 }), /version 2/],
  ['no list', () => ({ version: 1, guards: {} }), /no list/],
  ['a changed byte', () => ({ ...used().save(), guards: used().save().guards.slice(1) }), /digest/],
  ['too many', () => forged((guards) => new Array(251).fill(guards[0])), /250/],
  ['one twice', () => forged((guards) => [guards[0], guards[0]]), /twice/],
  ['no guard', () => forged(() => [7]), /not an object/],
  ['a bad fingerprint', () => forged((guards) => change(guards, { fingerprint: 'abc' })), /fingerprint/],
  ['no time', () => forged((guards) => change(guards, { addedMs: 'x' })), /time of sampling/],
  ['a negative time', () => forged((guards) => change(guards, { addedMs: -5 })), /time of sampling/],
  ['no listing', () => forged((guards) => change(guards, { isListed: 1 })), /listed/],
  ['a bad unlisting', () => forged((guards) => change(guards, { unlistedSinceMs: 'x' })), /unlisting/],
  ['a bad first use', () => forged((guards) => change(guards, { confirmedMs: {} })), /first use/],
  [
    'a place without use',
    () => forged((guards) => change(guards, { confirmedMs: null, confirmedIndex: 0 })),
    /place/,
  ],
  ['a far place', () => forged((guards) => change(guards, { confirmedMs: 5, confirmedIndex: 1e9 })), /place/],
  ['a gap', () => forged((guards) => change(guards, { confirmedMs: 5, confirmedIndex: 9 })), /order/],
  ['bad counts', () => forged((guards) => change(guards, { bias: { buildAttempts: 1 } })), /counts/],
  [
    'more successes than tries',
    () =>
      forged((guards) =>
        change(guards, { bias: { buildAttempts: 1, buildSuccesses: 2, useAttempts: 0, useSuccesses: 0 } }),
      ),
    /counts/,
  ],
];

for (const [name, make, reason] of REFUSED) {
  test(`refused: ${name}`, () => {
    const manager = used();
    const before = manager.save();
    const result = manager.restore(make(), START_MS);
    assert.ok(!result.ok);
    assert.match(result.ok ? '' : result.reason, reason);
    assert.equal(manager.save(), before, 'nothing has changed');
  });
}

test.run();
