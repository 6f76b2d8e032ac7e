// Aim: of rules set in several places the nearest one holds, each for itself, and a torrent ends by the first rule
// that it has met and never without one.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seedEndOf, seedLimitsOf } from '../../../engine/node/upkeep/seed-rules.ts';

const test = suite('seed rules');

const value = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 10 }));
const limits = fc.record({ ratio: value, seedTimeMs: value, idleTimeMs: value }, { requiredKeys: [] });
const rules = fc.record(
  { torrent: limits, tracker: limits, category: limits, node: limits },
  { requiredKeys: [] },
);
const NAMES = ['ratio', 'seedTimeMs', 'idleTimeMs'] as const;
const NEAREST_FIRST = ['torrent', 'tracker', 'category', 'node'] as const;

test('each rule is the one that is set nearest to the torrent', () => {
  fc.assert(
    fc.property(rules, (set) => {
      const found = seedLimitsOf(set);
      for (const name of NAMES) {
        const place = NEAREST_FIRST.find((where) => set[where]?.[name] !== undefined);
        assert.is(found[name], place === undefined ? Number.POSITIVE_INFINITY : set[place]![name]);
      }
    }),
  );
});

test('“never” at a torrent holds against any number further away', () => {
  const found = seedLimitsOf({
    torrent: { ratio: Number.POSITIVE_INFINITY },
    node: { ratio: 1, seedTimeMs: 5 },
  });
  assert.is(seedEndOf({ ratio: 99, seedingMs: 4, idleMs: 0 }, found), undefined);
  assert.is(seedEndOf({ ratio: 99, seedingMs: 5, idleMs: 0 }, found), 'seed-time');
});

test('it ends when a rule is met and stays ended while everything only grows', () => {
  const seeded = fc.record({
    ratio: fc.nat({ max: 12 }),
    seedingMs: fc.nat({ max: 12 }),
    idleMs: fc.nat({ max: 12 }),
  });
  fc.assert(
    fc.property(rules, seeded, fc.nat({ max: 5 }), (set, before, more) => {
      const found = seedLimitsOf(set);
      const end = seedEndOf(before, found);
      const met =
        before.ratio >= found.ratio ||
        before.seedingMs >= found.seedTimeMs ||
        before.idleMs >= found.idleTimeMs;
      assert.is(end !== undefined, met);
      const { ratio, seedingMs, idleMs } = before;
      const after = { ratio: ratio + more, seedingMs: seedingMs + more, idleMs: idleMs + more };
      if (met) assert.ok(seedEndOf(after, found) !== undefined);
    }),
  );
});

test.run();
