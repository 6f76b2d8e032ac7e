// Aim: rate limits hold within 5 % over ten seconds, up and down, alone and together with others; peers get alike;
// a change counts at once; nobody is taken for silent because he was not read. A failure prints its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { TORRENT_DEFAULTS } from '../../../engine/bittorrent/torrent/options.ts';
import type { Torrent } from '../../../engine/bittorrent/torrent/torrent.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { putContent, SIM_PORT, SIM_ROOT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('rate limits');
const SEED = 5;
const made = makeTorrent({ name: 'limited', pieceLength: 65536, fileBytes: [24_000_000] });
const three = ['a', 'b', 'c'].map((name) =>
  makeTorrent({ name, pieceLength: 65536, fileBytes: [9_000_000] }),
);

interface Swarm {
  readonly world: SimWorld;
  readonly seeds: readonly SimPeer[];
  readonly leeches: readonly SimPeer[];
}

/** Every leech knows every seed and nobody else. */
async function swarm(counts: { readonly seeds: number; readonly leeches: number }): Promise<Swarm> {
  const world = new SimWorld({ seed: SEED });
  const seeds: SimPeer[] = [];
  const leeches: SimPeer[] = [];
  let ready = false;
  const boot = async (): Promise<void> => {
    for (let index = 0; index < counts.seeds + counts.leeches; index++) {
      const isSeed = index < counts.seeds;
      const host = world.host({ address: `10.1.0.${index + 1}`, access: { latencyMs: 10 } });
      const slots = Number.POSITIVE_INFINITY;
      (isSeed ? seeds : leeches).push(await startSimPeer(host, made, { seeder: isSeed, slots }));
    }
    ready = true;
  };
  void boot();
  await world.run({ until: () => ready, forMs: 60_000 });
  return { world, seeds, leeches };
}

function connect({ seeds, leeches }: Swarm): void {
  const endpoints = seeds.map(({ host }) => ({ host: host.address, port: SIM_PORT }));
  for (const { torrent } of leeches) torrent.addCandidates(endpoints);
}

/** Bytes per second that `count` grows by over ten seconds. */
async function rateOf(world: SimWorld, count: () => number): Promise<number> {
  const before = count();
  await world.run({ forMs: 10_000 });
  return (count() - before) / 10;
}

function isNear(rate: number, limit: number, what: string): void {
  const off = Math.abs(rate - limit) / limit;
  assert.ok(off < 0.05, `${what}: ${Math.round(rate)} of ${limit} bytes/s, seed ${SEED}`);
}

const uploaded = (peers: readonly SimPeer[]) => () =>
  peers.reduce((sum, { torrent }) => sum + torrent.upRate.totalBytes, 0);
const downloaded = (peers: readonly SimPeer[]) => () =>
  peers.reduce((sum, { torrent }) => sum + torrent.downRate.totalBytes, 0);

test('uploads keep to the limit, a change counts at once, and all peers get alike', async () => {
  const there = await swarm({ seeds: 1, leeches: 4 });
  const { limits } = there.seeds[0]!.torrent;
  limits.set({ downLimit: 0, upLimit: 400_000 });
  connect(there);
  await there.world.run({ forMs: 1_000 });
  isNear(await rateOf(there.world, uploaded(there.seeds)), 400_000, 'at first');
  limits.set({ downLimit: 0, upLimit: 100_000 });
  isNear(await rateOf(there.world, uploaded(there.seeds)), 100_000, 'lowered');
  limits.set({ downLimit: 0, upLimit: 1_000_000 });
  const before = there.leeches.map(({ torrent }) => torrent.downRate.totalBytes);
  isNear(await rateOf(there.world, uploaded(there.seeds)), 1_000_000, 'raised');
  for (const [index, { torrent }] of there.leeches.entries()) {
    const share = (torrent.downRate.totalBytes - before[index]!) / 10_000_000;
    assert.ok(Math.abs(share - 0.25) < 0.05, `leech ${index} had ${share}`);
  }
  limits.set({ downLimit: 0, upLimit: 0 });
  await there.world.run({ forMs: 5_000 });
  assert.ok(
    there.leeches.every(({ torrent }) => torrent.have.isFull),
    'without a limit the rest comes fast',
  );
});

