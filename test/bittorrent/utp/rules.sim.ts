// Aim: the rules of BEP 29, each seen from outside: a peer whose packets are written by hand hears what we send.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ScriptedPeer } from './support/scripted-peer.ts';

const test = suite('BEP 29');
const FULL = 1380;
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

test('connection setup: ST_SYN has number 1 and our id; all later packets carry the id after it', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  const [syn] = peer.got;
  assert.equal([syn!.type, syn!.seq, syn!.bytes.length], [4, 1, 20]);
  assert.ok(peer.owner.opened);
  peer.owner.write(bytes(10));
  await peer.pass();
  const [data] = peer.data();
  assert.is(data!.connectionId, (syn!.connectionId + 1) & 0xffff);
  assert.equal(
    [data!.seq, data!.ack],
    [2, 4999],
    'the first data has number 2; the peer’s first will have 5000',
  );
});

test('connection setup: an answer to somebody else’s request opens nothing', async () => {
  const peer = await ScriptedPeer.start();
  peer.owner.stream = peer.ours.endpoint.connect({ host: '10.0.0.2', port: 7000 }, peer.owner, {
    timeoutMs: 5000,
  });
  await peer.pass(15);
  peer.connectionId = peer.last.connectionId;
  peer.say({ seq: 9, ack: 77 });
  peer.say({ type: 0, seq: 9, ack: 1, payload: bytes(3) });
  await peer.pass();
  assert.not(peer.owner.opened);
});

test('connection setup: the called side answers with ST_STATE on the caller’s id and listens to the one after it', async () => {
  const peer = await ScriptedPeer.start();
  await peer.calls();
  const [answer] = peer.got;
  assert.equal([answer!.type, answer!.connectionId, answer!.ack], [2, 300, 1]);
  assert.ok(peer.owner.opened);
  peer.owner.write(bytes(10));
  await peer.pass();
  assert.is(peer.data()[0]!.seq, answer!.seq, 'as programs in use do, the answer takes no number');
});

test('connection setup: a caller that goes by the letter of the diagram gets data from the next number on', async () => {
  const peer = await ScriptedPeer.start();
  peer.ours.endpoint.listen((stream) => {
    peer.owner.stream = stream;
    return peer.owner;
  });
  peer.say({ type: 4, connectionId: 300, seq: 1 });
  await peer.pass();
  peer.connectionId = 301;
  peer.say({ type: 0, seq: 2, ack: peer.got[0]!.seq, payload: bytes(1) });
  await peer.pass();
  peer.owner.write(bytes(10));
  await peer.pass();
  assert.is(peer.data()[0]!.seq, (peer.got[0]!.seq + 1) & 0xffff);
});

test('connection setup: a request that is repeated is answered again, alike', async () => {
  const peer = await ScriptedPeer.start();
  peer.ours.endpoint.listen(() => peer.owner);
  for (let i = 0; i < 3; i++) peer.say({ type: 4, connectionId: 300, seq: 1 });
  await peer.pass();
  assert.is(peer.got.length, 3);
  assert.is(new Set(peer.got.map(({ seq }) => seq)).size, 1);
  assert.is(peer.ours.endpoint.halfOpenCount, 1);
  assert.not(peer.owner.opened, 'nobody has shown that our answer arrives');
});

test('ST_STATE: what comes is acknowledged once for a batch, and the acknowledgement takes no number', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  const before = peer.got.length;
  for (let i = 0; i < 5; i++) peer.say({ type: 0, seq: 5000 + i, payload: bytes(100, i) });
  await peer.pass();
  const answers = peer.got.slice(before);
  assert.equal(
    answers.map(({ type, ack, seq }) => [type, ack, seq]),
    [[2, 5004, 2]],
  );
  assert.is(peer.owner.byteLength, 500);
});

test('ack_nr, wnd_size: bytes nobody reads narrow the window, and reading widens it again', async () => {
  const peer = await ScriptedPeer.start({ receiveWindowBytes: 20_000 });
  await peer.called();
  peer.owner.stream!.pause();
  let seq = 5000;
  for (let i = 0; i < 8; i++) peer.say({ type: 0, seq: seq++, payload: bytes(1000) });
  await peer.pass();
  const narrow = peer.last.windowBytes;
  assert.ok(narrow <= 12_000, `${narrow}`);
  for (let i = 0; i < 20; i++) peer.say({ type: 0, seq: seq++, payload: bytes(1000) });
  await peer.pass();
  assert.is(peer.last.windowBytes, 0);
  assert.ok(peer.last.ack < seq - 1, 'what has no room is not acknowledged');
  peer.owner.stream!.resume();
  await peer.pass();
  assert.is(peer.last.windowBytes, 20_000, 'it is told without being asked');
});

