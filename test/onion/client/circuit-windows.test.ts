/**
 * Aim: a circuit keeps to the windows cell by cell, hands data over in order and in large pieces, and waits where there
 * is no room: for the link, for the slab, for its owner.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeSendme } from '../../../engine/onion/cell/flow-messages.ts';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { CIRCUIT_MESSAGES_MAX } from '../../../engine/onion/client/circuit.ts';
import { STREAMS_PER_CIRCUIT_MAX } from '../../../engine/onion/client/circuit-streams.ts';
import { streamId } from '../../../engine/onion/units.ts';
import type { OneHop, StreamRecord } from './support/one-hop.ts';
import { built, checkFailed, DATA_BYTES, data, idOf, opened } from './support/one-hop-steps.ts';

const test = suite('windows of a circuit of a client');

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