test('downloads keep to the limit by not reading, from all peers alike', async () => {
  const there = await swarm({ seeds: 4, leeches: 1 });
  const { torrent } = there.leeches[0]!;
  torrent.limits.set({ downLimit: 500_000, upLimit: 0 });
  connect(there);
  await there.world.run({ forMs: 3_000 });
  const before = [...torrent.peers.values()].map(({ connection }) => connection.downloadedBytes);
  assert.is(before.length, 4);
  isNear(await rateOf(there.world, downloaded(there.leeches)), 500_000, 'at first');
  for (const [index, { connection }] of [...torrent.peers.values()].entries()) {
    const share = (connection.downloadedBytes - before[index]!) / 5_000_000;
    assert.ok(Math.abs(share - 0.25) < 0.06, `seed ${index} gave ${share}`);
  }
  torrent.limits.set({ downLimit: 150_000, upLimit: 0 });
  await there.world.run({ forMs: 1_000 });
  isNear(await rateOf(there.world, downloaded(there.leeches)), 150_000, 'lowered');
  torrent.limits.set({ downLimit: 0, upLimit: 0 });
  await there.world.run({ forMs: 5_000 });
  assert.ok(torrent.have.isFull, 'without a limit the rest comes fast');
});

/** A node that seeds three torrents, and three peers that want one each. */
async function threeTorrents() {
  const world = new SimWorld({ seed: SEED });
  const host = world.host({ address: '10.1.0.1', access: { latencyMs: 10 } });
  const seeds: Torrent[] = [];
  const leeches: Torrent[] = [];
  let node: SimPeer | undefined;
  const boot = async (): Promise<void> => {
    node = await startSimPeer(host, three[0]!, { seeder: true });
    seeds.push(node.torrent);
    for (const one of three.slice(1)) {
      await putContent(host, one);
      const have = Bitfield.full(one.metainfo.pieceCount);
      seeds.push(node.shard.add({ ...TORRENT_DEFAULTS, root: SIM_ROOT, have }, one.metainfo, {}));
      seeds.at(-1)!.start();
    }
    for (const [index, one] of three.entries()) {
      const peer = world.host({ address: `10.1.0.${index + 2}`, access: { latencyMs: 10 } });
      leeches.push((await startSimPeer(peer, one)).torrent);
    }
  };
  void boot();
  await world.run({ forMs: 1_000 });
  return { world, seeds, leeches, node: node! };
}

test('a torrent keeps to its own limit, to that of its category, its tracker and of all', async () => {
  const { world, seeds, leeches, node } = await threeTorrents();
  const [first, second, third] = seeds as [Torrent, Torrent, Torrent];
  const { limits } = node.shard;
  second.limits.assign({ category: 'films', trackerHost: '' });
  third.limits.assign({ category: '', trackerHost: 'b.example' });
  limits.setAll({ downLimit: 0, upLimit: 900_000 });
  limits.setCategory('films', { downLimit: 0, upLimit: 400_000 });
  first.limits.set({ downLimit: 0, upLimit: 100_000 });
  for (const torrent of leeches) torrent.addCandidates([{ host: '10.1.0.1', port: SIM_PORT }]);
  await world.run({ forMs: 500 });
  first.limits.assign({ category: 'films', trackerHost: 'a.example' });
  await world.run({ forMs: 1_000 });
  const sum = (torrents: readonly Torrent[]) => () =>
    torrents.reduce((bytes, { upRate }) => bytes + upRate.totalBytes, 0);
  const before = seeds.map(({ upRate }) => upRate.totalBytes);
  isNear(await rateOf(world, sum(seeds)), 900_000, 'all');
  const rates = seeds.map(({ upRate }, index) => (upRate.totalBytes - before[index]!) / 10);
  isNear(rates[0]!, 100_000, 'its own');
  isNear(rates[0]! + rates[1]!, 400_000, 'category');
  limits.setTrackers({ 'b.example': { downLimit: 0, upLimit: 200_000 } });
  limits.setAll({ downLimit: 0, upLimit: 0 });
  isNear(await rateOf(world, sum([third])), 200_000, 'tracker');
  const atLast = third.upRate.totalBytes;
  limits.setTrackers({});
  await world.run({ forMs: 1_000 });
  assert.ok(third.upRate.totalBytes - atLast > 1_000_000, 'lifted');
  await node.shard.close();
  await world.run({ forMs: 1_000 });
  assert.equal(limits.waiting, { down: 0, up: 0 });
});

test('a limit so low that a peer waits for minutes costs no connection', async () => {
  const there = await swarm({ seeds: 30, leeches: 1 });
  const { torrent, shard } = there.leeches[0]!;
  torrent.limits.set({ downLimit: 3_000, upLimit: 0 });
  connect(there);
  await there.world.run({ forMs: 600_000 });
  assert.is(torrent.peers.size, 30);
  assert.equal([...shard.closeReasons], []);
  assert.is([...torrent.peers.values()].filter(({ download }) => download.snubbed).length, 0);
  const total = torrent.downRate.totalBytes;
  assert.ok(Math.abs(total / 600 - 3_000) < 900, `${total / 600} bytes/s`);
});

test.run();
