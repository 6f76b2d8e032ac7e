// Aim: every rule of path selection has a test that names it, in networks made so that breaking the rule would show.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choosePath, type GuardSource, type PathRequest } from '../../../engine/onion/path/choose-path.ts';
import type { PathNetwork } from '../../../engine/onion/path/network.ts';
import { type NodeSet, parseNodeSet } from '../../../engine/onion/path/node-set.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { fingerprintOf, networkOf, type Sketched, sketchRelay, without } from './support/relays.ts';

const test = suite('path rules');
const WEB: PathRequest = { kind: 'exit', ports: [443] };
const exit = (index: number, more: object = {}): Sketched =>
  sketchRelay(index, { flags: ['Exit'], ports: [80, 443], ...more });
const guard = (index: number, more: object = {}): Sketched =>
  sketchRelay(index, { flags: ['Guard'], ...more });
const middle = (index: number, more: object = {}): Sketched => sketchRelay(index, more);

/** Which relay numbers are chosen in which position, over many paths; [] where there is no path. */
function chosen(network: PathNetwork, request: PathRequest = WEB, guards?: GuardSource) {
  const random = seededRandom(7);
  const seen = { guard: new Set<number>(), middle: new Set<number>(), exit: new Set<number>(), failed: 0 };
  for (let i = 0; i < 300; i++) {
    const path = choosePath(network, request, random, guards);
    if (!path.ok) {
      seen.failed += 1;
      continue;
    }
    for (const hop of ['guard', 'middle', 'exit'] as const) {
      seen[hop].add(Number.parseInt(path[hop].status.fingerprint, 16));
    }
    assert.is(new Set([path.guard, path.middle, path.exit]).size, 3, 'always three different relays');
  }
  const sorted = (set: Set<number>): number[] => [...set].sort((a, b) => a - b);
  return {
    guard: sorted(seen.guard),
    middle: sorted(seen.middle),
    exit: sorted(seen.exit),
    failed: seen.failed,
  };
}

function nodes(...words: string[]): NodeSet {
  const set = parseNodeSet(words);
  assert.ok(set.ok);
  return set.value;
}

test('the exit lets the port out, whatever its bandwidth', () => {
  const network = networkOf([
    guard(1),
    middle(2),
    exit(3, { ports: [22], bandwidthKb: 1e6 }),
    exit(4, { ports: [443], bandwidthKb: 1 }),
  ]);
  assert.equal(chosen(network).exit, [4]);
  const none = choosePath(network, { kind: 'exit', ports: [25] }, seededRandom(1));
  assert.ok(!none.ok && none.missing === 'exit');
  assert.match(none.ok ? '' : none.reason, /25/);
});

test('all ports of a request must be let out by one exit', () => {
  const network = networkOf([guard(1), middle(2), exit(3, { ports: [80] }), exit(4, { ports: [80, 443] })]);
  assert.equal(chosen(network, { kind: 'exit', ports: [80, 443] }).exit, [4]);
});

test('the exit is chosen first: the only exit is never spent as guard or middle', () => {
  const network = networkOf([exit(1, { flags: ['Exit', 'Guard'], bandwidthKb: 1e6 }), guard(2), middle(3)]);
  assert.equal(chosen(network), { guard: [2], middle: [3], exit: [1], failed: 0 });
});

test('no router twice: two relays are not enough for a path', () => {
  const all = { flags: ['Guard', 'Exit'] };
  assert.is(chosen(networkOf([exit(1, all), exit(2, all)])).failed, 300);
  assert.is(chosen(networkOf([exit(1, all), exit(2, all), exit(3, all)])).failed, 0);
});

test('no two of one family when each lists the other', () => {
  const family = [`$${fingerprintOf(1)}`, `$${fingerprintOf(3)}`];
  const network = networkOf([guard(1, { family }), guard(2), exit(3, { family }), middle(4)]);
  assert.equal(chosen(network).guard, [2]);
});

test('a family that only one side claims counts for nothing', () => {
  const network = networkOf([guard(1), exit(3, { family: [`$${fingerprintOf(1)}`] }), middle(4)]);
  assert.is(chosen(network).failed, 0);
});

