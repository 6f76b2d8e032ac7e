/**
 * Aim: a circuit keeps to the windows cell by cell, hands data over in order and in large pieces, and whatever the relay
 * at its other end does ends in what was agreed or in a circuit that is closed, with every stream told and all memory back.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { encodeSendme } from '../../../engine/onion/cell/flow-messages.ts';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { encodeResolved } from '../../../engine/onion/cell/resolve-messages.ts';
import { encodeConnected } from '../../../engine/onion/cell/stream-messages.ts';
import { CIRCUIT_MESSAGES_MAX } from '../../../engine/onion/client/circuit.ts';
import { STREAMS_PER_CIRCUIT_MAX } from '../../../engine/onion/client/circuit-streams.ts';
import { HALF_CLOSED_MAX } from '../../../engine/onion/client/half-closed.ts';
import { streamId } from '../../../engine/onion/units.ts';
import { OneHop, type StreamRecord } from './support/one-hop.ts';

const test = suite('a circuit of a client');
const DATA_BYTES = 498;

async function built(options: { allowPrivateAnswers?: boolean } = {}): Promise<OneHop> {
  const hop = new OneHop(options);
  hop.build();
  await hop.settle();
  assert.ok(hop.isBuilt);
  return hop;
}

/** A stream that is open. */
async function opened(hop: OneHop, consumes = true): Promise<StreamRecord> {
  const record = hop.stream('connect', consumes);
  await hop.settle();
  hop.take(RELAY.begin);
  hop.reply([{ command: RELAY.connected, stream: idOf(record) }]);
  assert.is(record.opened.length, 1);
  return record;
}

function idOf(record: StreamRecord): number {
  return record.stream.streamId ?? 0;
}

function data(stream: number, byteLength = DATA_BYTES, fill = 1) {
  return { command: RELAY.data, stream, data: new Uint8Array(byteLength).fill(fill) };
}

/** The circuit is closed for that reason, the relay was told, and nothing is left. */
async function checkFailed(hop: OneHop, reason: string): Promise<void> {
  await hop.settle();
  assert.equal(hop.end && { kind: hop.end.kind, reason: hop.end.reason }, { kind: 'protocol', reason });
  assert.is(hop.controls.at(-1), CELL.destroy);
  hop.close();
}

