// Aim: streams, HTTP exchanges and datagrams go through SOCKS5 and HTTP proxies and nowhere else; names are not looked
// up here; what a proxy cannot carry is refused where nothing may leave outside of it; a proxy that fails is never
// gone around.
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import type { Network } from '../../../engine/runtime/port.ts';
import { parseProxy } from '../../../engine/runtime/proxy/parse-proxy.ts';
import { createProxyNetwork } from '../../../engine/runtime/proxy/proxy-network.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { Recorder } from '../conformance/recorder.ts';
import { PROXY_EXIT, startHttpProxy, startSocks5, type TestProxy } from './support/proxy-servers.ts';

const test = suite('proxy network');

const runtime = createRealRuntime();
const closers: (() => unknown)[] = [];
test.after(async () => {
  for (const close of closers.reverse()) await close();
});

function networkOver(url: string, only: boolean): Network {
  return createProxyNetwork(parseProxy(url, only), runtime);
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Answers what it hears in capitals, and notes where it came from. */
async function startEcho(): Promise<{ readonly port: number; readonly from: string[] }> {
  const from: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    from.push(socket.remoteAddress ?? '');
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, from };
}

async function failure(promise: Promise<unknown>): Promise<AlliumError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, AlliumError);
  return error as AlliumError;
}

const KINDS: Readonly<Record<string, () => Promise<TestProxy>>> = {
  socks5: () => startSocks5(),
  http: () => startHttpProxy('user:pass'),
};

