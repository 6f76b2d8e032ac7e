/** Aim: latency, bandwidth, sharing, windows and loss have the effect their numbers say. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostOptions, SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld, type WorldOptions } from '../../../engine/runtime/sim/world.ts';
import { pattern } from '../conformance/pair.ts';
import { dialFrom, listenAll, type Sink } from '../support/sink.ts';

const test = suite('simulated links');
const MB = 1_000_000;

interface Scene {
  readonly world: SimWorld;
  readonly a: SimHost;
  readonly b: SimHost;
  readonly sinks: Sink[];
}

async function scene(
  a: Partial<HostOptions> = {},
  b: Partial<HostOptions> = {},
  options: Partial<WorldOptions> & { readonly keep?: boolean } = {},
): Promise<Scene> {
  const world = new SimWorld({ seed: 5, ...options });
  const left = world.host({ address: '10.0.0.1', ...a });
  const right = world.host({ address: '10.0.0.2', ...b });
  return {
    world,
    a: left,
    b: right,
    sinks: await listenAll(right, { keep: options.keep ?? false }),
  };
}

function near(actual: number, expected: number, share: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= expected * share, `${what}: ${actual}, not about ${expected}`);
}

test('connecting takes one round trip for the caller, half a one more for the callee', async () => {
  const { world, a, b, sinks } = await scene({ access: { latencyMs: 10 } }, { access: { latencyMs: 30 } });
  const caller = dialFrom(a, b);
  caller.stream!.write(pattern(10));
  await world.run({ untilMs: 1000 });
  assert.is(caller.openedMs, 80);
  assert.is(sinks[0]!.openedMs, 120);
  assert.is(sinks[0]!.lastMs, 120);
});

test('a stream is as fast as the slowest of uplink, path and downlink', async () => {
  const limits = [
    { up: 2 * MB, path: Infinity, down: Infinity },
    { up: Infinity, path: 2 * MB, down: Infinity },
    { up: Infinity, path: Infinity, down: 2 * MB },
    { up: 3 * MB, path: 4 * MB, down: 2 * MB },
  ];
  for (const { up, path, down } of limits) {
    const { world, a, b, sinks } = await scene({ upBytesPerSec: up }, { downBytesPerSec: down });
    world.link(a, b, { latencyMs: 5, rateBytesPerSec: path });
    const caller = dialFrom(a, b);
    caller.stream!.write(new Uint8Array(10 * MB));
    await world.run({ until: () => sinks[0]?.byteLength === 10 * MB, untilMs: 60_000 });
    near(world.nowMs, 5000, 0.03, `${up} ${path} ${down}`);
  }
});

test('streams share a line fairly, whoever writes more at once', async () => {
  const { world, a, b, sinks } = await scene({ upBytesPerSec: MB });
  const callers = [dialFrom(a, b), dialFrom(a, b), dialFrom(a, b), dialFrom(a, b)];
  callers[0]!.stream!.write(new Uint8Array(50 * MB));
  for (const caller of callers.slice(1)) {
    for (let i = 0; i < 100; i++) caller.stream!.write(new Uint8Array(20_000));
  }
  await world.run({ untilMs: 4000 });
  for (const sink of sinks) near(sink.byteLength, MB, 0.1, 'a quarter');
});

test('receivers share a downlink fairly', async () => {
  const world = new SimWorld({ seed: 5 });
  const b = world.host({ address: '10.0.0.100', downBytesPerSec: MB });
  const sinks = await listenAll(b);
  for (let i = 0; i < 4; i++) {
    const caller = dialFrom(world.host({ address: `10.0.0.${i}`, access: { latencyMs: 5 + 10 * i } }), b);
    caller.stream!.write(new Uint8Array(10 * MB));
  }
  await world.run({ untilMs: 4000 });
  for (const sink of sinks) near(sink.byteLength, MB, 0.1, 'a quarter');
});

test('on a long path the window limits the rate', async () => {
  const { world, a, b, sinks } = await scene({}, {}, { windowBytes: 100_000 });
  world.link(a, b, { latencyMs: 50 });
  const caller = dialFrom(a, b);
  caller.stream!.write(new Uint8Array(10 * MB));
  await world.run({ untilMs: 5150 });
  near(sinks[0]!.byteLength, 50 * 100_000, 0.1, 'a window per round trip');
});

test('small messages do not wait long behind bulk on a slow line', async () => {
  const { world, a, b, sinks } = await scene({ upBytesPerSec: 50_000 });
  const bulk = dialFrom(a, b);
  const talk = dialFrom(a, b);
  bulk.stream!.write(new Uint8Array(MB));
  await world.run({ untilMs: 2000 });
  talk.stream!.write(pattern(17));
  const sentMs = world.nowMs;
  await world.run({ until: () => sinks[1]!.byteLength === 17 });
  assert.ok(world.nowMs - sentMs < 100, `${world.nowMs - sentMs} ms`);
});

test('loss delays, it loses and reorders nothing', async () => {
  const { world, a, b, sinks } = await scene(
    { access: { lossRate: 0.02, jitterMs: 30 } },
    {},
    { segmentBytes: 500, keep: true },
  );
  const bytes = pattern(300_000);
  const caller = dialFrom(a, b);
  for (let at = 0; at < bytes.length; at += 1000) caller.stream!.write(bytes.subarray(at, at + 1000));
  await world.run({ until: () => sinks[0]?.byteLength === bytes.length, untilMs: 600_000 });
  assert.is(Buffer.compare(Buffer.from(sinks[0]!.bytes), bytes), 0);
  assert.ok(world.nowMs > 240, `${world.nowMs} ms: at least one part was sent again`);
});

test('datagrams get lost at the rate given, and jitter reorders them', async () => {
  const { world, a, b } = await scene({ access: { lossRate: 0.1, jitterMs: 20 } });
  const order: number[] = [];
  await b.runtime.network.bindDatagram({ host: '0.0.0.0', port: 7 }, (bytes) =>
    order.push(bytes[0]! | (bytes[1]! << 8)),
  );
  const socket = await a.runtime.network.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {});
  for (let i = 0; i < 2000; i++) socket.send(Uint8Array.of(i, i >> 8), { host: b.address, port: 7 });
  await world.run();
  near(order.length, 1800, 0.03, 'arrived');
  const overtaken = order.filter((n, i) => i > 0 && n < order[i - 1]!).length;
  assert.ok(overtaken > 100, `${overtaken} overtaken`);
  assert.is(new Set(order).size, order.length);
});

test('a line with too much waiting drops datagrams', async () => {
  const { world, a, b } = await scene({ upBytesPerSec: 10_000 });
  let got = 0;
  await b.runtime.network.bindDatagram({ host: '0.0.0.0', port: 7 }, () => got++);
  const socket = await a.runtime.network.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {});
  for (let i = 0; i < 100; i++) socket.send(new Uint8Array(1000), { host: b.address, port: 7 });
  await world.run();
  assert.is(got, 11, 'one second of them, and the one on the line');
});

test.run();
