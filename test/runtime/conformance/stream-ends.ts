import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from './errors.ts';
import { connectPair, dialWith, finishPair, listenWith, pattern, sameBytes } from './pair.ts';
import { Recorder } from './recorder.ts';
import type { MakeWorld, TestWorld } from './world.ts';

/** How streams begin and end, well or badly. */
export function streamEndConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (name: string, body: (world: TestWorld) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld();
      await body(world);
      await world.close();
    });
  };

  inWorld('end sends what is queued; the peer sees the end, we see closed', async (world) => {
    const pair = await connectPair(world);
    const bytes = pattern(3 << 20);
    pair.caller.write(bytes);
    pair.caller.stream!.end();
    pair.caller.stream!.end();
    await world.until(
      'both are closed',
      () => pair.caller.end !== undefined && pair.callee.end !== undefined,
    );
    sameBytes(pair.callee.bytes(), bytes, 'all arrived');
    assert.is(pair.callee.end!.kind, 'ended');
    assert.is(pair.caller.end!.kind, 'closed');
    assert.is(pair.caller.count('written'), 1);
    await finishPair(world, pair);
  });

  inWorld('what comes after end is thrown away', async (world) => {
    const pair = await connectPair(world);
    pair.callee.write(pattern(1000));
    await world.until('the first part', () => pair.caller.byteLength === 1000);
    pair.callee.stream!.pause();
    pair.caller.stream!.end();
    pair.callee.write(pattern(1 << 20));
    await world.until('taken', () => pair.callee.count('written') === 2);
    assert.is(pair.caller.byteLength, 1000);
    pair.callee.stream!.resume();
    await world.until('closed', () => pair.caller.end !== undefined);
    assert.is(pair.caller.end!.kind, 'closed');
    await finishPair(world, pair);
  });

  inWorld('end gives up on a peer that does not read', async (world) => {
    const pair = await connectPair(world);
    pair.callee.stream!.pause();
    for (let i = 0; i < 32; i++) pair.caller.write(pattern(1 << 20));
    pair.caller.stream!.end();
    await world.pass(world.closeTimeoutMs / 2);
    assert.is(pair.caller.end, undefined, 'not at once');
    await world.until('closed', () => pair.caller.end !== undefined);
    assert.is(pair.caller.end!.kind, 'closed');
    assert.ok(pair.caller.count('failed') > 0);
    assert.is(pair.caller.count('failed') + pair.caller.count('written'), 32);
    await finishPair(world, pair);
  });

  inWorld('destroy closes at once and answers all writes before onClose', async (world) => {
    const pair = await connectPair(world);
    pair.callee.stream!.pause();
    for (let i = 0; i < 32; i++) pair.caller.write(pattern(1 << 20));
    await world.pass(50);
    pair.caller.stream!.destroy();
    assert.is(pair.caller.end, undefined, 'not within the call');
    pair.caller.stream!.destroy();
    pair.caller.write(pattern(10));
    await world.until('closed', () => pair.caller.end !== undefined);
    assert.is(pair.caller.end!.kind, 'closed');
    await world.pass(10);
    assert.ok(pair.caller.count('failed') > 1);
    assert.is(pair.caller.count('failed') + pair.caller.count('written'), 33);
    assert.is(pair.caller.stream!.queuedBytes, 0);
    pair.callee.stream!.resume();
    await world.until('the peer notices', () => pair.callee.end !== undefined);
    assert.ok(['ended', 'reset'].includes(pair.callee.end!.kind), pair.callee.end!.kind);
    await finishPair(world, pair);
  });

  inWorld('a write after the end is answered with false', async (world) => {
    const pair = await connectPair(world);
    pair.caller.stream!.end();
    pair.caller.write(pattern(5));
    assert.is(pair.caller.count('failed'), 0, 'not within the call');
    await world.until('closed', () => pair.caller.end !== undefined && pair.callee.end !== undefined);
    assert.is(pair.caller.count('failed'), 1);
    assert.is(pair.callee.byteLength, 0);
    let late: boolean | undefined;
    pair.caller.stream!.write(pattern(5), (ok) => {
      late = ok;
    });
    await world.until('answered', () => late === false);
    await finishPair(world, pair);
  });

  inWorld('when the peer has ended the stream closes, whatever waits to be sent', async (world) => {
    const pair = await connectPair(world, { callee: { onOpen: (me) => me.stream!.pause() } });
    for (let i = 0; i < 32; i++) pair.caller.write(pattern(1 << 20));
    pair.callee.stream!.end();
    await world.until('closed', () => pair.caller.end !== undefined);
    assert.ok(['ended', 'reset'].includes(pair.caller.end!.kind), pair.caller.end!.kind);
    assert.is(pair.caller.count('failed') + pair.caller.count('written'), 32);
    await finishPair(world, pair);
  });

  inWorld('all that came before the end is read, also after a pause', async (world) => {
    const pair = await connectPair(world, {
      callee: { targetSizes: [10], onOpen: (me) => me.stream!.pause() },
    });
    pair.caller.write(pattern(1000));
    pair.caller.stream!.end();
    await world.pass(50);
    assert.is(pair.callee.end, undefined, 'the end comes after the bytes');
    pair.callee.stream!.resume();
    await world.until('closed', () => pair.callee.end !== undefined);
    sameBytes(pair.callee.bytes(), pattern(1000), 'all');
    assert.is(pair.callee.end!.kind, 'ended');
    await finishPair(world, pair);
  });

  inWorld('data for a stream that was destroyed comes back as a reset', async (world) => {
    const pair = await connectPair(world);
    pair.caller.stream!.pause();
    pair.callee.stream!.destroy();
    await world.until('gone', () => pair.callee.end !== undefined);
    for (let i = 0; i < 4 && pair.caller.end === undefined; i++) {
      pair.caller.write(pattern(1 << 20));
      await world.pass(50);
    }
    await world.until('reset', () => pair.caller.end !== undefined);
    // A real socket that copies may see the peer's end although it is paused.
    const kinds = world.name === 'real' ? ['reset', 'ended'] : ['reset'];
    assert.ok(kinds.includes(pair.caller.end!.kind), JSON.stringify(pair.caller.end));
    await finishPair(world, pair);
  });

  inWorld('destroying in onRead ends it there', async (world) => {
    const pair = await connectPair(world, {
      callee: { targetSizes: [10], onRead: (me) => me.stream!.destroy() },
    });
    pair.caller.write(pattern(1000));
    await world.until('closed', () => pair.callee.end !== undefined);
    assert.is(pair.callee.reads, 1);
    await finishPair(world, pair);
  });

  inWorld('where nobody listens a connection is refused', async (world) => {
    const caller = dialWith(world, { host: world.rightHost, port: await world.closedPort() });
    caller.write(pattern(10));
    await world.until('closed', () => caller.end !== undefined);
    assert.equal(caller.end, { kind: 'refused', code: 'ECONNREFUSED' });
    assert.equal(caller.events, ['failed', 'close']);
    assert.equal(caller.faults, []);
  });

  inWorld('where nobody answers it times out', async (world) => {
    const caller = dialWith(world, await world.blackHole(), {}, 300);
    await world.pass(100);
    assert.is(caller.end, undefined, 'not before its time');
    await world.until('closed', () => caller.end !== undefined);
    assert.equal(caller.end, { kind: 'timeout', code: 'ETIMEDOUT' });
    assert.equal(caller.events, ['close']);
  });

  inWorld('a connection can be given up before it is made', async (world) => {
    const caller = dialWith(world, await world.blackHole());
    caller.stream!.destroy();
    await world.until('closed', () => caller.end !== undefined);
    assert.equal(caller.end, { kind: 'closed', code: '' });
    const ended = dialWith(world, { host: world.rightHost, port: await world.closedPort() });
    ended.stream!.end();
    await world.until('closed too', () => ended.end !== undefined);
    assert.equal([...caller.faults, ...ended.faults], []);
  });

  inWorld('a port that is none fails, it does not throw', async (world) => {
    for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
      const caller = dialWith(world, { host: world.rightHost, port });
      assert.is(caller.end, undefined, 'not within the call');
      await world.until('closed', () => caller.end !== undefined);
      assert.equal(caller.end, { kind: 'failed', code: 'EINVAL' });
    }
  });

  inWorld('accept may turn a stream away', async (world) => {
    const listener = await listenWith(world, () => undefined);
    const caller = dialWith(world, { host: world.rightHost, port: listener.local.port });
    await world.until('closed', () => caller.end !== undefined);
    assert.is(caller.end!.kind, 'ended');
    await world.wait(listener.close());
  });

  inWorld('a closed listener takes nobody, and its streams live on', async (world) => {
    const pair = await connectPair(world);
    await world.wait(pair.listener.close());
    const late = dialWith(world, pair.at);
    await world.until('refused', () => late.end !== undefined);
    assert.is(late.end!.kind, 'refused');
    pair.caller.write(pattern(100));
    await world.until('delivered', () => pair.callee.byteLength === 100);
    await finishPair(world, pair);
  });

  inWorld('a port that is taken, and an address of somebody else, are errors', async (world) => {
    const listener = await listenWith(world, () => undefined);
    const listen = (host: string, port: number): Promise<string> =>
      codeOf(world.wait(world.right.network.listen({ host, port }, () => new Recorder())));
    assert.is(await listen(world.listenHost, listener.local.port), 'ADDRESS_IN_USE');
    assert.is(await listen('192.0.2.1', 0), 'NETWORK_FAILED');
    await world.wait(listener.close());
    const again = await world.right.network.listen(
      { ...listener.local, host: world.listenHost },
      () => undefined,
    );
    await world.wait(again.close());
  });
}
