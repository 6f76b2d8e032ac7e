// Aim: a swarm that gets everything from a magnet link and one peer: metadata, further peers (PEX), data; the local
// network in place of any peer (LSD); and BEP 27: a private torrent uses neither.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { magnetLink } from '../../../engine/bittorrent/magnet/encode.ts';
import { parseMagnet } from '../../../engine/bittorrent/magnet/parse.ts';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import { SHARD_DEFAULTS, Shard } from '../../../engine/bittorrent/torrent/shard.ts';
import { asDict, decodeBencode, encodeBencode } from '../../../engine/codec/bencode.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import type { ManagedTorrent } from '../../../engine/node/managed-torrent.ts';
import { Session } from '../../../engine/node/session.ts';
import type { LocalFinder } from '../../../engine/node/sources/finders.ts';
import { openLocalSearch } from '../../../engine/node/sources/open-local-search.ts';
import { ALL_SOURCES, sourcesFor } from '../../../engine/node/sources/source-rules.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { hasContent, putContent, SIM_PORT, SIM_ROOT } from '../../bittorrent/support/sim-peer.ts';

const test = suite('magnet swarm');
const sources = { ...ALL_SOURCES, trackers: false };

interface Node {
  readonly host: SimHost;
  readonly session: Session;
  readonly shard: Shard;
  readonly slab: Slab;
  managed: ManagedTorrent | undefined;
}

async function startNode(world: SimWorld, address: string, lsd = false): Promise<Node> {
  const host = world.host({ address, upBytesPerSec: 300_000, downBytesPerSec: 2_000_000 });
  const { runtime } = host;
  const slab = new Slab({ slotCount: 256, threadCountMax: 1 });
  const hashes = new InlineHashService({}, { slab });
  const peerId = runtime.random.bytes(20);
  const shard = new Shard({ ...SHARD_DEFAULTS, peerId }, { runtime, slab, hashes });
  let finder: LocalFinder | undefined;
  const session = new Session(
    { listen: { host: address, port: SIM_PORT }, sources },
    { runtime, slab, hashes, shard, events: {}, finders: () => ({ lsd: finder }) },
  );
  let ready = false;
  void session
    .listen()
    .then(async () => {
      if (lsd) finder = await openLocalSearch({ host: address, port: SIM_PORT }, runtime);
    })
    .then(() => (ready = true));
  await world.run({ until: () => ready });
  return { host, session, shard, slab, managed: undefined };
}

/** `seeder`: its files are there. */
function run(node: Node, made: MadeTorrent, seeder: boolean): ManagedTorrent {
  const have = seeder ? { have: Bitfield.full(made.metainfo.pieceCount) } : {};
  const managed = node.session.add({ metainfo: made.metainfo, root: SIM_ROOT, ...have });
  void (seeder ? putContent(node.host, made) : Promise.resolve()).then(() => managed.start());
  node.managed = managed;
  return managed;
}

/** By the link alone, and by whom it names. */
function runByLink(node: Node, made: MadeTorrent, peer?: string): void {
  const link = magnetLink(made.metainfo) + (peer === undefined ? '' : `&x.pe=${peer}:${SIM_PORT}`);
  const search = node.session.search(parseMagnet(link));
  void search.found.then(({ metainfo, candidates }) => {
    node.managed = node.session.add({ metainfo, root: SIM_ROOT });
    node.managed.addPeers(candidates);
    void node.managed.start();
  });
}

function asPrivate(made: MadeTorrent): MadeTorrent {
  const decoded = decodeBencode(made.metainfo.rawInfo);
  const info = new Map(decoded.ok ? asDict(decoded.value) : []);
  const bytes = encodeBencode({ info: info.set('private', 1) });
  return { ...made, bytes, metainfo: parseMetainfo(bytes) };
}

