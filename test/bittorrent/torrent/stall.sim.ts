// Aim: a download goes on whatever its peers leave behind: after a stop, after pieces nobody can finish, and beside
// peers that never answer.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';
import { message, type Stranger, stranger } from '../support/stranger.ts';

const test = suite('stalls');
const PIECE = 65_536;
const made = makeTorrent({ name: 'stall', pieceLength: PIECE, fileBytes: [PIECE * 40 - 100] });
const LEECHER = { host: '10.0.0.1', port: SIM_PORT };
const SEEDER = { host: '10.0.0.2', port: SIM_PORT };

async function start(
  world: SimWorld,
  host: string,
  options: Parameters<typeof startSimPeer>[2] = {},
): Promise<SimPeer> {
  let peer: SimPeer | undefined;
  const at = world.host({ address: host, upBytesPerSec: 1_000_000, downBytesPerSec: 4_000_000 });
  void startSimPeer(at, made, options).then((started) => (peer = started));
  await world.run({ until: () => peer !== undefined });
  return peer!;
}

function lure(world: SimWorld, index: number): Stranger {
  const host = world.host({ address: `10.9.0.${index}` });
  const to = { target: LEECHER, infoHash: made.metainfo.infoHashV1! };
  return stranger(host, to, { index, fast: true });
}

async function seedAndFinish(world: SimWorld, leecher: SimPeer, forMs: number): Promise<void> {
  leecher.torrent.addCandidates([SEEDER]);
  await world.run({ forMs, until: () => leecher.torrent.picker.isDone });
  assert.ok(leecher.torrent.have.isFull, `${leecher.torrent.have.count} of 40 pieces`);
}

/** All pieces but these. */
function without(...pieces: number[]): Bitfield {
  const have = Bitfield.full(made.metainfo.pieceCount);
  for (const piece of pieces) have.clear(pieceIndex(piece));
  return have;
}

test('a torrent that was stopped in the middle goes on where it was', async () => {
  const world = new SimWorld({ seed: 1 });
  await start(world, SEEDER.host, { seeder: true });
  let done = 0;
  const leecher = await start(world, LEECHER.host, { events: { onDone: () => done++ } });
  leecher.torrent.addCandidates([SEEDER]);
  await world.run({ forMs: 20_000, until: () => leecher.torrent.have.count >= 10 });
  assert.ok(leecher.torrent.picker.partialCount > 0, 'pieces are under way');
  void leecher.torrent.stop();
  await world.run({ forMs: 1000 });
  leecher.slab.assertAllReturned();
  leecher.torrent.start();
  await seedAndFinish(world, leecher, 60_000);
  assert.is(done, 1);
  let same: boolean | undefined;
  void hasContent(leecher.host, made).then((result) => (same = result));
  await world.run({ until: () => same !== undefined });
  assert.ok(same);
});

test('pieces that nobody can finish do not keep others from being begun', async () => {
  const world = new SimWorld({ seed: 2 });
  await start(world, SEEDER.host, { seeder: true, torrent: { have: without(0, 1) } });
  // Room for two pieces under way.
  const leecher = await start(world, LEECHER.host, { slotCount: 16 });
  const first = lure(world, 1);
  await world.run({ forMs: 1000 });
  const bits = Buffer.alloc(10);
  bits.writeUInt32BE(6, 0);
  bits[4] = 5;
  bits[5] = 0xc0;
  first.stream.write(bits);
  first.stream.write(message(1));
  await world.run({ forMs: 1000 });
  // One block of each of the only two pieces it has, and it is gone.
  for (const piece of [0, 1]) {
    const block = Buffer.concat([message(7, piece, 0), Buffer.alloc(16_384)]);
    block.writeUInt32BE(9 + 16_384, 0);
    first.stream.write(block);
  }
  await world.run({ forMs: 1000 });
  assert.is(leecher.torrent.downloader.stats.wastedBytes, 0, 'both blocks were asked for');
  first.stream.end();
  await world.run({ forMs: 1000 });
  leecher.torrent.addCandidates([SEEDER]);
  await world.run({ forMs: 60_000, until: () => leecher.torrent.have.count === 38 });
  assert.is(leecher.torrent.have.count, 38);
});

test.run();
