/**
 * Aim: sockets read straight into the owner's memory, without a copy, both those we dial and those we accept; and
 * where they cannot, copying keeps every promise too and is counted.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { connectPair, finishPair, pattern, sameBytes } from '../conformance/pair.ts';
import { streamEndConformance } from '../conformance/stream-ends.ts';
import { streamConformance } from '../conformance/streams.ts';
import { makeRealWorld, type RealWorld } from '../support/real-world.ts';

const test = suite('reads of real streams');
const BYTES = 1 << 20;

async function exchange(world: RealWorld): Promise<number> {
  const pair = await connectPair(world, { callee: { targetSizes: [16397] } });
  pair.caller.write(pattern(BYTES));
  pair.callee.write(pattern(BYTES, 2));
  await world.until('all', () => pair.caller.byteLength === BYTES && pair.callee.byteLength === BYTES);
  sameBytes(pair.callee.bytes(), pattern(BYTES), 'content');
  sameBytes(pair.caller.bytes(), pattern(BYTES, 2), 'content');
  await finishPair(world, pair);
  const copied = world.left.stats.bytesCopied;
  await world.close();
  return copied;
}

test('nothing is copied', async () => {
  assert.is(await exchange(await makeRealWorld()), 0);
});

test('without direct reads every byte is copied and counted', async () => {
  assert.is(await exchange(await makeRealWorld({ directReads: false })), 2 * BYTES);
});

test('a peer seen through an IPv6 socket has its IPv4 address', async () => {
  const { network } = createRealRuntime();
  let remote = '';
  const listener = await network
    .listen({ host: '::', port: 0 }, (stream) => {
      remote = stream.remote.host;
      return undefined;
    })
    .catch(() => undefined);
  if (listener === undefined) return; // a machine without IPv6
  const ended = new Promise<void>((resolve) => {
    network.connect(
      { host: '127.0.0.1', port: listener.local.port },
      {
        onOpen() {},
        readTarget: () => new Uint8Array(1),
        onRead() {},
        onDrain() {},
        onClose: () => resolve(),
      },
      { timeoutMs: 1000 },
    );
  });
  await ended;
  assert.is(remote, '127.0.0.1');
  await listener.close();
});

const copying = () => makeRealWorld({ directReads: false });
streamConformance(test, copying);
streamEndConformance(test, copying);
test.run();
