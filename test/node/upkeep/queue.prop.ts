// Aim: whatever the torrents and the limits are, the queue neither leaves a place empty nor goes beyond it, nobody is
// overtaken, and moving changes the order and nothing else.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  chooseRunning,
  moveInOrder,
  type QueueEntry,
  UNCOUNTED_MAX,
} from '../../../engine/node/upkeep/queue.ts';

const test = suite('queue');

const entries = fc
  .array(
    fc.record({
      wants: fc.constantFrom('download', 'seed'),
      forced: fc.boolean(),
      isRunning: fc.boolean(),
      stillMs: fc.nat({ max: 200 }),
    }),
    { maxLength: 30 },
  )
  .chain((list) =>
    fc
      .shuffledSubarray([...list.keys()], { minLength: list.length, maxLength: list.length })
      .map((positions) =>
        list.map((entry, at): QueueEntry => ({ ...entry, infoHash: `t${at}`, position: positions[at]! })),
      ),
  );
const options = fc.record({
  activeDownloadsMax: fc.nat({ max: 5 }),
  activeSeedsMax: fc.nat({ max: 5 }),
  stalledAfterMs: fc.constantFrom(0, 100),
  uncountedMax: fc.nat({ max: 4 }),
});

test('who runs', () => {
  fc.assert(
    fc.property(entries, options, (list, limits) => {
      const running = chooseRunning(list, limits);
      const inOrder = list.toSorted((a, b) => a.position - b.position);
      const isStalled = (entry: QueueEntry): boolean =>
        limits.stalledAfterMs > 0 && entry.isRunning && entry.stillMs >= limits.stalledAfterMs;
      for (const entry of list) if (entry.forced) assert.ok(running.has(entry.infoHash));
      const queued = inOrder.filter((entry) => !entry.forced);
      const seeds = queued.filter((entry) => entry.wants === 'seed');
      const seedsMax = limits.activeSeedsMax || seeds.length;
      assert.equal(
        seeds.map((entry) => running.has(entry.infoHash)),
        seeds.map((_, at) => at < seedsMax),
      );
      const downloads = queued.filter((entry) => entry.wants === 'download');
      const uncounted = downloads.filter(isStalled).slice(0, limits.uncountedMax);
      const counted = downloads.filter((entry) => !uncounted.includes(entry));
      const downloadsMax = limits.activeDownloadsMax || counted.length;
      assert.ok(uncounted.every((entry) => running.has(entry.infoHash)));
      assert.equal(
        counted.map((entry) => running.has(entry.infoHash)),
        counted.map((_, at) => at < downloadsMax),
      );
    }),
  );
});

test('the same torrents run when those chosen are running and nothing moves or stalls', () => {
  fc.assert(
    fc.property(entries, options, (list, limits) => {
      const once = chooseRunning(list, { ...limits, stalledAfterMs: 0 });
      const again = list.map((entry) => ({ ...entry, isRunning: once.has(entry.infoHash) }));
      assert.equal(chooseRunning(again, { ...limits, stalledAfterMs: 0 }), once);
    }),
  );
});

test('stalled downloads beyond a number count like others', () => {
  const list = Array.from(
    { length: UNCOUNTED_MAX + 10 },
    (_, position): QueueEntry => ({
      infoHash: `t${position}`,
      wants: 'download',
      position,
      forced: false,
      isRunning: true,
      stillMs: 1000,
    }),
  );
  const limits = { activeDownloadsMax: 3, activeSeedsMax: 0, stalledAfterMs: 1000 };
  assert.is(chooseRunning(list, limits).size, UNCOUNTED_MAX + 3);
});

const order = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
const moved = fc.uniqueArray(fc.constantFrom(...'abcdefghxy')).map((names) => new Set(names));

test('a move changes the order alone, keeps both groups in their order, and never lets one who moves fall behind', () => {
  fc.assert(
    fc.property(order, moved, fc.constantFrom('top', 'up', 'down', 'bottom'), (before, chosen, where) => {
      const after = moveInOrder(before, chosen, where);
      assert.equal(after.toSorted(), before.toSorted());
      for (const side of [true, false]) {
        const those = (names: readonly string[]): string[] =>
          names.filter((name) => chosen.has(name) === side);
        assert.equal(those(after), those(before));
      }
      for (const name of before.filter((other) => chosen.has(other))) {
        const steps = after.indexOf(name) - before.indexOf(name);
        assert.ok(where === 'top' || where === 'up' ? steps <= 0 : steps >= 0);
        if (where === 'up' || where === 'down') assert.ok(Math.abs(steps) <= 1);
      }
    }),
  );
});

test('examples of moves', () => {
  const queue = ['a', 'b', 'c', 'd'];
  assert.equal(moveInOrder(queue, new Set(['b', 'd']), 'up'), ['b', 'a', 'd', 'c']);
  assert.equal(moveInOrder(queue, new Set(['a', 'c']), 'up'), ['a', 'c', 'b', 'd']);
  assert.equal(moveInOrder(queue, new Set(['c', 'd']), 'down'), queue);
  assert.equal(moveInOrder(queue, new Set(['a', 'c']), 'down'), ['b', 'a', 'd', 'c']);
  assert.equal(moveInOrder(queue, new Set(['d', 'b']), 'top'), ['b', 'd', 'a', 'c']);
  assert.equal(moveInOrder(queue, new Set(['a', 'b']), 'bottom'), ['c', 'd', 'a', 'b']);
});

test.run();