test('timestamp_difference: how long the peer’s packet was under way by the two clocks', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ type: 0, seq: 5000, timestampUs: (peer.world.nowMs * 1000 - 123_000) >>> 0, payload: bytes(1) });
  await peer.pass();
  assert.is(peer.last.differenceUs, 133_000, '10 ms on the way, and a clock that is 123 ms late');
});

test('selective ack: a gap is answered with a mask whose first bit stands for ack_nr + 2', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  for (const seq of [5001, 5003, 5009, 5041]) peer.say({ type: 0, seq, payload: bytes(10) });
  await peer.pass();
  const { ack, sackBytes, sackAt, bytes: raw } = peer.last;
  assert.equal([ack, sackBytes], [4999, 8], 'a multiple of 32 bits');
  assert.equal([...raw.subarray(sackAt, sackAt + 8)], [0b101, 1, 0, 0, 0, 1, 0, 0]);
  assert.is(peer.owner.byteLength, 0, 'nothing is handed out before its turn');
  peer.say({ type: 0, seq: 5000, payload: bytes(10) });
  await peer.pass();
  assert.equal([peer.last.ack, peer.owner.byteLength], [5001, 20]);
});

test('selective ack: one packet after three later ones is lost and sent again, once', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(6 * FULL));
  await peer.pass(20);
  assert.is(peer.data().length, 6);
  peer.say({ ack: 1, sack: [0b011, 0, 0, 0] });
  await peer.pass(30);
  assert.is(peer.data().length, 6, 'two later ones are not enough');
  peer.say({ ack: 1, sack: [0b111, 0, 0, 0] });
  await peer.pass(30);
  peer.say({ ack: 1, sack: [0b111, 0, 0, 0] });
  await peer.pass(30);
  assert.equal(
    peer.data().map(({ seq }) => seq),
    [2, 3, 4, 5, 6, 7, 2],
  );
});

test('three duplicate acknowledgements: the packet after them is lost', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(6 * FULL));
  await peer.pass(20);
  peer.say({ ack: 3 });
  await peer.pass(5);
  for (let i = 0; i < 3; i++) peer.say({ ack: 3 });
  await peer.pass(30);
  assert.is(peer.data().at(-1)!.seq, 4);
});

test('timeouts: 1,000 ms before anything is measured, 500 ms at least after that, doubled each time', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(10));
  await peer.pass(4000);
  const times = peer.data().map(({ atMs }) => atMs);
  const waits = times.slice(1).map((atMs, i) => Math.round((atMs - times[i]!) / 10) * 10);
  assert.equal(waits, [500, 1000, 2000]);
  const syn = await ScriptedPeer.start();
  syn.owner.stream = syn.ours.endpoint.connect({ host: '10.0.0.2', port: 7000 }, syn.owner, {
    timeoutMs: 9000,
  });
  await syn.pass(3500);
  assert.equal(
    syn.got.map(({ atMs }) => Math.round(atMs - 10)),
    [0, 1000, 3000],
  );
});

test('timeouts: the window is one packet then, and everything under way is sent again', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(5 * FULL));
  await peer.pass(300);
  assert.is(peer.data().length, 5);
  await peer.pass(400);
  assert.is(peer.data().length, 6);
  assert.is(peer.data()[5]!.seq, 2);
  peer.say({ ack: 2 });
  await peer.pass(30);
  assert.ok(peer.data().length >= 7);
  peer.say({ ack: 6 });
  await peer.pass();
  assert.is(peer.connection.sender.ring.count, 0);
});

test('wnd_size: no more is under way than the peer takes', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ windowBytes: 3000 });
  await peer.pass();
  peer.owner.write(bytes(20_000));
  await peer.pass();
  assert.is(peer.data().length, 2);
  peer.say({ ack: 3, windowBytes: 3000 });
  await peer.pass();
  assert.is(peer.data().length, 4);
});

test('wnd_size 0: the peer is asked again, and what it threw away is sent when it has room', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ windowBytes: 0 });
  await peer.pass();
  peer.owner.write(bytes(3000));
  await peer.pass(100);
  assert.is(peer.data().length, 0);
  await peer.pass(2000);
  assert.ok(peer.data().length >= 1, 'asked');
  assert.ok(peer.data().every(({ seq }) => seq === 2));
  const before = peer.data().length;
  peer.say({ windowBytes: 100_000 });
  await peer.pass(100);
  assert.is(peer.data()[before]!.seq, 2);
});

