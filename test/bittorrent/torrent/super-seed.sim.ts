// Aim: a super-seeder (BEP 16) fills a swarm and sends little more than one copy of it, and one peer alone gets all of
// it too.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('super-seeding');
const made = makeTorrent({ name: 's', pieceLength: 32_768, fileBytes: [32_768 * 60] });

async function swarm(world: SimWorld, leechers: number, superSeed: boolean): Promise<SimPeer[]> {
  const peers: SimPeer[] = [];
  const boot = async (): Promise<void> => {
    for (let index = 0; index <= leechers; index++) {
      const host = world.host({
        address: `10.0.0.${index + 1}`,
        upBytesPerSec: 500_000,
        downBytesPerSec: 2_000_000,
        access: { latencyMs: 10 },
      });
      peers.push(await startSimPeer(host, made, { seeder: index === 0, torrent: { superSeed } }));
    }
    const endpoints = peers.map(({ host }) => ({ host: host.address, port: SIM_PORT }));
    for (const [index, peer] of peers.entries()) {
      peer.torrent.addCandidates(endpoints.filter((_, other) => other !== index));
    }
  };
  void boot();
  await world.run({
    untilMs: 300_000,
    until: () => peers.length > leechers && peers.every(({ torrent }) => torrent.have.isFull),
  });
  return peers;
}

test('a swarm of eight: everybody has everything, and the seeder sent hardly more than one copy', async () => {
  const peers = await swarm(new SimWorld({ seed: 1 }), 8, true);
  assert.is(peers.filter(({ torrent }) => torrent.have.isFull).length, 9, 'seed 1');
  const copies = peers[0]!.torrent.upRate.totalBytes / made.metainfo.contentBytes;
  assert.ok(copies < 1.6, `${copies.toFixed(2)} copies`);
  const plain = await swarm(new SimWorld({ seed: 1 }), 8, false);
  const without = plain[0]!.torrent.upRate.totalBytes / made.metainfo.contentBytes;
  assert.ok(copies < without, `${copies.toFixed(2)} copies, ${without.toFixed(2)} without`);
});

test('one peer alone is not kept waiting for others', async () => {
  const peers = await swarm(new SimWorld({ seed: 2 }), 1, true);
  assert.ok(peers[1]!.torrent.have.isFull, 'seed 2');
});

test.run();