async function finish(world: SimWorld, nodes: readonly Node[], made: MadeTorrent): Promise<void> {
  await world.run({
    untilMs: 400_000,
    until: () => nodes.every((node) => node.managed?.have.isFull === true),
  });
  let right = 0;
  for (const node of nodes) {
    assert.ok(node.managed?.have.isFull, `${node.host.address} has everything, seed ${world.seed}`);
    void hasContent(node.host, made).then((same) => (right += same ? 1 : 0));
  }
  await world.run({ forMs: 10_000, until: () => right === nodes.length });
  assert.is(right, nodes.length);
  for (const { session, shard } of nodes) void session.close().then(() => shard.close());
  await world.run({ forMs: 20_000 });
  for (const { slab } of nodes) slab.assertAllReturned();
}

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: eight peers with the link and one address each end with every byte, and know each other`, async () => {
    const made = makeTorrent({ name: 'm', pieceLength: 65_536, fileBytes: [3_000_000, 70_000], version });
    const world = new SimWorld({ seed: 4 });
    const seeder = await startNode(world, '10.0.0.1');
    run(seeder, made, true);
    const others: Node[] = [];
    for (let index = 2; index < 10; index++) others.push(await startNode(world, `10.0.0.${index}`));
    // A chain: each knows the one before.
    for (const [index, node] of others.entries()) runByLink(node, made, `10.0.0.${index + 1}`);
    await world.run({ untilMs: 200_000, until: () => others.every(({ managed }) => managed !== undefined) });
    await world.run({ forMs: 70_000 });
    for (const { managed, host } of others.slice(1)) {
      const known = managed!.torrent.pool.endpoints();
      assert.ok(known.length > 1, `${host.address} knows ${known.length}`);
    }
    await finish(world, [seeder, ...others], made);
  });
}

test('the local network in place of any peer (BEP 14)', async () => {
  const made = makeTorrent({ name: 'm', pieceLength: 65_536, fileBytes: [500_000] });
  const world = new SimWorld({ seed: 5 });
  const seeder = await startNode(world, '10.0.0.1', true);
  run(seeder, made, true);
  const leecher = await startNode(world, '10.0.0.2', true);
  runByLink(leecher, made);
  await finish(world, [seeder, leecher], made);
});

test('a private torrent hears nothing by PEX or LSD (BEP 27)', async () => {
  assert.equal(sourcesFor(true, ALL_SOURCES), { ...ALL_SOURCES, dht: false, pex: false, lsd: false });
  assert.equal(sourcesFor(false, sources), sources);
  const made = asPrivate(makeTorrent({ name: 'm', pieceLength: 65_536, fileBytes: [500_000] }));
  assert.ok(made.metainfo.isPrivate);
  const world = new SimWorld({ seed: 6 });
  const [a, hub, c] = [
    await startNode(world, '10.0.0.1', true),
    await startNode(world, '10.0.0.2', true),
    await startNode(world, '10.0.0.3', true),
  ];
  const first = run(a, made, false);
  run(hub, made, false);
  const last = run(c, made, false);
  for (const managed of [first, last]) managed.addPeers([{ host: '10.0.0.2', port: SIM_PORT }]);
  await world.run({ forMs: 200_000 });
  assert.equal(first.torrent.pool.endpoints(), [{ host: '10.0.0.2', port: SIM_PORT }]);
  assert.equal(last.torrent.pool.endpoints(), [{ host: '10.0.0.2', port: SIM_PORT }]);
  assert.is(first.torrent.peers.size, 1);
});

test('what the DHT told before a magnet link turned out to be private is forgotten (BEP 27)', async () => {
  for (const isPrivate of [false, true]) {
    const plain = makeTorrent({ name: 'm', pieceLength: 65_536, fileBytes: [500_000] });
    const made = isPrivate ? asPrivate(plain) : plain;
    const world = new SimWorld({ seed: 8 });
    const seeder = await startNode(world, '10.0.0.1');
    run(seeder, made, true);
    const leecher = await startNode(world, '10.0.0.2');
    const link = `${magnetLink(made.metainfo)}&x.pe=10.0.0.1:${SIM_PORT}`;
    const search = leecher.session.search(parseMagnet(link));
    search.addPeers([{ host: '10.0.0.9', port: 9 }]);
    let candidates: readonly Endpoint[] | undefined;
    void search.found.then((found) => (candidates = found.candidates));
    await world.run({ untilMs: 100_000, until: () => candidates !== undefined });
    const hosts = new Set(candidates?.map(({ host }) => host));
    assert.ok(hosts.has('10.0.0.1'), 'the link names it');
    assert.is(hosts.has('10.0.0.9'), !isPrivate);
  }
});

test('only the files that are wanted are fetched (BEP 53)', async () => {
  const made = makeTorrent({ name: 'm', pieceLength: 16_384, fileBytes: [100_000, 200_000, 50_000] });
  const world = new SimWorld({ seed: 7 });
  const seeder = await startNode(world, '10.0.0.1');
  run(seeder, made, true);
  const leecher = await startNode(world, '10.0.0.2');
  const managed = leecher.session.add({ metainfo: made.metainfo, root: SIM_ROOT });
  managed.selectFiles([{ first: 2, last: 2 }]);
  managed.addPeers([{ host: '10.0.0.1', port: SIM_PORT }]);
  void managed.start();
  await world.run({ untilMs: 60_000, until: () => managed.state === 'seeding' });
  assert.is(managed.state, 'seeding');
  assert.is(managed.have.count, 4);
  let found: Uint8Array | undefined;
  void leecher.host.runtime.files.readFile(join(SIM_ROOT, 'm/f002'), 60_000).then((bytes) => (found = bytes));
  await world.run({ until: () => found !== undefined });
  assert.equal(found, made.content.get('m/f002'));
});

test.run();
