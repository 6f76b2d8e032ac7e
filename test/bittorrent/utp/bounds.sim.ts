// Aim: what strangers can pile up on an endpoint of uTP stops at its bound; each row of LIMITS.md about uTP is filled here.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Deadlines } from '../../../engine/bittorrent/utp/deadlines.ts';
import { PacketPool } from '../../../engine/bittorrent/utp/packet-pool.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { Recorder } from '../../runtime/conformance/recorder.ts';
import { ScriptedPeer, THERE } from './support/scripted-peer.ts';

const test = suite('bounds of uTP');

test('requests of strangers: the oldest one makes room', async () => {
  const peer = await ScriptedPeer.start({ halfOpenMax: 10 });
  peer.ours.endpoint.listen(() => peer.owner);
  for (let id = 0; id < 30; id++) peer.say({ type: 4, connectionId: 100 + id, seq: 1 });
  await peer.pass();
  assert.is(peer.ours.endpoint.halfOpenCount, 10);
  const seqOf = (id: number): number => peer.got.find(({ connectionId }) => connectionId === id)!.seq;
  peer.say({ connectionId: 101, seq: 2, ack: (seqOf(100) - 1) & 0xffff });
  await peer.pass();
  assert.not(peer.owner.opened, 'forgotten');
  peer.say({ connectionId: 130, seq: 2, ack: (seqOf(129) - 1) & 0xffff });
  await peer.pass();
  assert.ok(peer.owner.opened, 'the newest is known');
});

test('a request is forgotten after 15 seconds, and one that was not answered to opens nothing', async () => {
  const peer = await ScriptedPeer.start();
  peer.ours.endpoint.listen(() => peer.owner);
  peer.say({ type: 4, connectionId: 100, seq: 1 });
  await peer.pass();
  peer.say({ connectionId: 101, seq: 2, ack: (peer.last.seq + 9) & 0xffff });
  await peer.pass(16_000);
  assert.not(peer.owner.opened, 'a guess');
  peer.say({ connectionId: 101, seq: 2, ack: (peer.got[0]!.seq - 1) & 0xffff });
  await peer.pass();
  assert.not(peer.owner.opened, 'too late');
});

test('connections: callers are refused, and nobody is called', async () => {
  const peer = await ScriptedPeer.start({ connectionsMax: 3 });
  const { endpoint } = peer.ours;
  endpoint.listen(() => new Recorder());
  const called = Array.from({ length: 5 }, () => {
    const owner = new Recorder();
    owner.stream = endpoint.connect(THERE, owner, { timeoutMs: 5000 });
    return owner;
  });
  assert.is(endpoint.connectionCount, 3);
  await peer.pass();
  assert.equal(
    called.map(({ end }) => end?.code),
    [undefined, undefined, undefined, 'EMFILE', 'EMFILE'],
  );
  peer.say({ type: 4, connectionId: 100, seq: 1 });
  await peer.pass();
  assert.is(peer.last.type, 3);
  assert.is(endpoint.halfOpenCount, 0);
});

test('what waits for its turn: a connection keeps no more than its window, an endpoint no more than its budget', async () => {
  const peer = await ScriptedPeer.start({ receiveWindowBytes: 30_000, receivedBytesMax: 100_000 });
  await peer.called();
  for (let i = 1; i < 200; i++) peer.say({ type: 0, seq: 5000 + i, payload: new Uint8Array(1000) });
  await peer.pass();
  const { received } = peer.ours.endpoint.keptBytes;
  assert.ok(received > 25_000 && received <= 31_200, `${received}`);
  const tight = await ScriptedPeer.start({ receiveWindowBytes: 1 << 20, receivedBytesMax: 50_000 });
  await tight.called();
  for (let i = 1; i < 200; i++) tight.say({ type: 0, seq: 5000 + i, payload: new Uint8Array(1000) });
  await tight.pass();
  assert.ok(tight.ours.endpoint.keptBytes.received <= 51_200);
  assert.is(tight.last.windowBytes, 0);
  tight.owner.stream!.destroy();
  await tight.pass(6000);
  assert.is(tight.ours.endpoint.keptBytes.received, 0);
});

test('tiny packets before their turn cost their sender more than they weigh', async () => {
  const peer = await ScriptedPeer.start({ receiveWindowBytes: 20_000 });
  await peer.called();
  for (let i = 1; i < 1000; i++) peer.say({ type: 0, seq: 5000 + i, payload: new Uint8Array(1) });
  await peer.pass();
  assert.ok(peer.connection.receiver!.reorder.count <= 100, `${peer.connection.receiver!.reorder.count}`);
});

test('a packet 2,048 or more ahead of its turn is not kept', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ type: 0, seq: 5000 + 2047, payload: new Uint8Array(1) });
  peer.say({ type: 0, seq: 5000 + 2048, payload: new Uint8Array(1) });
  await peer.pass();
  assert.is(peer.connection.receiver!.reorder.count, 1);
});

test('what is under way: as much as the window’s bound, whatever the peer says it takes', async () => {
  const peer = await ScriptedPeer.start({ sendWindowBytes: 50_000, packetsMax: 64 });
  await peer.called();
  peer.owner.write(new Uint8Array(1 << 20));
  for (let i = 0; i < 60; i++) {
    await peer.pass(25);
    peer.say({ ack: (peer.connection.sender.ring.next - 1) & 0xffff, windowBytes: 2 ** 31 });
    assert.ok(peer.connection.sender.outstandingBytes <= 50_000);
  }
});

test('what is under way in all connections: the rest has to wait', async () => {
  const peer = await ScriptedPeer.start({ sentBytesMax: 5600 });
  await peer.called();
  peer.owner.write(new Uint8Array(50_000));
  await peer.pass();
  assert.is(peer.connection.sender.ring.count, 4);
  assert.is(peer.ours.endpoint.keptBytes.sent, 5600);
});

test('unused packets that are kept: the rest goes to the garbage collector', () => {
  const pool = new PacketPool({ bytesMax: 1 << 20, spareBytesMax: 3000 });
  const packets = Array.from({ length: 10 }, () => pool.take(1400));
  for (const packet of packets) pool.give(packet, true);
  assert.is(pool.usedBytes, 0);
  const again = Array.from({ length: 3 }, () => pool.take(1400));
  assert.is(again.filter((packet) => packets.includes(packet)).length, 2);
  pool.give(again[0]!, false);
  assert.not(packets.includes(pool.take(1400)) && packets.includes(pool.take(1400)));
});

test('deadlines that move to and fro leave few entries behind', async () => {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '10.0.0.1' }).runtime;
  const deadlines = new Deadlines({ clock });
  const item = { dueMs: 29_000, queuedMs: Infinity, fired: 0, onDue: () => void item.fired++ };
  for (let i = 0; i < 200; i++) {
    item.dueMs = world.nowMs + 500;
    deadlines.update(item, world.nowMs);
    await world.run({ forMs: 50 });
    item.dueMs = world.nowMs + 29_000;
    deadlines.update(item, world.nowMs);
    await world.run({ forMs: 50 });
  }
  assert.ok(deadlines.storedEntries <= 4, `${deadlines.storedEntries}`);
  assert.is(item.fired, 0);
});

test.run();
