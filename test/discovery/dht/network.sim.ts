/**
 * Aim: whole networks of DHT nodes on a virtual clock: they join by the protocol alone, peers and items are found also
 * when three nodes of ten are silent, addresses and ids sort themselves out, and what stops is over. The large run of
 * the same is `bench/dht/`.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { announceMany, lookUpAll, quantile } from '../../../bench/dht/sim/look-ups.ts';
import { SimNetwork } from '../../../bench/dht/sim/network.ts';
import { hex } from '../../../engine/codec/hex.ts';
import { addressBytes } from '../../../engine/discovery/dht/compact.ts';
import { crawl } from '../../../engine/discovery/dht/crawler.ts';
import { isSecureId } from '../../../engine/discovery/dht/id.ts';
import { makeItem, publicKeyOf } from '../../../engine/discovery/dht/item.ts';
import { followTorrent, pointerTo } from '../../../engine/discovery/dht/mutable-torrent.ts';
import { FRESH_MS } from '../../../engine/discovery/dht/table-node.ts';
import type { DhtItem, PeersFound } from '../../../engine/discovery/dht/types.ts';
import { id } from './support/ids.ts';

const sim = suite('DHT networks');
const SEED = 20_261;

async function grown(nodes: number, lossRate = 0): Promise<SimNetwork> {
  const network = new SimNetwork({ seed: SEED, nodes, lossRate });
  await network.grow();
  return network;
}

/** Lets time pass until the promise is settled. */
async function settle<T>(network: SimNetwork, promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  await network.world.run({ forMs: 600_000, until: () => done });
  assert.ok(done, `still under way; seed ${SEED}`);
  return watched;
}

sim('300 nodes, of which 30 % fall silent: every stored peer is found, in well under a second', async () => {
  const network = await grown(300, 0.005);
  const known = network.nodes.map(({ node }) => node.table.size);
  assert.ok(Math.min(...known) >= 8, `the loneliest knows ${Math.min(...known)}`);
  const hashes = await announceMany(network, 60);
  network.silence(0.3);
  const figures = await lookUpAll(network, hashes);
  assert.ok(figures.found >= 59, `${figures.found} of 60 found; seed ${SEED}`);
  assert.ok(quantile(figures.firstMs, 0.5) <= 250, `median ${quantile(figures.firstMs, 0.5)} ms`);
  assert.ok(quantile(figures.firstMs, 0.95) < 1000, `95th percentile ${quantile(figures.firstMs, 0.95)} ms`);
});

sim(
  'BEP 5, 33: a peer that announces is found by others with its counts, and forgotten when it stops',
  async () => {
    const network = await grown(60);
    const infoHash = id(1, 2, 3);
    const running = network.nodes
      .slice(5, 10)
      .map(({ node }, i) => node.announce(infoHash, 7000 + i, () => {}, { isSeed: () => i < 2 }));
    await network.world.run({ forMs: 10_000 });
    const found: PeersFound = await settle(
      network,
      network.nodes[20]!.node.findPeers(infoHash, () => {}, { scrape: true }),
    );
    assert.equal(found.peers.map(({ port }) => port).sort(), [7000, 7001, 7002, 7003, 7004]);
    assert.is(found.seeders, 2);
    assert.is(found.leechers, 3);
    await network.world.run({ forMs: 60 * 60_000 });
    const later = await settle(network, network.nodes[20]!.node.findPeers(infoHash));
    assert.is(later.peers.length, 5, 'announced again and again');
    for (const announcement of running) announcement.stop();
    await network.world.run({ forMs: 60 * 60_000 });
    const last = await settle(network, network.nodes[20]!.node.findPeers(infoHash));
    assert.is(last.peers.length, 0);
  },
);

sim('BEP 5: buckets that have not changed are refreshed, and dead nodes leave the tables', async () => {
  const network = await grown(60);
  network.silence(0.3);
  await network.world.run({ forMs: 3 * FRESH_MS });
  const silent = new Set(
    network.nodes.filter(({ host }) => host.silent).map(({ host }) => host.endpoint.host),
  );
  const { node } = network.pick();
  const nearest = node.table.nearest(node.id, 8, network.world.timeline.nowMs);
  assert.is(nearest.length, 8);
  assert.ok(
    nearest.every(({ host }) => !silent.has(host)),
    'nobody is told of the dead',
  );
});

sim('BEP 42: a node with an id by chance finds out its address and takes an id that fits', async () => {
  const network = await grown(60);
  const { node, host } = network.add({ nodeId: id(1) });
  void node.start();
  await network.world.run({ forMs: 30_000 });
  assert.is(node.externalAddress, host.endpoint.host);
  assert.ok(isSecureId(node.id, addressBytes(host.endpoint.host)!));
  const { node: fixed } = network.add({ nodeId: id(2), keepNodeId: true });
  void fixed.start();
  await network.world.run({ forMs: 30_000 });
  assert.equal(fixed.id, id(2));
});

sim('BEP 43: a read-only node finds others, answers nobody and gets into no table', async () => {
  const network = await grown(40);
  const { node, host } = network.add({ readOnly: true });
  const running = settle(network, node.start());
  await running;
  assert.ok(node.table.size >= 8);
  await network.world.run({ forMs: 120_000 });
  for (const other of network.nodes.slice(0, 40)) {
    assert.is(other.node.table.find(host.endpoint.host, host.endpoint.port), undefined);
  }
  const before = node.stats.datagramsOut;
  network.nodes[0]!.node.addNode(host.endpoint);
  await network.world.run({ forMs: 3000 });
  assert.is(node.stats.datagramsOut, before);
});