for (const [kind, start] of Object.entries(KINDS)) {
  test(`${kind}: a stream by name, bytes both ways, nothing written early is lost`, async () => {
    const proxy = await start();
    closers.push(() => proxy.close());
    const echo = await startEcho();
    const recorder = new Recorder();
    const to = { host: 'peer.invalid', port: echo.port };
    recorder.stream = networkOver(proxy.url, true).connect(to, recorder, { timeoutMs: 5000 });
    recorder.write(Buffer.from('early'));
    await until('the echo', () => recorder.byteLength === 5);
    recorder.write(Buffer.from('later'));
    await until('the second echo', () => recorder.byteLength === 10);
    assert.is(Buffer.from(recorder.bytes()).toString(), 'EARLYLATER');
    assert.equal(recorder.stream.remote, to);
    recorder.stream.destroy();
    await until('the end', () => recorder.ends.length === 1);
    assert.equal(recorder.faults, []);
    assert.equal(proxy.asked, [`peer.invalid:${echo.port}`]);
    assert.equal(echo.from, [PROXY_EXIT]);
  });

  test(`${kind}: what was written early comes before what is written when it opens`, async () => {
    const proxy = await start();
    closers.push(() => proxy.close());
    const echo = await startEcho();
    const recorder = new Recorder({ onOpen: (opened) => opened.write(Buffer.from('second')) });
    const to = { host: '127.0.0.1', port: echo.port };
    recorder.stream = networkOver(proxy.url, true).connect(to, recorder, { timeoutMs: 5000 });
    recorder.write(Buffer.from('first'));
    await until('the echo', () => recorder.byteLength === 11);
    assert.is(Buffer.from(recorder.bytes()).toString(), 'FIRSTSECOND');
    recorder.stream.destroy();
    await until('the end', () => recorder.ends.length === 1);
    assert.equal(recorder.faults, []);
  });

  test(`${kind}: an HTTP exchange by name, with a redirect`, async () => {
    const proxy = await start();
    closers.push(() => proxy.close());
    const from: string[] = [];
    const server = createHttpServer((request, response) => {
      from.push(request.socket.remoteAddress ?? '');
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else response.end(Buffer.alloc(100_000, 7));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const answer = await networkOver(proxy.url, true).http({
      ...{ url: `http://tracker.invalid:${port}/a`, timeoutMs: 5000, maxBytes: 200_000 },
    });
    assert.is(answer.status, 200);
    assert.is(answer.body.length, 100_000);
    assert.equal(from, [PROXY_EXIT, PROXY_EXIT]);
    assert.equal(proxy.asked, [`tracker.invalid:${port}`, `tracker.invalid:${port}`]);
  });

  test(`${kind}: a peer that is not there, and a proxy that is not there`, async () => {
    const proxy = await start();
    const network = networkOver(proxy.url, true);
    const refused = new Recorder();
    refused.stream = network.connect({ host: '127.0.0.1', port: 1 }, refused, { timeoutMs: 5000 });
    await until('the end', () => refused.ends.length === 1);
    assert.equal(refused.end, { kind: 'failed', code: 'EPROXYREFUSED' });
    await proxy.close();
    const echo = await startEcho();
    const lost = new Recorder();
    lost.stream = network.connect({ host: '127.0.0.1', port: echo.port }, lost, { timeoutMs: 5000 });
    await until('the end', () => lost.ends.length === 1);
    assert.is(lost.opened, false);
    assert.equal(echo.from, [], 'it did not go around the proxy');
    const error = await failure(
      network.http({ url: `http://127.0.0.1:${echo.port}/`, timeoutMs: 5000, maxBytes: 10 }),
    );
    assert.is(error.code, 'NETWORK_FAILED');
    assert.equal(echo.from, []);
    assert.equal([...refused.faults, ...lost.faults], []);
  });
}

test('where nothing may leave outside, everything a proxy cannot carry is refused', async () => {
  const proxy = await startSocks5();
  closers.push(() => proxy.close());
  const network = networkOver(proxy.url, true);
  const at = { host: '127.0.0.1', port: 0 };
  const refusals = await Promise.all([
    failure(network.listen(at, () => undefined)),
    failure(network.bindDatagram(at, () => {})),
    failure(network.lookup('name.invalid')),
    failure(network.lookupText('name.invalid')),
  ]);
  for (const { code, advice } of refusals) {
    assert.is(code, 'WOULD_LEAK');
    assert.ok(advice.length > 0);
  }
  const tls = new Recorder();
  tls.stream = network.connectTls({ host: '127.0.0.1', port: 9 }, tls, { timeoutMs: 1000 });
  await until('the end', () => tls.ends.length === 1);
  assert.equal(tls.end, { kind: 'failed', code: 'EWOULDLEAK' });
  const open = networkOver(proxy.url, false);
  const listener = await open.listen(at, () => undefined);
  await listener.close();
});

test('datagrams go through a SOCKS5 proxy that carries them, and stop with it', async () => {
  const proxy = await startSocks5({ udp: true });
  closers.push(() => proxy.close());
  const seen: string[] = [];
  const other = await runtime.network.bindDatagram({ host: '127.0.0.1', port: 0 }, (bytes, from) => {
    seen.push(`${from.host} ${Buffer.from(bytes)}`);
    other.send(Buffer.from('pong'), from);
  });
  closers.push(() => other.close());
  const heard: string[] = [];
  const socket = await networkOver(proxy.url, true).bindDatagram(
    { host: '0.0.0.0', port: 0 },
    (bytes, from) => heard.push(`${from.port} ${Buffer.from(bytes)}`),
  );
  socket.send(Buffer.from('ping'), other.local);
  await until('the answer', () => heard.length === 1);
  assert.equal(seen, [`${PROXY_EXIT} ping`]);
  assert.equal(heard, [`${other.local.port} pong`]);
  await proxy.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.send(Buffer.from('lost'), other.local);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.is(seen.length, 1, 'nothing goes out once the proxy is gone');
  socket.close();
});

test('a proxy that says nothing, and one that hangs up, end the attempt', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}));
  const rude = createServer((socket) => socket.end());
  for (const server of [silent, rude]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
  }
  for (const [server, kind] of [
    [silent, 'timeout'],
    [rude, 'failed'],
  ] as const) {
    const recorder = new Recorder();
    const { port } = server.address() as AddressInfo;
    const network = networkOver(`socks5://127.0.0.1:${port}`, true);
    recorder.stream = network.connect({ host: '127.0.0.1', port: 9 }, recorder, { timeoutMs: 300 });
    await until('the end', () => recorder.ends.length === 1);
    assert.is(recorder.end?.kind, kind);
    assert.equal(recorder.faults, []);
  }
});

test.run();
