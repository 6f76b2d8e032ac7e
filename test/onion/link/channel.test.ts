// Aim: channels of ours open and carry cells over real TLS, in both roles, and turn away whom they must.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { CellMemory } from '../../../engine/onion/link/cell-memory.ts';
import type { TlsChannel } from '../../../engine/onion/link/channel.ts';
import { acceptChannel, dialChannel } from '../../../engine/onion/link/connect.ts';
import { createLinkStats } from '../../../engine/onion/link/stats.ts';
import type { ExpectedPeer } from '../../../engine/onion/link/types.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { ChannelRecorder, cell, makeRelay } from './support.ts';

const test = suite('channels over TLS');

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 2));
  }
}

async function makeScene() {
  const runtime = createRealRuntime();
  const slab = new Slab({ slotCount: 256, threadCountMax: 1 });
  const modules = { runtime, memory: new CellMemory({}, { slab }), stats: createLinkStats() };
  const [alice, bob] = [makeRelay(Date.now()), makeRelay(Date.now(), seededRandom(2))];
  const right = new ChannelRecorder(slab.bytes);
  let callee: TlsChannel | undefined;
  const how = { host: '127.0.0.1', port: 0, identity: bob.tls, handshakeTimeoutMs: 3000 };
  const listener = await runtime.network.listenTls(how, (stream) => {
    const settings = { credentials: bob.credentials, ownHosts: ['127.0.0.1'] };
    callee = acceptChannel(stream, settings, modules, () => right);
    return callee;
  });
  const dial = (expected: ExpectedPeer, isRelay: boolean) => {
    const left = new ChannelRecorder(slab.bytes);
    const own = isRelay ? { credentials: alice.credentials, ownHosts: ['127.0.0.1'] } : { ownHosts: [] };
    const channel = dialChannel(
      listener.local,
      { connectTimeoutMs: 3000, expected, ...own },
      { ...modules, network: runtime.network },
      () => left,
    );
    return { left, channel };
  };
  const close = async (): Promise<void> => {
    await listener.close();
    modules.memory.close();
    slab.assertAllReturned();
  };
  return { slab, alice, bob, right, dial, close, stats: modules.stats, callee: () => callee! };
}

test('a client and a relay, two relays, and megabytes of cells in both directions', async () => {
  for (const isRelay of [false, true]) {
    const scene = await makeScene();
    const { left, channel } = scene.dial({ ed25519Id: scene.bob.ed25519Id }, isRelay);
    await until('open', () => left.peer !== undefined && scene.right.peer !== undefined);
    const known = scene.right.peer!.ed25519Id;
    assert.is(known === undefined, !isRelay);
    if (known !== undefined) assert.is(Buffer.compare(known, scene.alice.ed25519Id), 0);
    assert.is(left.peer!.clockSkewSec === undefined ? 99 : Math.abs(left.peer!.clockSkewSec) <= 1, true);
    scene.right.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) scene.callee().sendRange(batch.lease, batch.offsets[i]!, 514);
    };
    const total = 6000;
    for (let done = 0; done < total; done += 100) {
      const lease = scene.slab.tryLease(4, 'test')!;
      for (let i = 0; i < 100; i++) {
        scene.slab.bytes.set(cell(done + i, CELL.relay, (done + i) & 0xff), lease.offset + i * 514);
      }
      channel.sendRange(lease, lease.offset, 51_400);
      lease.release();
      await until('room', () => channel.queuedBytes < 200_000);
    }
    await until('all came back', () => left.cells.length === total);
    left.cells.forEach((bytes, i) => {
      assert.is(Buffer.compare(bytes, cell(i, CELL.relay, i & 0xff)), 0, `cell ${i}`);
    });
    channel.close('done');
    await until('closed', () => left.end !== undefined && scene.right.end !== undefined);
    await scene.close();
  }
});

test('somebody else than we expected is left at once', async () => {
  const scene = await makeScene();
  const { left } = scene.dial({ ed25519Id: scene.alice.ed25519Id }, false);
  await until('closed', () => left.end !== undefined && scene.right.end !== undefined);
  const detail = 'the peer is somebody else';
  assert.equal(left.end, { kind: 'protocol', reason: 'wrong-identity', detail });
  assert.is(scene.stats.faults.get('wrong-identity'), 1);
  assert.is(left.peer, undefined);
  await scene.close();
});

test.run();