test('a receiver whose room is full of later packets takes the missing one', async () => {
  const peer = await ScriptedPeer.start({ receiveWindowBytes: 10_000 });
  await peer.called();
  for (let i = 1; i < 20; i++) peer.say({ type: 0, seq: 5000 + i, payload: bytes(1000) });
  await peer.pass();
  assert.is(peer.last.windowBytes, 0);
  peer.say({ type: 0, seq: 5000, payload: bytes(1000) });
  await peer.pass();
  assert.ok(peer.owner.byteLength > 8000);
  assert.is(peer.last.windowBytes, 10_000);
});

test('a lost packet is sent again to a peer that says it has no room', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(6 * FULL));
  await peer.pass(20);
  peer.say({ ack: 1, sack: [0b1111, 0, 0, 0], windowBytes: 0 });
  await peer.pass(30);
  assert.is(peer.data().at(-1)!.seq, 2);
  assert.is(peer.data().length, 7);
});

test('ST_FIN: has a number; earlier packets are waited for, and it is acknowledged', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ type: 1, seq: 5002 });
  peer.say({ type: 0, seq: 5001, payload: bytes(10) });
  await peer.pass();
  assert.is(peer.owner.end, undefined);
  peer.say({ type: 0, seq: 5000, payload: bytes(10) });
  await peer.pass();
  assert.is(peer.owner.byteLength, 20);
  assert.is(peer.owner.end!.kind, 'ended');
  assert.is(peer.last.ack, 5002);
  assert.ok(
    peer.got.some(({ type, seq }) => type === 1 && seq === 2),
    'we end as well',
  );
});

test('ST_FIN: ours follows all that was written, and is sent again until it is acknowledged', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(2000));
  peer.owner.stream!.end();
  await peer.pass(700);
  const fins = peer.got.filter(({ type }) => type === 1);
  assert.is(fins[0]!.seq, 4);
  peer.say({ type: 1, seq: 5000, ack: 4 });
  await peer.pass();
  assert.is(peer.owner.end!.kind, 'closed');
  assert.is(peer.ours.endpoint.connectionCount, 0);
});

test('ST_RESET ends it at once, if it knows our numbers', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ type: 3, ack: 30_000 });
  await peer.pass();
  assert.is(peer.owner.end, undefined, 'a guess');
  peer.say({ type: 3, ack: 2, connectionId: (peer.connectionId + 1) & 0xffff });
  await peer.pass();
  assert.is(peer.owner.end!.kind, 'reset', 'also under the id that we send');
});

test('ST_RESET answers data for no connection, but nothing else, and only so often', async () => {
  const peer = await ScriptedPeer.start({ resetsPerSecMax: 10 });
  peer.connectionId = 77;
  peer.say({ type: 2, seq: 9 });
  peer.say({ type: 3, seq: 9 });
  await peer.pass();
  assert.is(peer.got.length, 0);
  for (let i = 0; i < 50; i++) peer.say({ type: 0, seq: 9, payload: bytes(3) });
  await peer.pass();
  assert.is(peer.got.length, 10);
  assert.equal([peer.last.type, peer.last.connectionId, peer.last.ack], [3, 77, 9]);
});

test('an acknowledgement of what was never sent is not of this connection', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.say({ type: 0, seq: 5000, ack: 400, payload: bytes(10) });
  await peer.pass();
  assert.is(peer.owner.byteLength, 0);
});

test('a packet that is known already is acknowledged again and handed out once', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  for (let i = 0; i < 3; i++) {
    peer.say({ type: 0, seq: 5000, payload: bytes(10) });
    await peer.pass();
  }
  assert.is(peer.owner.byteLength, 10);
  assert.is(peer.got.filter(({ ack }) => ack === 5000).length, 3);
});

test('an idle connection says something every 29 seconds, so that routers remember it', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  const before = peer.got.length;
  await peer.pass(61_000);
  assert.is(peer.got.length - before, 2);
});

test('a peer that falls silent is given up', async () => {
  const peer = await ScriptedPeer.start();
  await peer.called();
  peer.owner.write(bytes(10));
  await peer.pass(70_000);
  assert.equal(peer.owner.end, { kind: 'timeout', code: 'ETIMEDOUT' });
  assert.is(peer.ours.endpoint.keptBytes.sent, 0);
});

test.run();
