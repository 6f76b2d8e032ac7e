/**
 * Aim: TLS over real sockets keeps every promise of the port, reading straight into the owner's memory and, where
 * that cannot be, by copying; and a stranger can neither hold up nor fill up a listener with half handshakes.
 */
import net from 'node:net';
import tls from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TlsStream } from '../../../engine/runtime/port.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { connectPair, finishPair, pattern, sameBytes } from '../conformance/pair.ts';
import { Recorder } from '../conformance/recorder.ts';
import { tlsConformance } from '../conformance/tls.ts';
import { makeRealWorld } from '../support/real-world.ts';
import { TEST_IDENTITIES } from '../support/tls-identity.ts';

const test = suite('real TLS');
const BYTES = 4 << 20;

test('but for the first record nothing is copied', async () => {
  const world = await makeRealWorld();
  const pair = await connectPair({ ...world, tls: true }, { callee: { targetSizes: [16384] } });
  pair.caller.write(pattern(BYTES));
  await world.until('all', () => pair.callee.byteLength === BYTES);
  sameBytes(pair.callee.bytes(), pattern(BYTES), 'content');
  assert.ok(world.left.stats.bytesCopied <= 16384, `${world.left.stats.bytesCopied} bytes copied`);
  await finishPair(world, pair);
  await world.close();
});

test('TLS handshakes that get nowhere are few, and end', async () => {
  const { network } = createRealRuntime();
  const accepted: TlsStream[] = [];
  const how = { identity: TEST_IDENTITIES[0], handshakeTimeoutMs: 300, handshakesMax: 2 };
  const listener = await network.listenTls({ host: '127.0.0.1', port: 0, ...how }, (stream) => {
    accepted.push(stream);
    return new Recorder();
  });
  const { port } = listener.local;
  const open = () => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    return {
      socket,
      closed: new Promise<number>((done) => socket.resume().on('close', () => done(Date.now()))),
    };
  };
  const startMs = Date.now();
  const wait = (): Promise<unknown> => new Promise((done) => setTimeout(done, 30));
  const first = open();
  await wait();
  const second = open();
  await wait();
  const third = open();
  assert.ok((await first.closed) - startMs < 250, 'the oldest makes room at once');
  const caller = new Recorder();
  caller.stream = network.connectTls({ host: '127.0.0.1', port }, caller, { timeoutMs: 2000 });
  for (let i = 0; i < 200 && !caller.opened; i++) await new Promise((done) => setTimeout(done, 5));
  assert.ok(caller.opened, 'silence does not lock others out');
  assert.ok((await third.closed) - startMs >= 250, 'nor does it last for ever');
  await second.closed;
  caller.stream.destroy();
  for (const stream of accepted) stream.destroy();
  await listener.close();
});

test('nobody can begin the handshake anew on an open connection', async () => {
  const { network } = createRealRuntime();
  const callee = new Recorder();
  const how = { host: '127.0.0.1', port: 0, identity: TEST_IDENTITIES[0], handshakeTimeoutMs: 2000 };
  const listener = await network.listenTls(how, (stream) => {
    callee.stream = stream;
    return callee;
  });
  const { port } = listener.local;
  // Version 1.3 has no such thing.
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const;
  const socket = tls.connect(options);
  socket.on('error', () => {});
  await new Promise<void>((done) => socket.once('secureConnect', done));
  // OpenSSL answers with a warning, of which Node tells nobody.
  const isDone = await new Promise<boolean>((done) => {
    setTimeout(() => done(false), 500);
    socket.renegotiate({}, (error) => done(error === null));
  });
  assert.is(isDone, false);
  socket.destroy();
  callee.stream?.destroy();
  await listener.close();
});

tlsConformance(test, () => makeRealWorld());
tlsConformance(test, () => makeRealWorld({ directReads: false }));
test.run();
