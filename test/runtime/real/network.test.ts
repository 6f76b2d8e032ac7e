/** Aim: the bounds of the real network hold: redirects, waiting datagrams; and it keeps no process alive unasked. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { codeOf } from '../conformance/errors.ts';
import { Recorder } from '../conformance/recorder.ts';
import { makeRealWorld } from '../support/real-world.ts';

const test = suite('real network');

test('three redirects are followed, a fourth is not, nor one to another scheme or a worse one', async () => {
  const world = await makeRealWorld();
  const targets: Record<string, string> = {
    '/file': 'file:///etc/passwd',
    '/ftp': 'ftp://127.0.0.1/',
    '/bad': '//',
  };
  const seen: string[] = [];
  const url = await world.serve((path, method) => {
    seen.push(`${method} ${path}`);
    const left = Number(path.slice(1));
    if (left === 0) return { body: 'here' };
    return { status: 302, headers: { location: targets[path] ?? `/${left - 1}` } };
  });
  const ask = (path: string, method: 'GET' | 'POST' = 'GET') =>
    world.left.network.http({ url: url + path, method, timeoutMs: 2000, maxBytes: 100 });
  assert.is(Buffer.from((await ask('/3')).body).toString(), 'here');
  assert.is(await codeOf(ask('/4')), 'NETWORK_FAILED');
  for (const path of Object.keys(targets)) assert.is(await codeOf(ask(path)), 'NETWORK_FAILED', path);
  assert.is(
    await codeOf(
      world.left.network.http({ url: url.replace('http', 'https'), timeoutMs: 2000, maxBytes: 9 }),
    ),
    'NETWORK_FAILED',
    'a server without TLS',
  );
  seen.length = 0;
  assert.is((await ask('/1', 'POST')).status, 302, 'what was posted is not posted again');
  assert.equal(seen, ['POST /1']);
  await world.close();
});

test('datagrams beyond the queue are dropped and counted', async () => {
  const world = await makeRealWorld({ datagramQueueBytesMax: 10_000 });
  const got: number[] = [];
  const bind = (onMessage: (bytes: Uint8Array) => void) =>
    world.left.network.bindDatagram({ host: '127.0.0.1', port: 0 }, onMessage);
  const receiver = await bind((bytes) => got.push(bytes.length));
  const sender = await bind(() => {});
  sender.send(new Uint8Array(10_001), receiver.local);
  assert.is(world.left.stats.datagramsDropped, 1);
  sender.send(new Uint8Array(10_000), receiver.local);
  await world.until('the one that fits arrives', () => got.length > 0);
  assert.equal(got, [10_000]);
  assert.is(world.left.stats.datagramsDropped, 1);
  sender.close();
  receiver.close();
  await world.close();
});

test('datagrams over IPv6, where there is any', async () => {
  const world = await makeRealWorld();
  const got: string[] = [];
  const bind = (onMessage: (bytes: Uint8Array, from: Endpoint) => void) =>
    world.left.network.bindDatagram({ host: '::1', port: 0 }, onMessage).catch(() => undefined);
  const receiver = await bind((bytes, from) => got.push(`${bytes.length} from ${from.host}`));
  const sender = await bind(() => {});
  if (receiver !== undefined && sender !== undefined) {
    sender.send(new Uint8Array(5), { host: '127.0.0.1', port: receiver.local.port });
    assert.is(world.left.stats.datagramsDropped, 1, 'no IPv4 from an IPv6 socket');
    sender.send(new Uint8Array(5), receiver.local);
    await world.until('it arrives', () => got.length > 0);
    assert.equal(got, ['5 from ::1']);
  }
  sender?.close();
  receiver?.close();
  await world.close();
});

test('a stream starts at the address asked for, or fails', async () => {
  const world = await makeRealWorld();
  const seen: string[] = [];
  const listener = await world.left.network.listen({ host: '0.0.0.0', port: 0, backlog: 5 }, (stream) => {
    seen.push(stream.remote.host);
    return undefined;
  });
  for (const localHost of ['127.0.0.1', '192.0.2.1', 'no address']) {
    const recorder = new Recorder();
    const at = { host: '127.0.0.1', port: listener.local.port };
    recorder.stream = world.left.network.connect(at, recorder, { timeoutMs: 2000, localHost });
    await world.until('closed', () => recorder.end !== undefined);
    assert.is(
      recorder.end!.kind,
      localHost === '127.0.0.1' ? 'ended' : 'failed',
      JSON.stringify(recorder.end),
    );
  }
  assert.equal(seen, ['127.0.0.1']);
  await listener.close();
  await world.close();
});

test('a pending timer keeps no process alive', () => {
  const module = fileURLToPath(new URL('../../../engine/runtime/real/runtime.js', import.meta.url));
  const program = `
    const { createRealRuntime } = await import(${JSON.stringify(module)});
    createRealRuntime().clock.setTimer(60_000, () => {});
    console.log('done');
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
  assert.is(output.toString().trim(), 'done');
});

test('a small write does not wait until the one before it is acknowledged', async () => {
  const world = await makeRealWorld();
  const { network } = world.left;
  // Answers every second byte: the first of two is acknowledged late, on Linux after 40 ms.
  const answer = (callee: Recorder): void => {
    if (callee.byteLength % 2 === 0) callee.write(Uint8Array.of(7));
  };
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (stream) => {
    const callee = new Recorder({ onRead: answer });
    callee.stream = stream;
    return callee;
  });
  const recorder = new Recorder();
  const how = { timeoutMs: 1000 };
  const caller = network.connect(listener.local, recorder, how);
  recorder.stream = caller;
  await world.until('open', () => recorder.opened);
  const tookMs: number[] = [];
  for (let round = 1; round <= 60; round += 1) {
    const beganMs = performance.now();
    caller.write(Uint8Array.of(1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    caller.write(Uint8Array.of(2));
    await world.until('the answer', () => recorder.byteLength >= round);
    tookMs.push(performance.now() - beganMs);
  }
  tookMs.sort((a, b) => a - b);
  assert.ok(tookMs[30]! < 25, `${tookMs[30]} ms for the round trip of a byte`);
  caller.destroy();
  await listener.close();
  await world.close();
});

test.run();
