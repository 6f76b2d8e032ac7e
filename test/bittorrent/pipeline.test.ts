// Aim: the number of requests in flight starts at five, follows bandwidth × delay, fills a fast long line in about a
// second and loopback at once, and does not flood a slow peer or go beyond what the peer or the memory allows.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PIPELINE_START, Pipeline, REQQ_DEFAULT } from '../../engine/bittorrent/pipeline.ts';
import { BLOCK_BYTES } from '../../engine/kernels/types.ts';

const test = suite('pipeline');

interface Line {
  readonly bytesPerSec: number;
  readonly roundTripMs: number;
  readonly requestsMax?: number;
  readonly blocksMax?: number;
  /** The peer looks at its requests only this often. */
  readonly batchMs?: number;
  /** Blocks come in lumps this far apart. */
  readonly lumpMs?: number;
}

interface Outcome {
  readonly targetMax: number;
  readonly target: number;
  /** Share of the line used in each tenth of the time. */
  readonly used: readonly number[];
}

/** A peer at the end of a line, asked for blocks without end. */
function download(line: Line, durationMs: number): Outcome {
  const pipeline = new Pipeline({ blocksMax: line.blocksMax ?? 4096 });
  pipeline.setPeerMax(line.requestsMax ?? 2000);
  const blockMs = (BLOCK_BYTES / line.bytesPerSec) * 1000;
  const startMs = 5000;
  const arrivals: number[] = [];
  let nowMs = startMs;
  let lineFreeMs = 0;
  const ask = (): void => {
    if (!pipeline.isDue) return;
    while (pipeline.room >= pipeline.runBlocks) {
      const count = pipeline.runBlocks;
      pipeline.sent(count, nowMs);
      for (let index = 0; index < count; index++) {
        let seenMs = nowMs + line.roundTripMs / 2;
        if (line.batchMs !== undefined) seenMs = Math.ceil(seenMs / line.batchMs) * line.batchMs;
        lineFreeMs = Math.max(lineFreeMs, seenMs) + blockMs;
        const arrivalMs = lineFreeMs + line.roundTripMs / 2;
        arrivals.push(
          line.lumpMs === undefined ? arrivalMs : Math.ceil(arrivalMs / line.lumpMs) * line.lumpMs,
        );
      }
    }
  };
  ask();
  const received = new Array<number>(10).fill(0);
  let targetMax = 0;
  for (let index = 0; index < arrivals.length && arrivals[index]! < startMs + durationMs; index++) {
    nowMs = arrivals[index]!;
    pipeline.received(nowMs);
    received[Math.floor(((nowMs - startMs) / durationMs) * 10)]!++;
    targetMax = Math.max(targetMax, pipeline.target);
    ask();
  }
  const perTenth = durationMs / 10 / blockMs;
  return { targetMax, target: pipeline.target, used: received.map((count) => count / perTenth) };
}

test('a long pipe is filled an eighth at a time, a short one as soon as there is room for a run', () => {
  for (const [blocksMax, due] of [
    [4, 1],
    [40, 10],
    [64, 16],
    [512, 64],
  ] as const) {
    const pipeline = new Pipeline({ blocksMax });
    pipeline.setPeerMax(blocksMax);
    for (let nowMs = 0; pipeline.target < blocksMax; nowMs += 0.01) {
      pipeline.sent(pipeline.room, nowMs);
      pipeline.received(nowMs);
    }
    pipeline.sent(pipeline.room, 100);
    let arrived = 0;
    while (!pipeline.isDue) {
      pipeline.received(100);
      arrived++;
    }
    assert.is(arrived, due, `${blocksMax}`);
  }
});

test('5 requests in the pipe to start with', () => {
  const pipeline = new Pipeline({ blocksMax: 1000 });
  assert.is(pipeline.target, 5);
  assert.is(pipeline.room, 5);
  assert.is(PIPELINE_START, 5);
});

test('bandwidth × delay: 1 Gbit/s over 100 ms is used to 90 % and more, from 1.5 s on', () => {
  const { used, target } = download({ bytesPerSec: 125e6, roundTripMs: 100 }, 5000);
  for (const share of used.slice(3)) assert.ok(share > 0.9, `uses ${share}`);
  assert.ok(target >= 763, 'the line holds 763 blocks');
});

test('bandwidth × delay: loopback at 1 GB/s is full within 50 ms', () => {
  const { used } = download({ bytesPerSec: 1e9, roundTripMs: 0.05, requestsMax: 250 }, 500);
  for (const share of used.slice(1)) assert.ok(share > 0.97, `uses ${share}`);
});