sim(
  'BEP 44: items are put and found; a newer one replaces the older; cas refuses the wrong one',
  async () => {
    const network = await grown(60);
    const [a, b] = [network.nodes[3]!.node, network.nodes[40]!.node];
    const value = new Uint8Array(Buffer.from('5:hello'));
    const stored = await settle(network, a.items.put({ value }));
    assert.is(stored.stored, 8);
    const { itemTarget } = await import('../../../engine/discovery/dht/item.ts');
    const got = await settle(network, b.items.getImmutable(itemTarget({ value })));
    assert.equal(got.item?.value, value);
    const seed = new Uint8Array(32).fill(9);
    const item = (sequence: number): DhtItem =>
      makeItem({
        seed,
        salt: new Uint8Array(0),
        sequence,
        value: new Uint8Array(Buffer.from(`i${sequence}e`)),
      });
    await settle(network, a.items.put(item(1)));
    await settle(network, b.items.put(item(2)));
    const newest = await settle(network, a.items.getMutable(publicKeyOf(seed)));
    assert.is(newest.item?.signed?.sequence, 2);
    const refused = await settle(network, a.items.put(item(3), 1));
    assert.is(refused.stored, 0);
    assert.is(refused.refused, 8);
    assert.is((await settle(network, a.items.put(item(3), 2))).stored, 8);
  },
);

sim('BEP 46: a torrent that changes is followed, and its item stays while somebody follows it', async () => {
  const network = await grown(60);
  const [owner, reader] = [network.nodes[3]!.node, network.nodes[40]!.node];
  const seed = new Uint8Array(32).fill(4);
  const salt = new Uint8Array(Buffer.from('n'));
  const version = (sequence: number): DhtItem =>
    makeItem({ seed, salt, sequence, value: pointerTo(id(sequence)) });
  const seen: string[] = [];
  const following = followTorrent({ publicKey: publicKeyOf(seed), salt }, reader.items, (infoHash) =>
    seen.push(hex(infoHash)),
  );
  await settle(network, owner.items.put(version(1)));
  await network.world.run({ forMs: 60_000 });
  assert.equal(seen, [hex(id(1))]);
  await settle(network, owner.items.put(version(2)));
  await network.world.run({ forMs: 20 * 60_000 });
  assert.equal(seen, [hex(id(1)), hex(id(2))]);
  await owner.stop();
  await network.world.run({ forMs: 5 * 60 * 60_000 });
  const kept = await settle(network, network.nodes[50]!.node.items.getMutable(publicKeyOf(seed), salt));
  assert.is(kept.item?.signed?.sequence, 2, 'two hours would have been its end');
  following.stop();
});

sim('BEP 51: a crawl asks each node once and lists what they store', async () => {
  const network = await grown(60);
  const hashes = await announceMany(network, 30);
  const report = await settle(network, crawl(network.nodes[7]!.node));
  assert.ok(report.asked >= 55, `asked ${report.asked}`);
  assert.is(report.sampling, report.answered);
  const listed = new Set(report.infoHashes);
  assert.ok(hashes.filter((infoHash) => listed.has(hex(infoHash))).length >= 28);
  const few = await settle(network, crawl(network.nodes[7]!.node, { nodesMax: 5, infoHashesMax: 3 }));
  assert.ok(few.asked <= 5 && few.infoHashes.length <= 3, 'bounded');
});

sim('a table that was saved is enough to come back without any bootstrap node', async () => {
  const network = await grown(60);
  const saved = network.nodes[10]!.node.export();
  assert.ok(saved.length >= 8);
  const { node } = network.add({ savedNodes: saved, bootstrap: [] });
  await settle(network, node.start());
  assert.ok(node.table.size >= saved.length / 2);
});

sim('who stops is silent, and whoever waits gets what there is', async () => {
  const network = await grown(40);
  const { node } = network.nodes[5]!;
  const search = node.findPeers(id(9));
  node.announce(id(9), 1, () => assert.unreachable('stopped'));
  await node.stop();
  const before = node.stats.datagramsOut;
  assert.equal((await settle(network, search)).peers, []);
  await network.world.run({ forMs: 30 * 60_000 });
  assert.is(node.stats.datagramsOut, before);
});

sim(
  'who listens nowhere hears of peers, is stored by nobody, and asks no more often than others',
  async () => {
    const network = await grown(60);
    const infoHash = id(4, 4);
    network.nodes[5]!.node.announce(infoHash, 7000, () => {});
    await network.world.run({ forMs: 10_000 });
    const heard: number[] = [];
    const { node } = network.nodes[7]!;
    node.announce(infoHash, 0, (peers) => heard.push(...peers.map(({ port }) => port)));
    await network.world.run({ forMs: 10_000 });
    assert.equal(new Set(heard), new Set([7000]));
    const before = node.stats.queriesOut;
    await network.world.run({ forMs: 5 * 60_000 });
    assert.ok(node.stats.queriesOut - before < 30, `${node.stats.queriesOut - before} more queries`);
    const found = await settle(network, network.nodes[20]!.node.findPeers(infoHash));
    assert.equal(
      found.peers.map(({ port }) => port),
      [7000],
    );
  },
);

sim('nobody is contacted without a bootstrap node', async () => {
  const network = new SimNetwork({ seed: 1, nodes: 1 });
  const { node } = network.add();
  await settle(network, node.start());
  await network.world.run({ forMs: 10 * 60_000 });
  assert.is(network.world.datagrams, 0);
});

sim('equal seeds give equal networks', async () => {
  const run = async (): Promise<string> => {
    const network = await grown(30);
    return network.nodes.map(({ node }) => `${hex(node.id)} ${node.stats.bytesOut}`).join();
  };
  assert.is(await run(), await run());
});

sim.run();
