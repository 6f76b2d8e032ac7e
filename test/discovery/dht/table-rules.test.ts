/** Aim: the routing table keeps each rule of BEP 5, and those that keep one neighbourhood from filling it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sharedBits } from '../../../engine/discovery/dht/id.ts';
import { RoutingTable } from '../../../engine/discovery/dht/routing-table.ts';
import { FRESH_MS, stateOf } from '../../../engine/discovery/dht/table-node.ts';
import type { NodeContact } from '../../../engine/discovery/dht/types.ts';
import { contact, id } from './support/ids.ts';

const rules = suite('BEP 5: routing table');
const OWN = id(0);
const table = (): RoutingTable => new RoutingTable({ ownId: OWN, nowMs: 0 });

/** A table whose far half is full of these eight. */
function fullHalf(nowMs = 0): { readonly routes: RoutingTable; readonly eight: readonly NodeContact[] } {
  const routes = table();
  const eight = Array.from({ length: 8 }, (_, i) => contact(0x80, i));
  // A few near ones first, so that the far half is a bucket of its own.
  for (let i = 100; i < 109; i++) routes.answered(contact(0x01, i), 10, nowMs);
  for (const node of eight) routes.answered(node, 10, nowMs);
  return { routes, eight };
}

rules('k is 8: a bucket holds no more', () => {
  const { routes } = fullHalf();
  for (let i = 20; i < 60; i++) routes.answered(contact(0x90, i), 10, 0);
  assert.ok(routes.buckets.every((bucket) => bucket.nodes.length <= 8));
  assert.is(routes.buckets[0]!.nodes.length, 8);
});

rules('only the bucket around the own id is split', () => {
  const routes = table();
  for (let i = 0; i < 200; i++) routes.answered(contact(0x80 + (i % 100), i), 10, 0);
  assert.is(routes.bucketCount, 2, 'all are in the far half: one split, and no further one');
  for (let i = 0; i < 100; i++) routes.answered(contact(0x01, 300 + i), 10, 0);
  assert.ok(routes.bucketCount > 2);
  for (const [index, bucket] of routes.buckets.entries()) {
    for (const node of bucket.nodes) {
      const bits = sharedBits(node.id, OWN);
      assert.ok(index === routes.bucketCount - 1 ? bits >= index : bits === index);
    }
  }
});

rules('a node that has answered within 15 minutes is good, then questionable', () => {
  const routes = table();
  routes.answered(contact(0x80, 1), 10, 0);
  const node = routes.nodes()[0]!;
  assert.is(stateOf(node, FRESH_MS), 'good');
  assert.is(stateOf(node, FRESH_MS + 1), 'questionable');
});

rules('a node that has ever answered and asks within 15 minutes is good', () => {
  const routes = table();
  const one = contact(0x80, 1);
  routes.answered(one, 10, 0);
  routes.asked(one, FRESH_MS);
  assert.is(stateOf(routes.nodes()[0]!, 2 * FRESH_MS), 'good');
});

rules('a node that only asks is not taken in: anybody can claim any id', () => {
  const routes = table();
  routes.asked(contact(0x80, 1), 0);
  assert.is(routes.size, 0);
});

rules('a node that fails repeatedly is bad', () => {
  const routes = table();
  const one = contact(0x80, 1);
  routes.answered(one, 10, 0);
  routes.failed(one.host, one.port, 1);
  assert.is(stateOf(routes.nodes()[0]!, 1), 'questionable', 'once may be chance');
  routes.failed(one.host, one.port, 2);
  assert.is(stateOf(routes.nodes()[0]!, 2), 'bad');
  assert.equal(routes.nearest(one.id, 8, 2), [], 'nobody is told of it');
});

rules('a full bucket of good nodes takes no other', () => {
  const { routes, eight } = fullHalf();
  const late = contact(0x81, 50);
  assert.is(routes.answered(late, 1, 0), undefined, 'nobody is pinged either');
  assert.equal(
    routes.buckets[0]!.nodes.map((node) => node.host),
    eight.map((node) => node.host),
  );
  assert.is(routes.buckets[0]!.replacements.length, 1, 'it waits in the replacement cache');
});

rules('a bad node makes room at once', () => {
  const { routes, eight } = fullHalf();
  const bad = eight[3]!;
  routes.failed(bad.host, bad.port, 1);
  routes.failed(bad.host, bad.port, 2);
  routes.answered(contact(0x81, 50), 10, 3);
  const hosts = routes.buckets[0]!.nodes.map((node) => node.host);
  assert.not.ok(hosts.includes(bad.host));
  assert.ok(hosts.includes(contact(0x81, 50).host));
});

rules('questionable nodes are pinged, the least recently seen first', () => {
  const { routes, eight } = fullHalf();
  eight.forEach((node, i) => {
    routes.answered(node, 10, 1000 * (8 - i));
  });
  const check = routes.answered(contact(0x81, 50), 10, FRESH_MS + 10_000);
  assert.is(check?.host, eight[7]!.host);
});

