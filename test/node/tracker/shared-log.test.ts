/** Aim: while a shared store is away, what waits for it is bounded, and a tracker can be stopped all the same. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LOG_BATCH_BYTES } from '../../../engine/discovery/tracker-server/swarm-log.ts';
import { TRACKER_DEFAULTS, Tracker } from '../../../engine/discovery/tracker-server/tracker.ts';
import { createLog } from '../../../engine/node/log.ts';
import { PENDING_BATCHES_MAX, SharedLog } from '../../../engine/node/tracker/shared-log.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';

const test = suite('shared log');

test('changes that nobody takes are dropped at the bound, and it is remembered that all must be told', () => {
  const { clock, random } = createRealRuntime();
  const log = createLog('silent', process.stderr);
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, torrentsMax: 10, peersMax: 100 }, { random });
  const shared = new SharedLog('redis://127.0.0.1:1', { tracker: () => tracker, clock, log });
  const entries = Math.ceil((LOG_BATCH_BYTES / 27) * (PENDING_BATCHES_MAX + 4));
  const endpoint = new Uint16Array(3);
  for (let i = 0; i < entries; i++) shared.writer.add(new Uint8Array(20), 0, endpoint, 0);
  assert.ok(shared.pendingBytes <= PENDING_BATCHES_MAX * LOG_BATCH_BYTES, `${shared.pendingBytes}`);
  assert.ok(shared.mustTellAll);
});

test('a store that answers nothing is not waited for for ever', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const { clock, random } = createRealRuntime();
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, torrentsMax: 10, peersMax: 100 }, { random });
  const log = createLog('silent', process.stderr);
  const shared = new SharedLog(`redis://127.0.0.1:${port}`, { tracker: () => tracker, clock, log });
  const failure = await shared.start().catch((error: { code?: string }) => error.code);
  assert.is(failure, 'NETWORK_FAILED');
  server.close();
});

/** A store that is well until `readsMax` reads have been answered, and says nothing from then on. */
async function fallingSilent(readsMax: number): Promise<{ url: string; close(): void }> {
  let reads = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (text.includes('XREAD')) {
        if (++reads <= readsMax) socket.write('*-1\r\n');
      } else if (!text.includes('XADD')) {
        socket.write('+OK\r\n'.repeat(text.match(/^\*\d+\r$/gm)?.length ?? 0));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `redis://127.0.0.1:${port}`, close };
}

test('a store that falls silent holds up neither the start nor the stop', async () => {
  const { clock, random } = createRealRuntime();
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, torrentsMax: 10, peersMax: 100 }, { random });
  const log = createLog('silent', process.stderr);
  const late = <T>(promise: Promise<T>): Promise<T | 'late'> =>
    Promise.race([promise, new Promise<'late'>((resolve) => setTimeout(resolve, 8000, 'late').unref())]);
  for (const readsMax of [0, 1]) {
    const store = await fallingSilent(readsMax);
    const shared = new SharedLog(store.url, { tracker: () => tracker, clock, log });
    const begun = await late(
      shared.start().then(
        () => 'begun',
        (error: { code?: string }) => error.code,
      ),
    );
    assert.is(begun, readsMax === 0 ? 'NETWORK_FAILED' : 'begun');
    shared.writer.add(new Uint8Array(20), 0, new Uint16Array(3), 0);
    assert.is(await late(shared.stop()), undefined);
    assert.not.ok(shared.isConnected);
    store.close();
  }
});

test.run();
