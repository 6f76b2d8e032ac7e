/**
 * Aim: whatever the relay at the other end of a circuit does ends in what was agreed or in a circuit that is closed, with
 * every stream told and all memory back.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { encodeSendme } from '../../../engine/onion/cell/flow-messages.ts';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { encodeResolved } from '../../../engine/onion/cell/resolve-messages.ts';
import { encodeConnected } from '../../../engine/onion/cell/stream-messages.ts';
import { HALF_CLOSED_MAX } from '../../../engine/onion/client/half-closed.ts';
import { OneHop } from './support/one-hop.ts';
import { built, checkFailed, DATA_BYTES, data, idOf, opened } from './support/one-hop-steps.ts';

const test = suite('a circuit of a client');

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
test.run();