test('sends no more than 500 cells of a stream and 1000 of the circuit', async () => {
  const hop = await built();
  const a = await opened(hop);
  const b = await opened(hop);
  const c = await opened(hop);
  for (const { stream } of [a, b, c]) stream.write(new Uint8Array(600 * DATA_BYTES));
  await hop.settle();
  const cells = hop.take(RELAY.data);
  assert.is(cells.length, 1000);
  const count = (record: StreamRecord): number =>
    cells.filter(({ stream }) => stream === idOf(record)).length;
  for (const record of [a, b, c])
    assert.ok(count(record) >= 320 && count(record) <= 350, 'each had its turns');
  const before = count(a);
  // A SENDME of the circuit: a hundred more, and no stream beyond its own window.
  hop.reply([
    { command: RELAY.sendme, data: encodeSendme({ version: 1, digest: cells[99]!.tag }) },
    { command: RELAY.sendme, data: encodeSendme({ version: 1, digest: cells[199]!.tag }) },
  ]);
  await hop.settle();
  const more = hop.take(RELAY.data);
  assert.is(more.length, 200);
  const all = [...cells, ...more].filter(({ stream }) => stream === idOf(a)).length;
  assert.ok(all > before && all <= 500);
  for (const record of [a, b, c]) record.stream.destroy();
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('sends 50 cells more for each SENDME of the stream, and every byte in order', async () => {
  const hop = await built();
  const { stream, ...record } = await opened(hop);
  const bytes = Uint8Array.from({ length: 700 * DATA_BYTES + 7 }, (_, i) => (i * 31) >> 5);
  let isWritten = false;
  stream.write(bytes.subarray(0, 1000), (ok) => {
    isWritten = ok;
  });
  stream.write(bytes.subarray(1000));
  await hop.settle();
  const cells = [...hop.take(RELAY.data)];
  assert.is(cells.length, 500);
  assert.ok(isWritten);
  for (let sendmes = 1; cells.length < 701; sendmes++) {
    hop.reply([{ command: RELAY.sendme, stream: stream.streamId! }]);
    await hop.settle();
    cells.push(...hop.take(RELAY.data));
    assert.is(cells.length, Math.min(701, 500 + 50 * sendmes));
  }
  assert.equal(new Uint8Array(Buffer.concat(cells.map((cell) => cell.data))), bytes);
  assert.is(stream.queuedBytes, 0);
  assert.is(record.drains, 0);
  stream.end();
  await hop.settle();
  assert.is(hop.take(RELAY.end)[0]!.data[0], END_REASON.done);
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('hands neighbouring cells over in one piece, and answers every 50th and 100th', async () => {
  const hop = await built();
  const record = await opened(hop);
  const other = await opened(hop);
  const id = idOf(record);
  const cells = Array.from({ length: 99 }, (_, i) => data(id, DATA_BYTES - (i % 3), i));
  hop.reply([...cells.slice(0, 40), data(idOf(other), 5, 9), ...cells.slice(40)]);
  await hop.settle();
  assert.equal(
    new Uint8Array(Buffer.concat(record.data)),
    new Uint8Array(Buffer.concat(cells.map((one) => one.data))),
  );
  assert.is(record.deliveries.length, 2, 'a cell of another stream lies in between');
  assert.equal(other.data, [new Uint8Array(5).fill(9)]);
  const sendmes = hop.take(RELAY.sendme);
  assert.equal(
    sendmes.map(({ stream }) => stream),
    [0, id],
  );
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('answers the hundredth cell with its digest', async () => {
  const hop = await built();
  const record = await opened(hop);
  const tags = hop.reply(Array.from({ length: 100 }, () => data(idOf(record))));
  await hop.settle();
  const [sendme] = hop.take(RELAY.sendme).filter(({ stream }) => stream === 0);
  assert.equal(sendme!.data, encodeSendme({ version: 1, digest: tags[99]! }));
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('asks for no more than an owner takes who does not consume', async () => {
  const hop = await built();
  const record = await opened(hop, false);
  for (let i = 0; i < 5; i++) hop.reply(Array.from({ length: 100 }, () => data(idOf(record))));
  await hop.settle();
  assert.is(hop.take(RELAY.sendme).filter(({ stream }) => stream !== 0).length, 0);
  record.stream.consumed(500 * DATA_BYTES);
  await hop.settle();
  assert.is(hop.take(RELAY.sendme).filter(({ stream }) => stream !== 0).length, 10);
  hop.reply(Array.from({ length: 100 }, () => data(idOf(record))));
  assert.is(hop.end, undefined);
  // 500 were granted anew, 100 of them are used.
  for (let i = 0; i < 4; i++) hop.reply(Array.from({ length: 100 }, () => data(idOf(record))));
  assert.is(hop.end, undefined);
  hop.reply([data(idOf(record))]);
  await checkFailed(hop, 'flow-control');
  assert.equal(record.end, { kind: 'failed', reason: 'circuit-closed' });
});

test('waits while the link takes nothing, messages excepted', async () => {
  const hop = await built();
  const record = await opened(hop);
  hop.isWritable = false;
  record.stream.write(new Uint8Array(10 * DATA_BYTES));
  const late = hop.stream();
  await hop.settle();
  assert.is(hop.take(RELAY.data).length, 0);
  assert.is(hop.take(RELAY.begin).length, 1);
  hop.unblock();
  await hop.settle();
  assert.is(hop.take(RELAY.data).length, 10);
  late.stream.destroy();
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

for (const [what, reason, act] of [
  [
    'garbage',
    'unrecognised',
    (hop: OneHop) => hop.reply([{ command: RELAY.drop }], (cells) => cells.fill(7, 5)),
  ],
  [
    'a cell with one bit turned over',
    'unrecognised',
    (hop: OneHop) =>
      hop.reply([{ command: RELAY.drop }], (cells) => {
        cells[400]! ^= 4;
      }),
  ],
  [
    'RELAY_EARLY',
    'relay-early-backwards',
    (hop: OneHop) => hop.reply([{ command: RELAY.drop, early: true }]),
  ],
  ['data on a stream that never was', 'unknown-stream', (hop: OneHop) => hop.reply([data(999)])],
  ['data on no stream', 'bad-cell', (hop: OneHop) => hop.reply([data(0)])],
  [
    'CONNECTED on none',
    'unknown-stream',
    (hop: OneHop) => hop.reply([{ command: RELAY.connected, stream: 9 }]),
  ],
  [
    'BEGIN to a client',
    'unexpected-message',
    (hop: OneHop) => hop.reply([{ command: RELAY.begin, stream: 9 }]),
  ],
  [
    'EXTENDED2 to one that is open',
    'unexpected-message',
    (hop: OneHop) => hop.reply([{ command: RELAY.extended2 }]),
  ],
  ['a SENDME for nothing', 'flow-control', (hop: OneHop) => hop.reply([{ command: RELAY.sendme }])],
  [
    'CREATED_FAST again',
    'unexpected-message',
    (hop: OneHop) => hop.control(CELL.createdFast, new Uint8Array(40)),
  ],
] as const) {
  test(`${what} closes it`, async () => {
    const hop = await built();
    const record = await opened(hop);
    act(hop);
    await checkFailed(hop, reason);
    assert.equal(record.end, { kind: 'failed', reason: 'circuit-closed' });
  });
}

test('data before CONNECTED, CONNECTED twice and a wrong SENDME close it', async () => {
  let hop = await built();
  const early = hop.stream();
  await hop.settle();
  hop.reply([data(idOf(early))]);
  await checkFailed(hop, 'unexpected-message');
  assert.equal(early.refused, ['circuit-closed']);
  hop = await built();
  const record = await opened(hop);
  hop.reply([{ command: RELAY.connected, stream: idOf(record) }]);
  await checkFailed(hop, 'unexpected-message');
  hop = await built();
  const sender = await opened(hop);
  sender.stream.write(new Uint8Array(100 * DATA_BYTES));
  await hop.settle();
  hop.take();
  hop.reply([{ command: RELAY.sendme, data: encodeSendme({ version: 1, digest: new Uint8Array(20) }) }]);
  await checkFailed(hop, 'flow-control');
});

test('a handshake that proves nothing closes it', async () => {
  const hop = new OneHop();
  hop.build((answer) => answer.map((byte, i) => (i === 30 ? byte ^ 1 : byte)));
  await checkFailed(hop, 'bad-handshake');
  assert.not.ok(hop.isBuilt);
});

test('DESTROY and TRUNCATED, also without a reason, close it', async () => {
  let hop = await built();
  const record = await opened(hop);
  hop.control(CELL.destroy, Uint8Array.of(11));
  await hop.settle();
  assert.equal(hop.end, { kind: 'destroyed', reason: 'destroyed', hopCount: 1 });
  assert.not.equal(hop.controls.at(-1), CELL.destroy);
  assert.equal(record.end, { kind: 'failed', reason: 'circuit-closed' });
  hop.close();
  hop = await built();
  hop.reply([{ command: RELAY.truncated }]);
  await hop.settle();
  assert.equal(hop.end, { kind: 'destroyed', reason: 'none', hopCount: 1 });
  hop.close();
});

test('a link that breaks takes circuit and streams along', async () => {
  const hop = await built();
  const record = await opened(hop);
  let written: boolean | undefined;
  record.stream.write(new Uint8Array(5), (ok) => {
    written = ok;
  });
  hop.breakLink();
  assert.equal(hop.end, { kind: 'channel', reason: 'ECONNRESET', hopCount: 1 });
  assert.is(written, false);
  assert.is(record.end?.reason, 'circuit-closed');
  await hop.settle();
  hop.close();
});

test('END ends a stream: done, for a reason, without one, of nobody', async () => {
  const hop = await built();
  const done = await opened(hop);
  const failed = await opened(hop);
  const short = await opened(hop);
  hop.reply([
    data(idOf(done), 3),
    { command: RELAY.end, stream: idOf(done), data: Uint8Array.of(END_REASON.done) },
    { command: RELAY.end, stream: idOf(failed), data: Uint8Array.of(END_REASON.connectionReset) },
    { command: RELAY.end, stream: idOf(short) },
    { command: RELAY.end, stream: 4242, data: Uint8Array.of(1) },
  ]);
  assert.equal(done.data, [new Uint8Array(3).fill(1)]);
  assert.equal(done.end, { kind: 'ended', reason: 'done' });
  assert.equal(failed.end, { kind: 'failed', reason: 'connectionReset' });
  assert.equal(short.end, { kind: 'failed', reason: 'misc' });
  assert.is(hop.end, undefined);
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('takes what was under way to a stream it has closed, and no more', async () => {
  const hop = await built();
  const open = await opened(hop);
  const begun = hop.stream();
  await hop.settle();
  const [openId, begunId] = [idOf(open), idOf(begun)];
  open.stream.destroy();
  begun.stream.destroy();
  await hop.settle();
  assert.is(hop.take(RELAY.end).length, 2);
  for (let i = 0; i < 5; i++) hop.reply(Array.from({ length: 100 }, () => data(openId)));
  hop.reply([
    { command: RELAY.sendme, stream: openId },
    { command: RELAY.connected, stream: begunId },
    { command: RELAY.end, stream: openId, data: Uint8Array.of(6) },
  ]);
  assert.is(hop.end, undefined);
  assert.equal(open.data, []);
  hop.reply([data(openId)]);
  await checkFailed(hop, 'unknown-stream');
});

test('takes no more streams when too many that it closed may still speak', async () => {
  const hop = await built();
  for (let i = 0; i < HALF_CLOSED_MAX; i++) {
    assert.ok(hop.circuit.streams.hasRoom);
    hop.stream().stream.destroy();
    if (i % 100 === 0) await hop.settle();
  }
  assert.not.ok(hop.circuit.streams.hasRoom);
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('believes no exit that names a private address, unless it is told to', async () => {
  for (const allowPrivateAnswers of [false, true]) {
    const hop = await built({ allowPrivateAnswers });
    const stream = hop.stream();
    const lookup = hop.stream('resolve');
    await hop.settle();
    hop.reply([
      {
        command: RELAY.connected,
        stream: idOf(stream),
        data: encodeConnected({ host: '192.168.1.1', ttlSec: 60 }),
      },
      {
        command: RELAY.resolved,
        stream: idOf(lookup),
        data: encodeResolved([{ kind: 'ipv4', value: '127.0.0.1', ttlSec: 60 }]),
      },
    ]);
    assert.equal(stream.opened, allowPrivateAnswers ? ['192.168.1.1'] : []);
    assert.equal(stream.refused, allowPrivateAnswers ? [] : ['private-answer']);
    assert.is(lookup.stream.answers.length, allowPrivateAnswers ? 1 : 0);
    assert.is(hop.end, undefined);
    hop.circuit.close('done');
    await hop.settle();
    hop.close();
  }
});

/** Takes all that is left of the slab. */
function fillSlab(hop: OneHop): () => void {
  const leases: { release(): void }[] = [];
  for (let lease = hop.slab.tryLease(1, 'test'); lease !== undefined; lease = hop.slab.tryLease(1, 'test')) {
    leases.push(lease);
  }
  return () => {
    for (const lease of leases) lease.release();
  };
}

test('waits while the slab has no room, then sends everything', async () => {
  const hop = await built();
  const record = await opened(hop);
  const empty = fillSlab(hop);
  const begun = hop.stream();
  record.stream.write(new Uint8Array(1000));
  await hop.settle();
  assert.equal(hop.take(), []);
  empty();
  await hop.settle();
  assert.equal(
    hop.take().map(({ command }) => command),
    [RELAY.begin, RELAY.data, RELAY.data, RELAY.data],
  );
  begun.stream.destroy();
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('closes when more messages wait for room than may', async () => {
  const hop = await built();
  const empty = fillSlab(hop);
  for (let i = 0; i <= CIRCUIT_MESSAGES_MAX && hop.end === undefined; i++) {
    hop.circuit.sendMessage(RELAY.drop, streamId(0), new Uint8Array(1));
  }
  empty();
  await checkFailed(hop, 'too-many-messages');
});

test('has room for so many streams, each with a number of its own', async () => {
  const hop = await built();
  const ids = new Set<number>();
  while (hop.circuit.streams.hasRoom) {
    ids.add(idOf(hop.stream()));
    if (ids.size % 200 === 0) await hop.settle();
  }
  assert.is(ids.size, STREAMS_PER_CIRCUIT_MAX);
  assert.not.ok(ids.has(0));
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test('a stream whose owner writes without end fails', async () => {
  const hop = await built();
  const record = await opened(hop);
  for (let i = 0; i < 6; i++) record.stream.write(new Uint8Array(1 << 20));
  assert.equal(record.end, { kind: 'failed', reason: 'too-many' });
  hop.circuit.close('done');
  await hop.settle();
  hop.close();
});

test.run();
