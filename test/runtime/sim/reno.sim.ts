// Aim: streams that are sent packet by packet keep every promise that streams keep, fill a line, lose what finds its
// queue full, and share it with one another.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Pacer } from '../../../engine/runtime/sim/pacer.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { sendByTcp } from '../../bittorrent/utp/support/bulk.ts';
import { streamEndConformance } from '../conformance/stream-ends.ts';
import { streamConformance } from '../conformance/streams.ts';
import { makeSimWorld } from '../support/sim-world.ts';

const test = suite('simulated TCP, packet by packet');
const makeWorld = () => makeSimWorld({ tcp: 'reno' });
streamConformance(test, makeWorld);
streamEndConformance(test, makeWorld);

const RATE = 1_250_000;

function line(queueMs: number, lossRate = 0): Parameters<typeof sendByTcp>[0][] & { world: SimWorld } {
  const world = new SimWorld({ seed: 1, tcp: 'reno' });
  const from = world.host({ address: '10.0.0.1', upBytesPerSec: RATE, upQueueMs: queueMs });
  const to = world.host({ address: '10.0.0.2' });
  world.link(from, to, { latencyMs: 25, lossRate });
  return Object.assign([from, to], { world });
}

test('one stream fills a line whose queue is as long as the round trip, and never makes it longer', async () => {
  const { world, 0: from, 1: to } = line(50);
  const bulk = await sendByTcp(from!, to!, 1);
  await world.run({ forMs: 10_000 });
  const before = bulk.receivedBytes;
  for (let i = 0; i < 200; i++) {
    await world.run({ forMs: 100 });
    assert.ok(from!.up.backlogMs(world.nowMs) <= 50);
  }
  const share = (bulk.receivedBytes - before) / 20 / RATE;
  assert.ok(share > 0.9 && share <= 1, `${share}`);
});

test('two streams share a line', async () => {
  const { world, 0: from, 1: to } = line(50);
  const bulks = [await sendByTcp(from!, to!, 1), await sendByTcp(from!, to!, 2, 2000)];
  await world.run({ forMs: 60_000 });
  const [a, b] = bulks.map(({ receivedBytes }) => receivedBytes / 60 / RATE);
  assert.ok(a! + b! > 0.85 && a! > 0.25 && b! > 0.25, `${a} and ${b}`);
});

test('losses by chance slow it down, as they do real TCP', async () => {
  const { world, 0: from, 1: to } = line(50, 0.01);
  const bulk = await sendByTcp(from!, to!, 1);
  await world.run({ forMs: 30_000 });
  // About 1.22 packets a round trip over the root of the loss rate.
  const expected = (1.22 * 1460) / 0.05 / Math.sqrt(0.01);
  const rate = bulk.receivedBytes / 30;
  assert.ok(rate > expected / 2 && rate < expected * 1.5, `${rate} of ${expected}`);
});

test('datagrams find the same queue full', async () => {
  const { world, 0: from, 1: to } = line(20);
  let received = 0;
  await to!.runtime.network.bindDatagram({ host: '10.0.0.2', port: 9 }, () => received++);
  const socket = await from!.runtime.network.bindDatagram({ host: '10.0.0.1', port: 9 }, () => {});
  for (let i = 0; i < 100; i++) socket.send(new Uint8Array(1250), { host: '10.0.0.2', port: 9 });
  await world.run({ forMs: 1000 });
  assert.is(received, 20, '1 ms each, 20 ms at the most');
});

test('an empty queue takes any packet', () => {
  const pacer = new Pacer(1000, 10);
  assert.ok(pacer.admits(0, 1000));
  pacer.pass(0, 1000);
  assert.not(pacer.admits(995, 10));
  assert.ok(pacer.admits(1000, 1000));
});

test.run();
