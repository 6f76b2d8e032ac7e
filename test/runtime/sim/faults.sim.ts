/** Aim: partitions, resets, crashes and restarts look to programs as they do in the real world. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { pattern } from '../conformance/pair.ts';
import { dialFrom, listenAll, PORT, type Sink } from '../support/sink.ts';

const test = suite('simulated faults');

interface Scene {
  readonly world: SimWorld;
  readonly a: SimHost;
  readonly b: SimHost;
  readonly sinks: Sink[];
  readonly caller: Sink;
}

/** One open connection from a to b. */
async function connected(): Promise<Scene> {
  const world = new SimWorld({ seed: 3 });
  const a = world.host({ address: '10.0.0.1' });
  const b = world.host({ address: '10.0.0.2', names: ['b.test'] });
  const sinks = await listenAll(b, { keep: true });
  const caller = dialFrom(a, b);
  await world.run({ until: () => sinks[0]?.openedMs !== undefined && sinks[0].openedMs >= 0 });
  return { world, a, b, sinks, caller };
}

test('during a partition nothing comes through, after a short one all of it does', async () => {
  const { world, a, b, sinks, caller } = await connected();
  world.partition([a], [b]);
  const bytes = pattern(5000);
  caller.stream!.write(bytes);
  const dialled = dialFrom(a, b);
  const hasty = dialFrom(a, b, 3000);
  await world.run({ forMs: 5000 });
  assert.is(sinks[0]!.byteLength, 0);
  assert.is(dialled.openedMs, -1);
  assert.is(hasty.end?.kind, 'timeout');
  world.heal([a], [b]);
  await world.run({ forMs: 10_000 });
  assert.is(Buffer.compare(Buffer.from(sinks[0]!.bytes), bytes), 0);
  assert.ok(dialled.openedMs > 5000, 'its request was repeated');
});

test('in a long partition a stream with something to send gives up, an idle one does not notice', async () => {
  const { world, a, b, sinks, caller } = await connected();
  world.partition([b], [a]);
  caller.stream!.write(pattern(10));
  await world.run({ forMs: 60_000 });
  assert.is(caller.end, undefined, 'not within a minute');
  await world.run({ forMs: 3_600_000 });
  assert.equal(caller.end, { kind: 'timeout', code: 'ETIMEDOUT' });
  assert.is(sinks[0]!.end, undefined);
});

test('a reset of the path is seen by both ends', async () => {
  const { world, a, b, sinks, caller } = await connected();
  const other = dialFrom(b, { host: a.address, port: PORT });
  world.reset(a, b);
  await world.run({ forMs: 1000 });
  assert.is(caller.end?.kind, 'reset');
  assert.is(sinks[0]!.end?.kind, 'reset');
  assert.is(other.end?.kind, 'refused', 'what is only being connected is not touched');
});

test('a crashed host says nothing; when it is back, it knows nothing of old streams', async () => {
  const { world, b, sinks, caller } = await connected();
  let ticked = 0;
  b.runtime.clock.setTimer(1000, () => ticked++);
  const old = b.runtime;
  b.crash();
  assert.not.ok(b.isUp);
  caller.stream!.write(pattern(10));
  await world.run({ forMs: 5000 });
  assert.is(caller.end, undefined, 'nobody tells');
  assert.is(sinks[0]!.end, undefined, 'its own programs are gone, not informed');
  assert.is(ticked, 0);
  const fresh = b.restart();
  assert.is.not(fresh, old);
  await world.run({ forMs: 30_000 });
  assert.is(caller.end?.kind, 'reset');
  old.clock.setTimer(10, () => ticked++);
  await world.run({ forMs: 1000 });
  assert.is(ticked, 0, 'the old life is over');
});

test('where nothing listens after a restart, connections are refused; where something does, they stand', async () => {
  const { world, a, b } = await connected();
  b.restart();
  const refused = dialFrom(a, b);
  await world.run({ forMs: 1000 });
  assert.is(refused.end?.kind, 'refused');
  const sinks = await listenAll(b);
  const again = dialFrom(a, { host: 'b.test', port: PORT });
  await world.run({ forMs: 1000 });
  assert.ok(again.openedMs > 0);
  assert.equal(again.stream!.remote, { host: '10.0.0.2', port: PORT });
  assert.is(sinks.length, 1);
});

test('a name nobody has, a host nobody has', async () => {
  const { world, a } = await connected();
  const nameless = dialFrom(a, { host: 'nobody.test', port: 1 });
  const hostless = dialFrom(a, { host: '10.9.9.9', port: 1 }, 700);
  await world.run({ forMs: 2000 });
  assert.equal(nameless.end, { kind: 'failed', code: 'ENOTFOUND' });
  assert.equal(hostless.end, { kind: 'timeout', code: 'ETIMEDOUT' });
});

test('programs of one host reach each other over loopback', async () => {
  const { world, b, sinks } = await connected();
  const local = dialFrom(b, { host: '127.0.0.1', port: PORT });
  await world.run({ forMs: 10 });
  local.stream!.write(pattern(100));
  await world.run({ forMs: 10 });
  assert.is(sinks[1]!.byteLength, 100);
  assert.is(sinks[1]!.stream!.remote.host, '127.0.0.1');
});

test('a crash while a file operation is under way leaves it undone and unanswered', async () => {
  const { world, b } = await connected();
  let answered = false;
  const done = b.runtime.files.writeFile('/x', pattern(10));
  void done.then(() => {
    answered = true;
  });
  b.crash();
  b.restart();
  await world.run({ forMs: 1000 });
  assert.not.ok(answered);
  assert.is(b.disk.get('/x'), undefined);
});

test.run();
