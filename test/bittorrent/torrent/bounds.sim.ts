// Aim: what strangers can pile up on a shard and a torrent stops at its bound: connections, peers of a torrent,
// blocks nobody asked for, requests, allowed fast pieces, silent peers.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';
import { message, type Stranger, stranger as strangerOf } from '../support/stranger.ts';

const test = suite('bounds of shard and torrent');
const made = makeTorrent({ name: 'bounds', pieceLength: 65_536, fileBytes: [65_536 * 200] });
const TARGET = { host: '10.0.0.1', port: SIM_PORT };

/** A stranger on a host of its own. */
function stranger(world: SimWorld, index: number, options: Parameters<typeof strangerOf>[2] = {}): Stranger {
  const host = world.host({ address: `10.9.${index >> 8}.${index & 255}` });
  return strangerOf(host, { target: TARGET, infoHash: made.metainfo.infoHashV1! }, { index, ...options });
}

async function start(world: SimWorld, options: Parameters<typeof startSimPeer>[2] = {}): Promise<SimPeer> {
  let peer: SimPeer | undefined;
  void startSimPeer(world.host({ address: TARGET.host }), made, options).then((started) => (peer = started));
  await world.run({ until: () => peer !== undefined });
  return peer!;
}

test('connections of a shard end at connectionsMax', async () => {
  const world = new SimWorld({ seed: 1 });
  const peer = await start(world, { seeder: true, shard: { connectionsMax: 20 } });
  const strangers = Array.from({ length: 30 }, (_, i) => stranger(world, i + 1, { mute: true }));
  await world.run({ forMs: 2000 });
  assert.is(peer.shard.connectionCount, 20);
  assert.is(strangers.filter(({ closed }) => closed).length, 10);
});