test('a peer of 100 kB/s has no more than two seconds of work before it, and no idle moment', () => {
  for (const lumpMs of [undefined, 500]) {
    const line = { bytesPerSec: 1e5, roundTripMs: 50, ...(lumpMs === undefined ? {} : { lumpMs }) };
    const { targetMax, used } = download(line, 20_000);
    assert.ok(targetMax <= 13, `asks for ${targetMax} blocks at once`);
    for (const share of used.slice(1)) assert.ok(share > 0.9, `uses ${share}`);
  }
});

test('a very slow peer stays at five', () => {
  assert.is(download({ bytesPerSec: 1e4, roundTripMs: 50 }, 60_000).targetMax, 5);
});

test('a peer that looks at its requests every 500 ms is asked for as much as it takes', () => {
  const { target, used } = download({ bytesPerSec: 2e7, roundTripMs: 1, batchMs: 500 }, 20_000);
  assert.ok(target > 600);
  for (const share of used.slice(5)) assert.ok(share > 0.9, `uses ${share}`);
});

test('a lump that is read before anything new is asked for doubles the pipe', () => {
  const pipeline = new Pipeline({ blocksMax: 4096 });
  pipeline.setPeerMax(2000);
  const targets: number[] = [];
  for (let lump = 1; lump <= 6; lump++) {
    const count = pipeline.room;
    pipeline.sent(count, (lump - 1) * 500);
    for (let block = 0; block < count; block++) pipeline.received(lump * 500);
    targets.push(pipeline.target);
  }
  assert.equal(targets, [8, 16, 32, 64, 128, 256]);
});

test('a pipe that nobody fills does not grow', () => {
  const pipeline = new Pipeline({ blocksMax: 4096 });
  for (let round = 0; round < 100; round++) {
    pipeline.sent(2, round);
    pipeline.received(round);
    pipeline.received(round);
  }
  assert.is(pipeline.target, PIPELINE_START);
});

test('the peer’s reqq bounds it; 250 when the peer does not say', () => {
  assert.is(download({ bytesPerSec: 1e9, roundTripMs: 10, requestsMax: 500 }, 1000).targetMax, 500);
  const pipeline = new Pipeline({ blocksMax: 10_000 });
  pipeline.setPeerMax(Number.NaN);
  pipeline.setPeerMax(0);
  pipeline.sent(5, 0);
  for (let count = 0; count < 5000; count++) {
    pipeline.received(1);
    pipeline.sent(pipeline.room, 1);
  }
  assert.is(pipeline.target, REQQ_DEFAULT);
  pipeline.setPeerMax(3);
  assert.is(pipeline.target, 3, 'fewer than five when the peer says so');
});

test('the memory bounds it', () => {
  assert.is(download({ bytesPerSec: 1e9, roundTripMs: 10, blocksMax: 64 }, 1000).targetMax, 64);
  assert.is(new Pipeline({ blocksMax: 2 }).target, 2);
});

test('it falls when the peer becomes slow, and recovers', () => {
  const pipeline = new Pipeline({ blocksMax: 1000 });
  let nowMs = 0;
  const run = (everyMs: number, count: number): void => {
    for (let block = 0; block < count; block++) {
      pipeline.sent(pipeline.room, nowMs);
      nowMs += everyMs;
      pipeline.received(nowMs);
    }
  };
  run(1, 5000);
  assert.is(pipeline.target, 250);
  run(500, 20);
  assert.ok(pipeline.target < 10, `still ${pipeline.target}`);
  run(1, 3000);
  run(10_000, 2);
  assert.is(pipeline.target, 5, 'silent for longer than the rate is measured over');
  run(1, 3000);
  assert.is(pipeline.target, 250);
});

test('it does not grow while there is nothing to ask for', () => {
  const pipeline = new Pipeline({ blocksMax: 1000 });
  for (let nowMs = 0; nowMs < 1000; nowMs++) {
    pipeline.sent(1, nowMs);
    pipeline.received(nowMs + 0.5);
  }
  assert.is(pipeline.target, 5);
});

test('what was dropped by a choke makes room and is not waited for', () => {
  const pipeline = new Pipeline({ blocksMax: 1000 });
  pipeline.sent(5, 0);
  assert.is(pipeline.room, 0);
  pipeline.dropped(5);
  assert.is(pipeline.outstanding, 0);
  assert.is(pipeline.room, 5);
  pipeline.sent(1, 50_000);
  pipeline.received(50_020);
  assert.is(pipeline.shortestDelayMs, 20);
});

test('short runs for a slow peer, long ones for a fast one', () => {
  const pipeline = new Pipeline({ blocksMax: 1000 });
  assert.is(pipeline.runBlocks, 1);
  let nowMs = 0;
  while (pipeline.target < 64) {
    pipeline.sent(pipeline.room, nowMs);
    pipeline.received(++nowMs);
  }
  assert.is(pipeline.runBlocks, 16);
});

test.run();
