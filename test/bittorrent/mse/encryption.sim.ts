// Aim: shards with every pair of encryption modes find one another or refuse one another as the modes say, fall back
// to plain where they may, transfer every byte, and give all memory back. A failure prints its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncryptionMode } from '../../../engine/bittorrent/mse/types.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('encryption');

const made = makeTorrent({ name: 'secret', pieceLength: 65_536, fileBytes: [700_001, 3] });
const other = makeTorrent({ name: 'other', pieceLength: 65_536, fileBytes: [100] });

interface Pair {
  readonly world: SimWorld;
  readonly seeder: SimPeer;
  readonly leecher: SimPeer;
}

function hostsOf(world: SimWorld, count: number): SimHost[] {
  return Array.from({ length: count }, (_, index) =>
    world.host({ address: `10.0.0.${index + 1}`, access: { latencyMs: 5 } }),
  );
}

async function run(world: SimWorld, condition: () => boolean, forMs = 60_000): Promise<void> {
  await world.run({ until: condition, forMs });
}

async function pair(seed: number, seederMode: EncryptionMode, leecherMode: EncryptionMode): Promise<Pair> {
  const world = new SimWorld({ seed });
  const [a, b] = hostsOf(world, 2) as [SimHost, SimHost];
  let seeder: SimPeer | undefined;
  let leecher: SimPeer | undefined;
  void startSimPeer(a, made, { seeder: true, shard: { encryption: seederMode } }).then((peer) => {
    seeder = peer;
  });
  void startSimPeer(b, made, { shard: { encryption: leecherMode } }).then((peer) => {
    leecher = peer;
  });
  await run(world, () => seeder !== undefined && leecher !== undefined);
  leecher!.torrent.addCandidates([{ host: a.address, port: SIM_PORT }]);
  return { world, seeder: seeder!, leecher: leecher! };
}

/** Dialler and dialled: whether they come together, and whether all is encrypted or the handshake alone. */
type Outcome = 'encrypted' | 'obfuscated' | 'plain' | 'nothing';
const CASES: readonly (readonly [EncryptionMode, EncryptionMode, Outcome])[] = [
  ['off', 'off', 'plain'],
  ['off', 'prefer', 'plain'],
  ['off', 'require', 'nothing'],
  ['prefer', 'off', 'plain'],
  ['prefer', 'prefer', 'obfuscated'],
  ['prefer', 'require', 'encrypted'],
  ['require', 'off', 'nothing'],
  ['require', 'prefer', 'encrypted'],
  ['require', 'require', 'encrypted'],
];

for (const [dialler, dialled, outcome] of CASES) {
  test(`${dialler} dials ${dialled}: ${outcome}`, async () => {
    const { world, seeder, leecher } = await pair(11, dialled, dialler);
    await run(world, () => leecher.torrent.picker.isDone, outcome === 'nothing' ? 30_000 : 120_000);
    assert.is(leecher.torrent.picker.isDone, outcome !== 'nothing', 'seed 11');
    if (outcome !== 'nothing') {
      let same: boolean | undefined;
      void hasContent(leecher.host, made).then((result) => {
        same = result;
      });
      await run(world, () => same !== undefined);
      assert.ok(same, 'every byte, seed 11');
    }
    const sides = [seeder, leecher].map(({ shard }) => shard.encryption);
    for (const { stats } of sides) {
      assert.is(stats.encrypted > 0, outcome === 'encrypted');
      assert.is(stats.obfuscated > 0, outcome === 'obfuscated');
    }
    assert.is(leecher.shard.encryption.stats.fellBack > 0, dialler === 'prefer' && dialled === 'off');
    if (dialler === 'off' && dialled === 'require') {
      assert.ok((seeder.shard.closeReasons.get('encryption-required') ?? 0) > 0);
    }
    if (dialler === 'require' && dialled === 'off') {
      assert.ok((leecher.shard.closeReasons.get('encryption-failed') ?? 0) > 0);
    }
    for (const peer of [seeder, leecher]) void peer.shard.close();
    await run(world, () => false, 10_000);
    for (const { slab, shard } of [seeder, leecher]) {
      assert.is(shard.encryption.ciphers.size, 0);
      slab.assertAllReturned();
    }
  });
}

