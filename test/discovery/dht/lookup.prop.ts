/** Aim: for any network a look-up ends, asks nobody twice, and finds the nearest nodes that are alive. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareDistance } from '../../../engine/discovery/dht/id.ts';
import { type Candidate, Lookup } from '../../../engine/discovery/dht/lookup.ts';
import type { NodeContact } from '../../../engine/discovery/dht/types.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';

const lookups = suite('look-up');

interface World {
  readonly nodes: readonly NodeContact[];
  readonly dead: ReadonlySet<string>;
  readonly target: Uint8Array;
}

function makeWorld(seed: number, count: number, deadShare: number): World {
  const random = new SimRandom(seed, 'look-up');
  const nodes = Array.from({ length: count }, (_, i) => ({
    id: random.bytes(20),
    host: `${60 + (i >> 8)}.${i & 255}.1.1`,
    port: 6881,
  }));
  const dead = new Set(nodes.filter(() => random.fraction() < deadShare).map((node) => node.host));
  return { nodes, dead, target: random.bytes(20) };
}

/** Everybody knows the 8 nearest to any target: enough for a look-up to end where it should. */
function run(world: World, lookup: Lookup, random: SimRandom): string[] {
  const byDistance = [...world.nodes].sort((a, b) => compareDistance(a.id, b.id, world.target));
  const asked: string[] = [];
  const flying: Candidate[] = [];
  const late: Candidate[] = [];
  for (const node of world.nodes.slice(0, 8)) lookup.add(node, 1);
  for (let steps = 0; steps < 10_000; steps++) {
    for (let next = lookup.next(); next !== undefined; next = lookup.next()) {
      asked.push(next.host);
      flying.push(next);
    }
    if (lookup.isDone) return asked;
    const [one] = flying.splice(random.below(Math.max(1, flying.length)), 1);
    if (one === undefined) {
      // Nobody is left to ask: those that are slow are given up in the end.
      for (const node of late.splice(0)) lookup.failed(node);
      continue;
    }
    if (world.dead.has(one.host)) {
      lookup.slow(one);
      if (random.below(2) === 0) lookup.failed(one);
      else late.push(one);
      continue;
    }
    const from = byDistance.findIndex((node) => node.host === one.host);
    // It knows some that are nearer than itself, and those at the target.
    for (const node of [...byDistance.slice(0, 8), ...byDistance.slice(from >> 1, (from >> 1) + 4)]) {
      lookup.add(node, one.hops + 1);
    }
    lookup.answered(one, 50, undefined);
  }
  throw new Error('it does not end');
}

lookups('ends with the nearest that are alive, and asks nobody twice', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 10, max: 300 }),
      fc.integer({ min: 1, max: 10 }),
      (seed, count, alpha) => {
        const world = makeWorld(seed, count, 0.3);
        const lookup = new Lookup({ target: world.target, k: 8, alpha, perSubnetMax: 2, enforceIds: false });
        const asked = run(world, lookup, new SimRandom(seed, 'steps'));
        assert.is(new Set(asked).size, asked.length);
        if (world.nodes.slice(0, 8).every((node) => world.dead.has(node.host))) return;
        // All are told of the eight nearest; those of them that live have to be in the result.
        const best = [...world.nodes]
          .sort((a, b) => compareDistance(a.id, b.id, world.target))
          .slice(0, 8)
          .filter((node) => !world.dead.has(node.host));
        const found = new Set(lookup.nearest().map((node) => node.host));
        for (const node of best) assert.ok(found.has(node.host));
      },
    ),
    { numRuns: 200 },
  );
});

lookups(
  'asks at most two nodes of one /24, however many it is told of, and remembers a bounded number',
  () => {
    const target = new Uint8Array(20);
    const lookup = new Lookup({ target, k: 8, alpha: 100, perSubnetMax: 2, enforceIds: false });
    for (let i = 0; i < 200; i++) {
      const id = new Uint8Array(20);
      id[19] = i;
      lookup.add({ id, host: `66.6.6.${i}`, port: 1 }, 1);
    }
    let asked = 0;
    while (lookup.next() !== undefined) asked++;
    assert.is(asked, 2);
    const random = new SimRandom(1, 'many');
    for (let i = 0; i < 5000; i++) {
      lookup.add({ id: random.bytes(20), host: `${60 + (i >> 8)}.${i & 255}.9.1`, port: 1 }, 1);
    }
    assert.ok(lookup.size <= 64);
  },
);

lookups('BEP 42: with enforced ids, nodes whose id does not fit are no places to store', () => {
  const target = new Uint8Array(20);
  const lookup = new Lookup({ target, k: 8, alpha: 100, perSubnetMax: 2, enforceIds: true });
  for (let i = 0; i < 8; i++) {
    const id = new Uint8Array(20);
    id[19] = i;
    lookup.add({ id, host: `6${i}.6.6.6`, port: 1 }, 1);
  }
  for (let next = lookup.next(); next !== undefined; next = lookup.next()) {
    lookup.answered(next, 10, Uint8Array.of(1));
  }
  assert.ok(lookup.isDone);
  assert.equal(lookup.nearest(true), []);
});

lookups.run();
