// Aim: super-seeding is switched for few torrents at a time, and a torrent that refuses or goes away does no harm.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SuperSeeds } from '../../../engine/node/roles/super-seeds.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';

const test = suite('node: super-seeds');
const alone = { swarmSeeds: 0, swarmLeechers: 9 };

test('twenty in a round, all after some rounds, none when it is not wanted', async () => {
  const control = new FakeControl();
  for (let id = 1; id <= 50; id += 1) control.put(fakeRow(id, alone));
  const seeds = new SuperSeeds({ control });
  const counts: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    await seeds.apply(true);
    counts.push([...control.rows.values()].filter(({ superSeed }) => superSeed).length);
  }
  assert.equal(counts, [20, 40, 50, 50]);
  assert.is(seeds.count, 50);
  await seeds.apply(false);
  assert.is(seeds.count, 0);
  assert.not.ok([...control.rows.values()].some(({ superSeed }) => superSeed));
});

test('not without anybody who loads, not beside other seeds, not while the torrent rests', async () => {
  const control = new FakeControl();
  const changes = [{ swarmLeechers: 1 }, { swarmSeeds: 2 }, { seedCount: 1 }, { state: 'stopped' as const }];
  for (const [at, change] of changes.entries()) control.put(fakeRow(at + 1, { ...alone, ...change }));
  const seeds = new SuperSeeds({ control });
  await seeds.apply(true);
  assert.is(seeds.count, 0);
});

test('torrents that go away or are switched by hand are no longer its own', async () => {
  const control = new FakeControl();
  for (let id = 1; id <= 3; id += 1) control.put(fakeRow(id, alone));
  const seeds = new SuperSeeds({ control });
  await seeds.apply(true);
  const [first, second] = [...control.rows.keys()] as [string, string];
  await control.remove(first, { deleteData: false });
  control.touch(second, { superSeed: false, swarmLeechers: 0 });
  await seeds.apply(true);
  assert.is(seeds.count, 1);
});

test.run();