test('one encrypted and one plain peer get the same blocks at once: what is sent to one spoils nothing', async () => {
  const world = new SimWorld({ seed: 12 });
  const hosts = hostsOf(world, 3);
  const peers: SimPeer[] = [];
  for (const [index, encryption] of (['prefer', 'require', 'off'] as const).entries()) {
    void startSimPeer(hosts[index]!, made, { seeder: index === 0, shard: { encryption } }).then((peer) =>
      peers.push(peer),
    );
  }
  await run(world, () => peers.length === 3);
  const leechers = peers.filter(({ host }) => host !== hosts[0]);
  for (const { torrent } of leechers) torrent.addCandidates([{ host: hosts[0]!.address, port: SIM_PORT }]);
  await run(world, () => leechers.every(({ torrent }) => torrent.picker.isDone), 120_000);
  for (const { torrent } of leechers) assert.ok(torrent.picker.isDone, 'seed 12');
});

test('a caller that means a torrent which is not here is told apart and let go', async () => {
  const world = new SimWorld({ seed: 13 });
  const [a, b] = hostsOf(world, 2) as [SimHost, SimHost];
  const peers: SimPeer[] = [];
  void startSimPeer(a, made, { shard: { encryption: 'prefer' } }).then((peer) => peers.push(peer));
  void startSimPeer(b, other, { shard: { encryption: 'require' } }).then((peer) => peers.push(peer));
  await run(world, () => peers.length === 2);
  const [here, caller] = [peers.find(({ host }) => host === a)!, peers.find(({ host }) => host === b)!];
  caller.torrent.addCandidates([{ host: a.address, port: SIM_PORT }]);
  await run(world, () => (here.shard.closeReasons.get('unknown-torrent') ?? 0) > 0);
  assert.is(here.shard.closeReasons.get('unknown-torrent'), 1, 'seed 13');
});

test('callers that never finish are let go after a while, and only so many of one address may try at once', async () => {
  const world = new SimWorld({ seed: 14 });
  const [a, b, c] = hostsOf(world, 3) as [SimHost, SimHost, SimHost];
  let peer: SimPeer | undefined;
  const shard = { encryption: 'prefer', encryptionHandshakesMax: 40, encryptionTimeoutMs: 4000 } as const;
  void startSimPeer(a, made, { shard }).then((started) => {
    peer = started;
  });
  await run(world, () => peer !== undefined);
  let closed = 0;
  for (let index = 0; index < 20; index++) {
    const target = new Uint8Array(4096);
    const stream = b.runtime.network.connect(
      { host: a.address, port: SIM_PORT },
      {
        onOpen: () => stream.write(new Uint8Array(10).fill(200)),
        readTarget: () => target,
        onRead: () => {},
        onDrain: () => {},
        onClose: () => closed++,
      },
      { timeoutMs: 5000 },
    );
  }
  await run(world, () => closed === 15, 2000);
  assert.is(peer!.shard.closeReasons.get('too-many-peers'), 15, 'seed 14');
  let other: SimPeer | undefined;
  void startSimPeer(c, made, { shard: { encryption: 'require' } }).then((started) => {
    other = started;
    started.torrent.addCandidates([{ host: a.address, port: SIM_PORT }]);
  });
  await run(world, () => other?.torrent.peers.size === 1, 2000);
  assert.is(peer!.shard.encryption.stats.encrypted, 1, 'another address has its own share');
  await run(world, () => closed === 20, 10_000);
  assert.is(peer!.shard.closeReasons.get('encryption-failed'), 5);
  assert.is(peer!.shard.connectionCount, 1);
});

test.run();
