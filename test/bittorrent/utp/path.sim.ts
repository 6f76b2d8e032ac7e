// Aim: uTP fills a path that loses packets by chance, keeps the queue short when it is alone, and makes room for TCP on
// a line that both share.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type Bulk, insideOf, sendByTcp, sendByUtp } from './support/bulk.ts';

const test = suite('uTP on paths');

interface Line {
  readonly rateBytesPerSec: number;
  readonly roundTripMs: number;
  readonly queueMs: number;
  readonly lossRate?: number;
  readonly jitterMs?: number;
  readonly seed?: number;
}

function hosts(line: Line): { world: SimWorld; from: SimHost; to: SimHost } {
  const world = new SimWorld({ seed: line.seed ?? 1, tcp: 'reno' });
  const { rateBytesPerSec: upBytesPerSec, queueMs: upQueueMs } = line;
  const from = world.host({ address: '10.0.0.1', upBytesPerSec, upQueueMs });
  const to = world.host({ address: '10.0.0.2' });
  const { lossRate = 0, jitterMs = 0 } = line;
  world.link(from, to, { latencyMs: line.roundTripMs / 2, lossRate, jitterMs });
  return { world, from, to };
}

/** Shares of the line that transfers get in the next so many milliseconds. */
async function shares(world: SimWorld, line: Line, bulks: readonly Bulk[], forMs: number): Promise<number[]> {
  const before = bulks.map(({ receivedBytes }) => receivedBytes);
  await world.run({ forMs });
  return bulks.map(
    ({ receivedBytes }, i) => ((receivedBytes - before[i]!) * 1000) / forMs / line.rateBytesPerSec,
  );
}

for (const [rateBytesPerSec, roundTripMs] of [
  [1_250_000, 50],
  [12_500_000, 50],
  [1_250_000, 100],
] as const) {
  const mbit = (rateBytesPerSec * 8) / 1e6;
  test(`${mbit} Mbit/s, ${roundTripMs} ms and a loss of 0.1 %: at least 80 % of the path, from the start`, async () => {
    for (const seed of [1, 2]) {
      const line = { rateBytesPerSec, roundTripMs, lossRate: 0.001, queueMs: 300, seed };
      const { world, from, to } = hosts(line);
      const bulk = await sendByUtp(from, to, 1000);
      const [share] = await shares(world, line, [bulk], 15_000);
      assert.ok(share! >= 0.8, `seed ${seed}: ${(share! * 100).toFixed(1)} %`);
    }
  });
}

test('alone on a line it fills it, and keeps the queue near 100 ms where TCP would take all of 1,000', async () => {
  const line = { rateBytesPerSec: 1_250_000, roundTripMs: 40, queueMs: 1000 };
  const { world, from, to } = hosts(line);
  const bulk = await sendByUtp(from, to, 1000);
  await world.run({ forMs: 20_000 });
  const [share] = await shares(world, line, [bulk], 20_000);
  assert.ok(share! > 0.95, `${share}`);
  const queueMs = from.up.backlogMs(world.nowMs);
  assert.ok(queueMs > 50 && queueMs < 150, `${queueMs} ms`);
  assert.is(insideOf(bulk).sender.resentPackets, 0);
});

test('a TCP stream that comes gets the line: uTP goes below a tenth, and takes it back when TCP is gone', async () => {
  const line = { rateBytesPerSec: 1_250_000, roundTripMs: 50, queueMs: 300 };
  const { world, from, to } = hosts(line);
  const slow = await sendByUtp(from, to, 1000);
  const fast = await sendByTcp(from, to, 2000, 10_000);
  const [alone] = await shares(world, line, [slow], 10_000);
  assert.ok(alone! > 0.9, `${alone} before`);
  await world.run({ forMs: 20_000 });
  const [utp, tcp] = await shares(world, line, [slow, fast], 30_000);
  assert.ok(tcp! > 0.85, `TCP ${tcp}`);
  assert.ok(utp! < 0.1, `uTP ${utp}`);
  fast.stream!.destroy();
  await world.run({ forMs: 20_000 });
  const [again] = await shares(world, line, [slow], 10_000);
  assert.ok(again! > 0.85, `${again} after`);
});

test('where the queue is too short for delays to tell, uTP takes no more than its part', async () => {
  const line = { rateBytesPerSec: 1_250_000, roundTripMs: 50, queueMs: 20 };
  const { world, from, to } = hosts(line);
  const slow = await sendByUtp(from, to, 1000);
  const fast = await sendByTcp(from, to, 2000, 5000);
  await world.run({ forMs: 20_000 });
  const [utp, tcp] = await shares(world, line, [slow, fast], 40_000);
  assert.ok(tcp! > 0.35, `TCP ${tcp}`);
  assert.ok(utp! < 0.6, `uTP ${utp}`);
});

test('two uTP streams share a line', async () => {
  const line = { rateBytesPerSec: 1_250_000, roundTripMs: 50, queueMs: 500 };
  const { world, from, to } = hosts(line);
  const bulks = [await sendByUtp(from, to, 1000), await sendByUtp(from, to, 1001)];
  await world.run({ forMs: 30_000 });
  const [a, b] = await shares(world, line, bulks, 30_000);
  assert.ok(a! + b! > 0.9 && a! > 0.2 && b! > 0.2, `${a} and ${b}`);
});

test('packets that overtake each other cost little', async () => {
  const line = { rateBytesPerSec: 1_250_000, roundTripMs: 50, queueMs: 500, jitterMs: 1.5 };
  const { world, from, to } = hosts(line);
  const bulk = await sendByUtp(from, to, 1000);
  const [share] = await shares(world, line, [bulk], 15_000);
  assert.ok(share! > 0.85, `${share}`);
});

test.run();
