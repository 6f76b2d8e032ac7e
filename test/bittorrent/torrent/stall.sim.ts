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
/** How a request begins on the wire. */
const REQUEST = Buffer.from([0, 0, 0, 13, 6]);
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

/** The blocks that were asked of a stranger since the last look. */
function requestsIn({ received }: Stranger): [piece: number, begin: number, byteLength: number][] {
  const bytes = Buffer.concat(received.splice(0));
  const found: [number, number, number][] = [];
  for (let at = bytes.indexOf(REQUEST); at !== -1; at = bytes.indexOf(REQUEST, at + 17)) {
    found.push([bytes.readUInt32BE(at + 5), bytes.readUInt32BE(at + 9), bytes.readUInt32BE(at + 13)]);
  }
  return found;
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

test('peers that never answer do not keep the slots of what they were asked for', async () => {
  const world = new SimWorld({ seed: 3 });
  await start(world, SEEDER.host, { seeder: true });
  const leecher = await start(world, LEECHER.host, { slotCount: 16 });
  const silent = [1, 2, 3, 4, 5, 6].map((index) => lure(world, index));
  await world.run({ forMs: 1000 });
  for (const { stream } of silent) stream.write(Buffer.concat([message(14), message(1)]));
  await world.run({ forMs: 5000 });
  assert.is(leecher.slab.leasedSlots, 16, 'they hold all there is');
  leecher.torrent.addCandidates([SEEDER]);
  for (let minute = 0; minute < 4 && !leecher.torrent.picker.isDone; minute++) {
    for (const { stream } of silent) stream.write(new Uint8Array(4));
    await world.run({ forMs: 60_000, until: () => leecher.torrent.picker.isDone });
  }
  assert.ok(leecher.torrent.have.isFull, `${leecher.torrent.have.count} of 40 pieces`);
});

test('a peer that rejects everything is asked about once a second', async () => {
  const world = new SimWorld({ seed: 4 });
  await start(world, LEECHER.host);
  const rejecter = lure(world, 1);
  await world.run({ forMs: 1000 });
  rejecter.stream.write(Buffer.concat([message(14), message(1)]));
  let rejected = 0;
  for (let turn = 0; turn < 500; turn++) {
    for (const request of requestsIn(rejecter)) {
      rejecter.stream.write(message(16, ...request));
      rejected++;
    }
    await world.run({ forMs: 20 });
  }
  assert.ok(rejected >= 10, `${rejected} were rejected`);
  assert.ok(rejected <= 60, `${rejected} were rejected`);
});

test('blocks that come after a choke all the same are no reason to let a peer go', async () => {
  const world = new SimWorld({ seed: 5 });
  const leecher = await start(world, LEECHER.host);
  const host = world.host({ address: '10.9.0.1' });
  const fickle = stranger(host, { target: LEECHER, infoHash: made.metainfo.infoHashV1! });
  await world.run({ forMs: 1000 });
  fickle.stream.write(Buffer.concat([...Array(40).keys()].map((piece) => message(4, piece))));
  let late = 0;
  for (let turn = 0; turn < 200; turn++) {
    fickle.stream.write(message(1));
    await world.run({ forMs: 100 });
    const asked = requestsIn(fickle);
    fickle.stream.write(message(0));
    for (const [piece, begin, byteLength] of asked) {
      const block = Buffer.concat([message(7, piece, begin), Buffer.alloc(byteLength)]);
      block.writeUInt32BE(9 + byteLength, 0);
      fickle.stream.write(block);
      late++;
    }
    await world.run({ forMs: 100 });
  }
  assert.ok(late > 512, `${late} blocks came late`);
  assert.not.ok(fickle.closed, String([...leecher.shard.closeReasons]));
});

test.run();
