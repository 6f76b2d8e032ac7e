import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ByteStream } from '../../../engine/runtime/port.ts';
import type { Pair } from './pair.ts';
import {
  connectPair,
  dialWith,
  finishPair,
  listenWith,
  type PairOptions,
  pattern,
  sameBytes,
} from './pair.ts';
import { Recorder } from './recorder.ts';
import type { MakeWorld, TestWorld } from './world.ts';

type Body = (world: TestWorld, pair: Pair) => Promise<void>;

/** How bytes travel: what every world must do with an open stream. */
export function streamConformance(test: Test, makeWorld: MakeWorld): void {
  const paired = (name: string, options: PairOptions, body: Body): void => {
    test(name, async () => {
      const world = await makeWorld();
      const pair = await connectPair(world, options);
      await body(world, pair);
      await finishPair(world, pair);
      await world.close();
    });
  };

  paired('both ends know both addresses', {}, async (world, { caller, callee, at }) => {
    assert.equal(caller.stream!.remote, at);
    assert.equal(callee.stream!.local, at);
    assert.equal(caller.stream!.local, callee.stream!.remote);
    assert.is.not(caller.stream!.local.port, 0);
    assert.equal(caller.events, ['open'], world.name);
  });

  paired(
    'bytes arrive whole and in order in targets of any size',
    { callee: { targetSizes: [1, 7, 65536, 300, 16397] }, caller: { targetSizes: [13, 100_000] } },
    async (world, { caller, callee }) => {
      const out = pattern(700_001);
      const back = pattern(300_007, 9);
      for (let at = 0; at < out.length; at += 50_000) caller.write(out.subarray(at, at + 50_000));
      callee.write(back);
      await world.until(
        'all is there',
        () => callee.byteLength === out.length && caller.byteLength === back.length,
      );
      sameBytes(callee.bytes(), out, 'out');
      sameBytes(caller.bytes(), back, 'back');
      assert.ok(callee.largestRead <= 65536);
    },
  );

  paired(
    'every write is answered once, in order, then the stream is drained',
    {},
    async (world, { caller, callee }) => {
      const order: number[] = [];
      for (let i = 0; i < 50; i++) caller.stream!.write(pattern(1000 + i), () => order.push(i));
      caller.write(new Uint8Array(0));
      assert.ok(caller.stream!.queuedBytes > 0, 'queued at first');
      await world.until('drained', () => caller.count('drain') > 0);
      assert.equal(
        order,
        Array.from({ length: 50 }, (_, i) => i),
      );
      assert.is(caller.count('written'), 1, 'an empty write is a write');
      assert.is(caller.stream!.queuedBytes, 0);
      assert.is(caller.events.at(-1), 'drain');
      await world.until('all is there', () => callee.byteLength === 50 * 1000 + (49 * 50) / 2);
    },
  );

  paired('a receiver that pauses stops the sender', {}, async (world, { caller, callee }) => {
    callee.stream!.pause();
    const total = 64 << 20;
    const part = pattern(1 << 20);
    for (let sent = 0; sent < total; sent += part.length) caller.write(part);
    await world.pass(200);
    assert.ok(caller.stream!.queuedBytes > 0, 'not everything is taken');
    assert.ok(caller.count('written') < total / part.length);
    assert.is(caller.count('drain'), 0);
    assert.ok(callee.reads <= 1, `read ${callee.reads} times while paused`);
    callee.stream!.resume();
    await world.until('all is there', () => callee.byteLength === total);
    assert.is(caller.count('written'), total / part.length);
  });

  const pausing = { targetSizes: [100], onRead: (me: Recorder) => me.stream!.pause() };
  paired('a pause within onRead ends the reading', { callee: pausing }, async (world, { caller, callee }) => {
    caller.write(pattern(1000));
    for (let reads = 1; reads <= 10; reads++) {
      await world.until(`read ${reads}`, () => callee.reads >= reads);
      await world.pass(20);
      assert.is(callee.reads, reads, 'at most one read per resume');
      callee.stream!.resume();
    }
    sameBytes(callee.bytes(), pattern(1000), 'what came in parts');
  });

  paired('pausing and resuming at once changes nothing', {}, async (world, { caller, callee }) => {
    caller.write(pattern(100_000));
    for (let i = 0; i < 10; i++) {
      callee.stream!.pause();
      callee.stream!.resume();
    }
    await world.until('all is there', () => callee.byteLength === 100_000);
    sameBytes(callee.bytes(), pattern(100_000), 'content');
  });

  paired('what is written while corked waits for uncork', {}, async (world, { caller, callee }) => {
    caller.stream!.cork();
    for (let i = 0; i < 3; i++) caller.write(pattern(10, i));
    await world.pass(30);
    assert.is(callee.byteLength, 0, 'nothing yet');
    assert.is(caller.stream!.queuedBytes, 30);
    caller.stream!.uncork();
    await world.until('all is there', () => callee.byteLength === 30);
    sameBytes(callee.bytes(), Buffer.concat([0, 1, 2].map((i) => pattern(10, i))), 'content');
  });

  test('what is written before the stream is open is sent', async () => {
    const world = await makeWorld();
    const callee = new Recorder();
    const listener = await listenWith(world, (stream) => {
      callee.stream = stream;
      callee.write(pattern(20, 5));
      return callee;
    });
    const at = { host: world.rightHost, port: listener.local.port };
    const caller = dialWith(world, at);
    caller.write(pattern(10_000));
    await world.until('both have all', () => callee.byteLength === 10_000 && caller.byteLength === 20);
    sameBytes(callee.bytes(), pattern(10_000), 'early bytes');
    await finishPair(world, { caller, callee, listener, at });
    await world.close();
  });

  test('an answer can be written in onOpen, and paused reading starts later', async () => {
    const world = await makeWorld();
    const greet = (me: Recorder): void => {
      me.write(pattern(68));
      me.stream!.pause();
    };
    const pair = await connectPair(world, { caller: { onOpen: greet }, callee: { onOpen: greet } });
    await world.pass(50);
    assert.is(pair.caller.reads + pair.callee.reads, 0, 'both are paused');
    pair.caller.stream!.resume();
    pair.callee.stream!.resume();
    await world.until('greeted', () => pair.caller.byteLength === 68 && pair.callee.byteLength === 68);
    await finishPair(world, pair);
    await world.close();
  });

  test('fifty streams at once keep their bytes apart', async () => {
    const world = await makeWorld();
    const callees: Recorder[] = [];
    const listener = await listenWith(world, (stream: ByteStream) => {
      const recorder = new Recorder({ targetSizes: [5000] });
      recorder.stream = stream;
      callees.push(recorder);
      return recorder;
    });
    const at = { host: world.rightHost, port: listener.local.port };
    const callers = Array.from({ length: 50 }, () => dialWith(world, at));
    callers.forEach((caller, i) => {
      caller.write(Uint8Array.of(i));
      caller.write(pattern(20_000 + i, i));
      caller.stream!.end();
    });
    await world.until(
      'all are closed',
      () => callees.length === 50 && callees.every((one) => one.end !== undefined),
    );
    for (const callee of callees) {
      const bytes = callee.bytes();
      sameBytes(bytes.subarray(1), pattern(20_000 + bytes[0]!, bytes[0]!), `stream ${bytes[0]}`);
      assert.equal(callee.faults, []);
    }
    await world.until('callers too', () => callers.every((one) => one.end?.kind === 'closed'));
    await world.wait(listener.close());
    await world.close();
  });
}