rules('a questionable node gets one retry, then its place is taken', () => {
  const { routes, eight } = fullHalf();
  const laterMs = FRESH_MS + 1;
  const first = routes.answered(contact(0x81, 50), 10, laterMs)!;
  first.isChecked = true;
  const again = routes.failed(first.host, first.port, laterMs);
  assert.is(again?.host, first.host, 'the same once more');
  routes.failed(first.host, first.port, laterMs);
  const hosts = routes.buckets[0]!.nodes.map((node) => node.host);
  assert.not.ok(hosts.includes(first.host));
  assert.ok(hosts.includes(contact(0x81, 50).host));
  assert.ok(eight.some((node) => node.host === first.host));
});

rules('a questionable node that answers stays, and the next one is pinged until all are good', () => {
  const { routes } = fullHalf();
  const laterMs = FRESH_MS + 1;
  let check = routes.answered(contact(0x81, 50), 10, laterMs);
  const pinged = new Set<string>();
  while (check !== undefined) {
    pinged.add(check.host);
    check = routes.answered(check, 10, laterMs);
  }
  assert.is(pinged.size, 8);
  assert.not.ok(routes.buckets[0]!.nodes.some((node) => node.host === contact(0x81, 50).host));
});

rules('the replacement cache keeps the fastest eight', () => {
  const { routes } = fullHalf();
  for (let i = 20; i < 60; i++) routes.answered(contact(0x90, i), 1000 - i, 0);
  const waiting = routes.buckets[0]!.replacements;
  assert.is(waiting.length, 8);
  assert.ok(waiting.every((node) => node.rttMs <= 1000 - 52));
});

rules('a bucket that has not changed for 15 minutes is to be refreshed', () => {
  const { routes, eight } = fullHalf();
  assert.equal(routes.staleBuckets(FRESH_MS - 1), []);
  routes.answered(eight[0]!, 10, FRESH_MS - 1);
  assert.not.ok(routes.staleBuckets(FRESH_MS).includes(0), 'an answer counts as a change');
  assert.ok(routes.staleBuckets(2 * FRESH_MS).includes(0));
  routes.markRefreshed(0, 2 * FRESH_MS);
  assert.not.ok(routes.staleBuckets(2 * FRESH_MS + 1).includes(0));
});

rules('the eight nearest good nodes are told of, as a plain search would find them', () => {
  const routes = table();
  for (let i = 0; i < 400; i++) routes.answered(contact((i * 37) & 255, i), 10, 0);
  for (let t = 0; t < 64; t++) {
    const target = id(t * 4, t);
    const distance = (node: NodeContact): string =>
      Buffer.from(node.id.map((byte, at) => byte ^ target[at]!)).toString('hex');
    const plain = routes.nodes().sort((a, b) => (distance(a) < distance(b) ? -1 : 1));
    assert.equal(
      routes.nearest(target, 8, 0).map((node) => node.host),
      plain.slice(0, 8).map((node) => node.host),
    );
    const compact = routes.compactNearest(target, 0);
    assert.is(compact.length, 8 * 26);
    const told = new Set(
      Array.from({ length: 8 }, (_, at) =>
        Buffer.from(compact.subarray(at * 26, at * 26 + 20)).toString('hex'),
      ),
    );
    assert.ok(
      plain.slice(0, 8).every((node) => told.has(Buffer.from(node.id).toString('hex'))),
      'also from the cache',
    );
  }
});

rules('BEP 45: an endpoint that shows another id loses its place', () => {
  const routes = table();
  const one = contact(0x80, 1);
  routes.answered(one, 10, 0);
  routes.answered({ ...one, id: id(0x90) }, 10, 1);
  assert.is(routes.size, 1);
  assert.is(routes.nodes()[0]!.id[0], 0x90);
});

rules('two nodes of one /24 are the most that a bucket takes; loopback is not counted', () => {
  const routes = table();
  for (let i = 0; i < 8; i++)
    routes.answered({ id: id(0x80, i), host: `61.2.3.${i + 1}`, port: 6881 }, 10, 0);
  assert.is(routes.size, 2);
  for (let i = 0; i < 6; i++) routes.answered({ id: id(0x90, i), host: '127.0.0.1', port: 7000 + i }, 10, 0);
  assert.is(routes.size, 8);
});

rules(
  'BEP 42: where there is no room, an id that fits its address takes the place of one that does not',
  async () => {
    const { secureId } = await import('../../../engine/discovery/dht/id.ts');
    const { SimRandom } = await import('../../../engine/runtime/sim/chance.ts');
    const { routes } = fullHalf();
    const random = new SimRandom(1, 'x');
    let secure = secureId(Uint8Array.of(99, 9, 9, 9), random);
    while (secure[0]! < 0x80) secure = secureId(Uint8Array.of(99, 9, 9, 9), random);
    routes.answered({ id: secure, host: '99.9.9.9', port: 1 }, 10, 0);
    assert.ok(routes.buckets[0]!.nodes.some((node) => node.host === '99.9.9.9'));
    assert.is(routes.buckets[0]!.nodes.length, 8);
  },
);

rules('the own id is never taken in', () => {
  const routes = table();
  routes.answered({ id: OWN, host: '60.1.1.1', port: 1 }, 10, 0);
  assert.is(routes.size, 0);
});

rules.run();