test('a family may be listed by nickname, in any case', () => {
  const network = networkOf([
    guard(1, { nickname: 'Bob', family: ['alice'] }),
    guard(2),
    exit(3, { nickname: 'ALICE', family: ['bob'] }),
    middle(4),
  ]);
  assert.equal(chosen(network).guard, [2]);
});

test('a shared family id counts as family, without any list', () => {
  const network = networkOf([
    guard(1, { familyIds: ['ed25519:a', 'ed25519:b'] }),
    guard(2),
    exit(3, { familyIds: ['ed25519:b'] }),
    middle(4),
  ]);
  assert.equal(chosen(network).guard, [2]);
});

test('no two in one IPv4 /16', () => {
  const relays = [guard(1, { host: '10.9.1.1' }), guard(2), exit(3, { host: '10.9.200.1' }), middle(4)];
  assert.equal(chosen(networkOf(relays)).guard, [2]);
});

test('no two in one IPv6 /32, however it is written', () => {
  const relays = [guard(1, { ipv6: '2001:db8::1' }), guard(2), exit(3, { ipv6: '2001:0DB8:1::' }), middle(4)];
  assert.equal(chosen(networkOf(relays)).guard, [2]);
});

test('distinct subnets can be switched off', () => {
  const relays = [
    guard(1, { host: '127.0.0.1' }),
    middle(2, { host: '127.0.0.1' }),
    exit(3, { host: '127.0.0.1' }),
  ];
  assert.is(chosen(networkOf(relays)).failed, 300);
  assert.is(chosen(networkOf(relays, { enforceDistinctSubnets: false })).failed, 0);
});

test('only Running and Valid', () => {
  const relays = [guard(1), middle(2), exit(3)];
  for (const flag of ['Running', 'Valid'] as const) {
    for (const index of [0, 1, 2]) {
      const broken = relays.map((relay, at) => (at === index ? without(relay, flag) : relay));
      assert.is(chosen(networkOf(broken)).failed, 300, `${flag} ${index}`);
    }
  }
});

test('the first hop is a Guard', () => {
  const network = networkOf([
    guard(1, { bandwidthKb: 1 }),
    middle(2, { bandwidthKb: 1e6 }),
    middle(5),
    exit(3),
  ]);
  assert.equal(chosen(network).guard, [1]);
  assert.is(chosen(networkOf([middle(1), middle(2), exit(3)])).failed, 300);
});

test('a relay without descriptor is in no path', () => {
  const network = networkOf([guard(1), guard(5, { hasDetails: false }), middle(2), exit(3)]);
  assert.equal(chosen(network).guard, [1]);
});

test('never BadExit as exit, though as middle', () => {
  const network = networkOf([guard(1), exit(2, { flags: ['Exit', 'BadExit'] }), exit(3)]);
  assert.equal(chosen(network), { guard: [1], middle: [2], exit: [3], failed: 0 });
});

test('MiddleOnly is only middle', () => {
  const network = networkOf([guard(1), exit(2, { flags: ['Exit', 'Guard', 'MiddleOnly'] }), exit(3)]);
  assert.equal(chosen(network), { guard: [1], middle: [2], exit: [3], failed: 0 });
});

test('Fast relays, as long as there are some', () => {
  const relays = [guard(1), without(middle(2), 'Fast'), middle(4), exit(3)];
  assert.equal(chosen(networkOf(relays)).middle, [4]);
  const slow = networkOf(relays.map((relay) => without(relay, 'Fast')));
  const path = choosePath(slow, WEB, seededRandom(1));
  assert.ok(path.ok && path.isRelaxed);
});

test('Stable relays for long-lived ports only', () => {
  const ports = [22, 443];
  const relays = [guard(1), middle(2), without(exit(3, { ports }), 'Stable'), exit(4, { ports })];
  assert.equal(chosen(networkOf(relays)).exit, [3, 4]);
  assert.equal(chosen(networkOf(relays), { kind: 'exit', ports: [22] }).exit, [4]);
  assert.equal(chosen(networkOf(relays), { ...WEB, needStable: true }).exit, [4]);
});

test('bandwidths of 0 give equal chances', () => {
  const relays = [guard(1), middle(2), exit(3), exit(4)].map((relay) => ({
    ...relay,
    status: { ...relay.status, bandwidthKb: 0 },
  }));
  assert.equal(chosen(networkOf(relays)).exit, [3, 4]);
});

