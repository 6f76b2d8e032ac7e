// Aim: fifty downloading peers of this very engine finish in the simulated world, and the same seed replays the
// same run event by event. A failure prints its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('swarm of fifty');

const PEERS = 50;
const MEGABIT = 125_000;
const made = makeTorrent({ name: 'swarm', pieceLength: 65536, fileBytes: [1_500_000, 1, 700_000] });

interface Outcome {
  readonly trace: string;
  readonly lines: readonly string[];
  readonly peers: readonly SimPeer[];
  readonly world: SimWorld;
}

async function runSwarm(seed: number): Promise<Outcome> {
  const world = new SimWorld({ seed, recordTrace: true });
  const peers: SimPeer[] = [];
  const boot = async (): Promise<void> => {
    for (let index = 0; index <= PEERS; index++) {
      const host = world.host({
        address: `10.0.${index >> 8}.${(index & 255) + 1}`,
        upBytesPerSec: (index === 0 ? 20 : 10) * MEGABIT,
        downBytesPerSec: 50 * MEGABIT,
        access: { latencyMs: 5 + (index % 7) * 5, jitterMs: 2, lossRate: 0.001 },
      });
      peers.push(await startSimPeer(host, made, { seeder: index === 0 }));
    }
    for (const [index, peer] of peers.entries()) {
      if (index === 0) continue;
      const known = [0, (index * 7) % PEERS, (index * 13) % PEERS, (index * 29 + 5) % PEERS, index - 1];
      const endpoints = [...new Set(known)]
        .filter((other) => other !== index)
        .map((other) => ({ host: peers[other]!.host.address, port: SIM_PORT }));
      peer.torrent.addCandidates(endpoints);
    }
  };
  void boot();
  await world.run({
    untilMs: 600_000,
    until: () => peers.length === PEERS + 1 && peers.every((peer) => peer.torrent.picker.isDone),
  });
  return { trace: world.trace.hash, lines: world.trace.lines, peers, world };
}

test('every peer has every byte, and all slots are back', async () => {
  const { peers, world } = await runSwarm(1);
  const doneAtMs = world.nowMs;
  assert.is(peers.filter((peer) => peer.torrent.have.isFull).length, PEERS + 1, 'seed 1');
  let right = 0;
  for (const peer of peers) void hasContent(peer.host, made).then((same) => (right += same ? 1 : 0));
  await world.run({ until: () => right === PEERS + 1, forMs: 60_000 });
  assert.is(right, PEERS + 1, 'seed 1');
  // The seeder alone would need 50 × 2.2 MB at 2.5 MB/s = 44 s: the peers must have served each other.
  assert.ok(doneAtMs < 30_000, `took ${doneAtMs} ms of virtual time`);
  for (const peer of peers) void peer.shard.close();
  await world.run({ forMs: 10_000 });
  for (const peer of peers) peer.slab.assertAllReturned();
});

test('the same seed gives the same events, byte for byte; another seed gives others', async () => {
  const first = await runSwarm(7);
  const again = await runSwarm(7);
  const other = await runSwarm(8);
  const at = first.lines.findIndex((line, index) => line !== again.lines[index]);
  assert.is(at, -1, `seed 7 differs at event ${at}: ${first.lines[at]} / ${again.lines[at]}`);
  assert.is(first.lines.length, again.lines.length);
  assert.is(first.trace, again.trace);
  assert.is.not(first.trace, other.trace);
});

test.run();