test('connections being made count: nothing is dialled beyond connectionsMax', async () => {
  const world = new SimWorld({ seed: 11 });
  const peer = await start(world, { shard: { connectionsMax: 3 } });
  const listening: number[] = [];
  for (let i = 1; i <= 10; i++) {
    const { network } = world.host({ address: `10.9.1.${i}` }).runtime;
    void network.listen({ host: `10.9.1.${i}`, port: 1 }, () => undefined).then(() => listening.push(i));
  }
  await world.run({ until: () => listening.length === 10 });
  peer.torrent.addCandidates(listening.map((i) => ({ host: `10.9.1.${i}`, port: 1 })));
  assert.is(peer.shard.connectionCount, 3);
  await world.run({ forMs: 6000 });
  const ended = [...peer.shard.closeReasons.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(ended >= 10, 'the others had their turn');
});

test('peers of a torrent end at peersMax', async () => {
  const world = new SimWorld({ seed: 2 });
  const peer = await start(world, { seeder: true, torrent: { peersMax: 5 } });
  for (let i = 1; i <= 12; i++) stranger(world, i);
  await world.run({ forMs: 2000 });
  assert.is(peer.torrent.peers.size, 5);
  assert.is(peer.shard.closeReasons.get('too-many-peers'), 7);
});

test('a peer that sends blocks nobody asked for is let go', async () => {
  const world = new SimWorld({ seed: 3 });
  const peer = await start(world);
  const flooder = stranger(world, 1);
  await world.run({ forMs: 1000 });
  const block = Buffer.concat([message(7, 0, 0), Buffer.alloc(16)]);
  block.writeUInt32BE(9 + 16, 0);
  for (let i = 0; i < 600; i++) flooder.stream.write(block);
  await world.run({ forMs: 5000 });
  assert.ok(flooder.closed);
  assert.is(peer.shard.closeReasons.get('unwanted-blocks'), 1);
});

test('requests beyond the queue are rejected with the fast extension, else the peer is let go', async () => {
  const world = new SimWorld({ seed: 4 });
  const peer = await start(world, { seeder: true, shard: { requestQueueMax: 100 } });
  const requests = Buffer.concat(
    Array.from({ length: 300 }, (_, i) => message(6, i % 100, (i % 4) * 16_384, 16_384)),
  );
  for (const fast of [true, false]) {
    const greedy = stranger(world, fast ? 1 : 2, { fast });
    await world.run({ forMs: 500 });
    greedy.stream.write(message(2));
    await world.run({ forMs: 500 });
    greedy.stream.write(requests);
    await world.run({ forMs: 10_000 });
    assert.is(greedy.closed, !fast);
  }
  assert.is(peer.shard.closeReasons.get('request-flood'), 1);
});

test('allowed fast pieces of one peer end at 64', async () => {
  const world = new SimWorld({ seed: 5 });
  const peer = await start(world);
  const generous = stranger(world, 1, { fast: true });
  await world.run({ forMs: 1000 });
  for (let piece = 0; piece < 150; piece++) generous.stream.write(message(17, piece));
  await world.run({ forMs: 1000 });
  const [known] = [...peer.torrent.peers.values()];
  assert.is(known!.download.fastPieces.size, 64);
});

test('no memory is taken for an extension message of more than 64 KiB', async () => {
  const world = new SimWorld({ seed: 12 });
  const peer = await start(world);
  const verbose = stranger(world, 1, { extended: true });
  await world.run({ forMs: 1000 });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(64 * 1024 + 1, 0);
  frame[4] = 20;
  verbose.stream.write(frame);
  await world.run({ forMs: 1000 });
  assert.ok(verbose.closed);
  assert.is(peer.shard.closeReasons.get('message-too-long'), 1);
});

test('a peer may say again what it has, as aria2 does, but not without end', async () => {
  const world = new SimWorld({ seed: 7 });
  const peer = await start(world);
  const chatty = stranger(world, 1, { fast: true });
  await world.run({ forMs: 1000 });
  const bitfield = Buffer.alloc(5 + 25);
  bitfield.writeUInt32BE(26, 0);
  bitfield[4] = 5;
  for (let piece = 0; piece < 20; piece++) {
    bitfield[5 + (piece >> 3)]! |= 0x80 >> (piece & 7);
    chatty.stream.write(Buffer.from(bitfield));
  }
  await world.run({ forMs: 1000 });
  const [known] = [...peer.torrent.peers.values()];
  assert.is(known!.connection.pieces!.count, 20);
  assert.is(known!.download.picking.have.count, 20);
  for (let i = 0; i < 20; i++) chatty.stream.write(message(14));
  await world.run({ forMs: 1000 });
  assert.ok(chatty.closed);
  assert.is(peer.shard.closeReasons.get('bad-bitfield'), 1);
});

test('a peer that says nothing for two and a half minutes is let go; keep-alives keep it', async () => {
  const world = new SimWorld({ seed: 6 });
  const peer = await start(world, { seeder: true });
  const silent = stranger(world, 1);
  const alive = stranger(world, 2);
  for (let minute = 0; minute < 4; minute++) {
    await world.run({ forMs: 60_000 });
    alive.stream.write(new Uint8Array(4));
  }
  assert.ok(silent.closed);
  assert.not.ok(alive.closed);
  assert.is(peer.shard.closeReasons.get('silent'), 1);
  const heard = Buffer.concat(alive.received);
  assert.ok(heard.subarray(-4).equals(Buffer.alloc(4)), 'this side sends keep-alives too');
});

test('a peer that asks and does not take the answers is let go, with little kept for it', async () => {
  const world = new SimWorld({ seed: 8 });
  const peer = await start(world, { seeder: true });
  const deaf = stranger(world, 1, { fast: true });
  await world.run({ forMs: 1000 });
  deaf.stream.pause();
  // Choked, so each request is rejected.
  const requests = Buffer.concat(Array.from({ length: 4000 }, () => message(6, 150, 0, 16_384)));
  let unsentMax = 0;
  for (let i = 0; i < 50; i++) {
    deaf.stream.write(requests);
    await world.run({ forMs: 500 });
    for (const { connection } of peer.torrent.peers.values())
      unsentMax = Math.max(unsentMax, connection.unsentBytes);
  }
  assert.is(peer.shard.closeReasons.get('not-reading'), 1);
  assert.ok(unsentMax < 1.5 * 2 ** 20, `${unsentMax} bytes were kept`);
});

test('hashes are not piled up for a peer that does not take them', async () => {
  const world = new SimWorld({ seed: 9 });
  const v2 = makeTorrent({ name: 'b2', pieceLength: 16_384, fileBytes: [16_384 * 1024], version: 'v2' });
  let peer: SimPeer | undefined;
  void startSimPeer(world.host({ address: TARGET.host }), v2, { seeder: true }).then((p) => (peer = p));
  await world.run({ until: () => peer !== undefined });
  const to = { target: TARGET, infoHash: v2.metainfo.infoHashV2!.subarray(0, 20) };
  const deaf = strangerOf(world.host({ address: '10.9.0.1' }), to, {});
  await world.run({ forMs: 1000 });
  deaf.stream.pause();
  const request = message(21, ...Array<number>(8).fill(0), 0, 0, 512, 0);
  request.set(v2.metainfo.files[0]!.piecesRoot!, 5);
  const requests = Buffer.concat(Array.from({ length: 1000 }, () => request));
  let unsentMax = 0;
  for (let i = 0; i < 12; i++) {
    deaf.stream.write(requests);
    await world.run({ forMs: 500 });
    for (const { connection } of peer!.torrent.peers.values())
      unsentMax = Math.max(unsentMax, connection.unsentBytes);
  }
  assert.ok(unsentMax > 2 ** 17, 'it got some');
  assert.ok(unsentMax < 2 ** 20, `${unsentMax} bytes were kept`);
});

test('a peer that takes nothing of what it asked for gives the slots back in the end', async () => {
  const world = new SimWorld({ seed: 10 });
  const peer = await start(world, { seeder: true });
  const deaf = stranger(world, 1, { fast: true });
  await world.run({ forMs: 1000 });
  deaf.stream.pause();
  deaf.stream.write(message(2));
  await world.run({ forMs: 1000 });
  for (let piece = 0; piece < 200; piece++)
    for (let block = 0; block < 4; block++) deaf.stream.write(message(6, piece, block * 16_384, 16_384));
  await world.run({ forMs: 60_000 });
  assert.ok(peer.slab.leasedSlots > 0, 'its answers wait');
  for (let minute = 0; minute < 4; minute++) {
    deaf.stream.write(new Uint8Array(4));
    await world.run({ forMs: 60_000 });
  }
  assert.is(peer.shard.closeReasons.get('not-reading'), 1);
  peer.slab.assertAllReturned();
});

test.run();