test('a position whose weight is 0 is left alone while others have some', () => {
  const relays = [guard(1), middle(2), exit(3, { flags: ['Exit', 'Guard'] }), exit(4)];
  assert.equal(chosen(networkOf(relays, {}, { Wed: 0, Wgd: 0 })).exit, [4]);
});

test('excluded nodes are in no path, excluded exits only not last', () => {
  const relays = [guard(1), guard(5), middle(2), exit(3), exit(4)];
  assert.equal(chosen(networkOf(relays, { excludeNodes: nodes(fingerprintOf(5), 'RELAY3') })).guard, [1]);
  assert.equal(chosen(networkOf(relays, { excludeNodes: nodes('RELAY3') })).exit, [4]);
  const seen = chosen(networkOf(relays, { excludeExitNodes: nodes('10.3.0.0/16') }));
  assert.equal(seen.exit, [4]);
  assert.ok(seen.middle.includes(3));
});

test('chosen exits, entries and middles are kept to', () => {
  const relays = [guard(1), guard(2), middle(3), middle(4), exit(5), exit(6)];
  const network = networkOf(relays, {
    exitNodes: nodes('relay6'),
    entryNodes: nodes(`$${fingerprintOf(2)}`),
    middleNodes: nodes('relay3'),
  });
  assert.equal(chosen(network), { guard: [2], middle: [3], exit: [6], failed: 0 });
});

test('relays to avoid this time are avoided', () => {
  const network = networkOf([guard(1), middle(2), middle(3), exit(4), exit(5)]);
  const avoid = new Set([fingerprintOf(2), fingerprintOf(4)]);
  const seen = chosen(network, { ...WEB, avoid });
  assert.equal([seen.middle, seen.exit], [[3], [5]]);
});

test('a fixed last hop is kept, if it may be one', () => {
  const network = networkOf([
    guard(1),
    middle(2),
    middle(3),
    exit(4),
    exit(5, { flags: ['BadExit', 'Exit'] }),
  ]);
  assert.equal(chosen(network, { ...WEB, lastHop: fingerprintOf(4) }).exit, [4]);
  assert.is(chosen(network, { ...WEB, lastHop: fingerprintOf(5) }).failed, 300);
  assert.equal(chosen(network, { kind: 'internal', ports: [], lastHop: fingerprintOf(3) }).exit, [3]);
});

test('an internal circuit may end anywhere', () => {
  assert.is(chosen(networkOf([guard(1), middle(2), middle(3)]), { kind: 'internal', ports: [] }).failed, 0);
});

test('a pinned guard stays: exit and middle are chosen around it', () => {
  const family = [1, 3, 5].map((index) => `$${fingerprintOf(index)}`);
  const relays = [
    guard(1, { family }),
    guard(2),
    exit(3, { family, bandwidthKb: 1e6 }),
    exit(4),
    middle(5, { family }),
  ];
  const taken: string[] = [];
  const guards: GuardSource = {
    preferred: () => fingerprintOf(1),
    take: (isAllowed) => {
      const fingerprint = [1, 2].map(fingerprintOf).find(isAllowed);
      if (fingerprint !== undefined) taken.push(fingerprint);
      return fingerprint;
    },
  };
  const seen = chosen(networkOf(relays), WEB, guards);
  assert.equal([seen.guard, seen.exit, seen.middle], [[1], [4], [2]]);
  const onlyRelative = chosen(networkOf(relays.filter((_, index) => index !== 3)), WEB, guards);
  assert.equal([onlyRelative.guard, onlyRelative.exit], [[], []], 'no middle is left, but no rule is broken');
  assert.ok(
    taken.includes(fingerprintOf(2)),
    'another guard serves when no exit can stand with the pinned one',
  );
});

test('words in a node list that mean nothing are named', () => {
  const set = parseNodeSet(['relay1', '10.0.0.0/33']);
  assert.ok(!set.ok && set.reason.includes('10.0.0.0/33'));
  assert.ok(nodes('[2001:db8::]/32').has(sketchRelay(1, { ipv6: '2001:db8:5::1' }).status));
  assert.not.ok(nodes('2001:db8::/32').has(sketchRelay(1, { ipv6: '2001:db9::1' }).status));
});

test.run();
