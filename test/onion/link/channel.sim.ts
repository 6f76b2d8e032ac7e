// Aim: channels between hosts of a simulated network open, carry cells in order and in place, hold back and fail as
// they should, deterministically; whatever happens, no lease of the slab stays out.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { CellMemory } from '../../../engine/onion/link/cell-memory.ts';
import {
  type ChannelOptions,
  type TlsChannel,
  UNREAD_BYTES_MAX,
} from '../../../engine/onion/link/channel.ts';
import { acceptChannel, dialChannel } from '../../../engine/onion/link/connect.ts';
import { KEEP_ALIVE_MS } from '../../../engine/onion/link/keep-alive.ts';
import { createLinkStats } from '../../../engine/onion/link/stats.ts';
import { circuitId } from '../../../engine/onion/units.ts';
import type { TlsStream } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { ChannelRecorder, cell, makeRelay } from './support.ts';

const test = suite('channels in a simulated network');

interface Ends {
  readonly world: SimWorld;
  readonly callerHost: SimHost;
  readonly slab: Slab;
  readonly memory: CellMemory;
  readonly caller: TlsChannel;
  readonly callee: TlsChannel;
  readonly left: ChannelRecorder;
  readonly right: ChannelRecorder;
  readonly stats: ReturnType<typeof createLinkStats>;
}

type Settings = Partial<ChannelOptions>;

async function open(
  options: { caller?: Settings; callee?: Settings; slotCount?: number; relays?: boolean; seed?: number } = {},
): Promise<Ends> {
  const world = new SimWorld({ seed: options.seed ?? 1 });
  const [a, b] = [world.host({ address: '10.0.0.1' }), world.host({ address: '10.0.0.2' })];
  const slab = new Slab({ slotCount: options.slotCount ?? 200, threadCountMax: 1 });
  const memory = new CellMemory({}, { slab });
  const stats = createLinkStats();
  const nowMs = a.runtime.clock.wallClock();
  const [alice, bob] = [makeRelay(nowMs), makeRelay(nowMs, seededRandom(2))];
  const [left, right] = [new ChannelRecorder(slab.bytes), new ChannelRecorder(slab.bytes)];
  let callee: TlsChannel | undefined;
  const modules = (runtime: typeof a.runtime) => ({ runtime, memory, stats, network: runtime.network });
  const how = { host: '10.0.0.2', port: 9001, identity: bob.tls, handshakeTimeoutMs: 5000 };
  await b.runtime.network.listenTls(how, (stream: TlsStream) => {
    const settings = { credentials: bob.credentials, ownHosts: ['10.0.0.2'], ...options.callee };
    callee = acceptChannel(stream, settings, modules(b.runtime), () => right);
    return callee;
  });
  const own = options.relays ? { credentials: alice.credentials, ownHosts: ['10.0.0.1'] } : { ownHosts: [] };
  const caller = dialChannel(
    { host: '10.0.0.2', port: 9001 },
    { connectTimeoutMs: 5000, expected: { ed25519Id: bob.ed25519Id }, ...own, ...options.caller },
    modules(a.runtime),
    () => left,
  );
  await world.run({ until: () => left.peer !== undefined && right.peer !== undefined, forMs: 10_000 });
  assert.ok(left.peer && right.peer, `both are open: ${JSON.stringify([left.end, right.end])}`);
  return { world, callerHost: a, slab, memory, caller, callee: callee!, left, right, stats };
}

async function close({ world, slab, memory, caller, callee, left, right }: Ends): Promise<void> {
  caller.destroy('done');
  callee.destroy('done');
  await world.run({ until: () => left.end !== undefined && right.end !== undefined, forMs: 60_000 });
  assert.ok(left.end && right.end, 'both are closed');
  memory.close();
  await world.run({ forMs: 1000 });
  slab.assertAllReturned();
}

/** Sends so many cells, each in the slab, in ranges of `perRange`. */
function sendCells({ slab }: Ends, channel: TlsChannel, count: number, perRange: number, first = 0): void {
  for (let done = 0; done < count; done += perRange) {
    const cells = Math.min(perRange, count - done);
    const lease = slab.tryLease(Math.ceil((cells * 514) / 16397), 'test');
    assert.ok(lease, 'room in the slab');
    for (let i = 0; i < cells; i++) {
      slab.bytes.set(
        cell(0x80000000 + first + done + i, CELL.relay, (first + done + i) & 0xff),
        lease.offset + i * 514,
      );
    }
    channel.sendRange(lease, lease.offset, cells * 514);
    lease.release();
    if (perRange < 20 && done % (20 * perRange) === 0) channel.flush();
  }
}

function checkCells(cells: readonly Uint8Array[], count: number): void {
  assert.is(cells.length, count);
  cells.forEach((bytes, i) => {
    assert.is(Buffer.compare(bytes, cell(0x80000000 + i, CELL.relay, i & 0xff)), 0, `cell ${i}`);
  });
}

test('cells arrive whole and in order, whether few or many go at once', async () => {
  for (const perRange of [1, 7, 31, 100]) {
    const ends = await open();
    sendCells(ends, ends.caller, 1000, perRange);
    await ends.world.run({ until: () => ends.right.cells.length === 1000, forMs: 60_000 });
    checkCells(ends.right.cells, 1000);
    assert.ok(ends.memory.stats.directBytes > 0, 'a busy channel has a run of its own');
    await close(ends);
  }
});

test('a quiet channel has no run; its cells are copied into one that all share', async () => {
  const ends = await open();
  for (let i = 0; i < 20; i++) {
    sendCells(ends, ends.caller, 2, 2, 2 * i);
    await ends.world.run({ forMs: 200 });
  }
  checkCells(ends.right.cells, 40);
  assert.is(ends.memory.directRuns, 0);
  assert.is(ends.memory.stats.copiedBytes, 40 * 514);
  assert.is(ends.slab.leasedSlots, 4, 'one run for everybody');
  await close(ends);
});

test('control cells keep their place among the others', async () => {
  const ends = await open();
  sendCells(ends, ends.caller, 3, 3);
  ends.caller.sendControl(circuitId(0x80000009), CELL.create2, Uint8Array.of(0, 2, 0, 1, 99));
  sendCells(ends, ends.caller, 2, 2, 3);
  ends.caller.sendControl(circuitId(0x80000009), CELL.destroy, Uint8Array.of(9));
  await ends.world.run({ until: () => ends.right.controls.length === 2, forMs: 10_000 });
  assert.equal(ends.right.events, ['open', 'cells 3', 'control 10', 'cells 2', 'control 4']);
  assert.is(ends.right.controls[0]!.circuitId, 0x80000009);
  assert.is(ends.right.controls[0]!.body.length, 509);
  assert.equal([...ends.right.controls[0]!.body.subarray(0, 6)], [0, 2, 0, 1, 99, 0]);
  checkCells(ends.right.cells, 5);
  await close(ends);
});

test('cells can be passed on from where they were read', async () => {
  const ends = await open();
  ends.right.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) ends.callee.sendRange(batch.lease, batch.offsets[i]!, 514);
  };
  sendCells(ends, ends.caller, 2000, 100);
  await ends.world.run({ until: () => ends.left.cells.length === 2000, forMs: 60_000 });
  checkCells(ends.left.cells, 2000);
  await close(ends);
});

test('relays know each other, clients and relays pad idle links, relays among each other do not', async () => {
  const client = await open();
  assert.is(client.right.peer!.rsaFingerprint, undefined);
  await client.world.run({ forMs: 60_000 });
  assert.ok(client.stats.paddingSent >= 8, `${client.stats.paddingSent} padding cells in a minute`);
  assert.ok(client.stats.paddingSent <= 80);
  assert.ok(client.stats.paddingReceived >= client.stats.paddingSent - 2);
  client.caller.negotiatePadding({ command: 'stop', lowMs: 0, highMs: 0 });
  await client.world.run({ forMs: 1000 });
  const { paddingSent } = client.stats;
  await client.world.run({ forMs: 60_000 });
  assert.is(client.stats.paddingSent, paddingSent, 'stopped at both ends');
  await close(client);

  const relays = await open({ relays: true });
  assert.ok(relays.right.peer!.rsaFingerprint && relays.right.peer!.ed25519Id);
  await relays.world.run({ forMs: 60_000 });
  assert.is(relays.stats.paddingSent, 0);
  await close(relays);
});

test('padding comes on idle links only', async () => {
  const ends = await open();
  for (let second = 0; second < 30; second++) {
    sendCells(ends, ends.caller, 1, 1, second);
    await ends.world.run({ forMs: 1000 });
  }
  assert.is(ends.stats.paddingSent, 0);
  await close(ends);
});

test('a relay may not ask a client for padding', async () => {
  const ends = await open();
  ends.callee.sendControl(circuitId(0), CELL.paddingNegotiate, Uint8Array.of(0, 2, 0, 1, 0, 2));
  await ends.world.run({ until: () => ends.left.end !== undefined, forMs: 10_000 });
  assert.equal(ends.left.end, { kind: 'protocol', reason: 'bad-padding-negotiate' });
  await close(ends);
});

test('who asks and asks and does not read the answers is left', async () => {
  for (const isRelay of [false, true]) {
    const ends = await open({ relays: isRelay });
    ends.caller.pauseReading();
    const bytesMax = UNREAD_BYTES_MAX[isRelay ? 'relay' : 'client'];
    let answers = 0;
    while (answers * 514 < bytesMax + (8 << 20) && ends.right.end === undefined) {
      ends.callee.sendControl(circuitId(5), CELL.destroy, Uint8Array.of(1));
      if (++answers % 1000 === 0) await ends.world.run({ forMs: 10 });
    }
    await ends.world.run({ until: () => ends.right.end !== undefined, forMs: 10_000 });
    assert.equal(ends.right.end, { kind: 'protocol', reason: 'unread' });
    assert.ok(answers * 514 >= bytesMax);
    ends.caller.resumeReading();
    await close(ends);
  }
});

test('what does not belong on an open link ends it, what nobody knows is ignored', async () => {
  const cases: readonly [number, number, string][] = [
    [0, CELL.netinfo, 'handshake-cell-when-open'],
    [0, CELL.create2, 'circuit-zero'],
    [0, CELL.destroy, 'circuit-zero'],
    [0, CELL.paddingNegotiate, 'bad-padding-negotiate'],
  ];
  for (const [circuit, command, fault] of cases) {
    const ends = await open();
    ends.caller.sendControl(circuitId(circuit), command, Uint8Array.of(1));
    await ends.world.run({ until: () => ends.right.end !== undefined, forMs: 10_000 });
    assert.equal(ends.right.end, { kind: 'protocol', reason: fault });
    assert.is(ends.stats.faults.get(ends.right.end!.reason as 'circuit-zero'), 1);
    await close(ends);
  }
  const ends = await open();
  for (const command of [1, 2, 99]) ends.caller.sendControl(circuitId(5), command, new Uint8Array(0));
  sendCells(ends, ends.caller, 1, 1);
  await ends.world.run({ until: () => ends.right.cells.length === 1, forMs: 10_000 });
  assert.is(ends.stats.unknownCells, 3);
  await close(ends);
});

test('the scheduler is told when a channel is full, and when it may go on', async () => {
  const ends = await open({ caller: { queueHighBytes: 200_000, queueLowBytes: 10_000 } });
  ends.callee.pauseReading();
  assert.is(ends.caller.writable, true);
  let sent = 0;
  for (let i = 0; i < 200 && ends.caller.writable; i++) {
    sendCells(ends, ends.caller, 100, 100, sent);
    sent += 100;
    ends.caller.flush();
    await ends.world.run({ forMs: 10 });
  }
  assert.is(ends.caller.writable, false);
  assert.ok(ends.caller.queuedBytes >= 200_000);
  assert.is(ends.left.writables, 0);
  ends.callee.resumeReading();
  await ends.world.run({ until: () => ends.right.cells.length === sent, forMs: 60_000 });
  checkCells(ends.right.cells, sent);
  assert.is(ends.left.writables, 1);
  assert.is(ends.caller.writable, true);
  assert.is(ends.caller.queuedBytes, 0);
  await close(ends);
});

test('without room in the slab reading stops, and goes on when there is room', async () => {
  const ends = await open({ slotCount: 24 });
  const kept: { release(): void }[] = [];
  ends.right.onBatch = (batch) => kept.push(batch.lease.retain());
  const hog = ends.slab.tryLease(6, 'somebody else')!;
  let sent = 0;
  for (let i = 0; i < 40; i++) {
    const lease = ends.slab.tryLease(1, 'test');
    if (lease !== undefined) {
      ends.slab.bytes.set(cell(0x80000000 + sent, CELL.relay, sent & 0xff), lease.offset);
      sent++;
      for (let n = 1; n < 31; n++, sent++) {
        ends.slab.bytes.set(cell(0x80000000 + sent, CELL.relay, sent & 0xff), lease.offset + n * 514);
      }
      ends.caller.sendRange(lease, lease.offset, 31 * 514);
      lease.release();
    }
    await ends.world.run({ forMs: 100 });
  }
  assert.ok(ends.right.cells.length < sent, 'it has stopped');
  assert.ok(ends.memory.stats.refusals > 0);
  hog.release();
  ends.right.onBatch = undefined;
  for (const lease of kept) lease.release();
  await ends.world.run({ until: () => ends.right.cells.length === sent, forMs: 60_000 });
  checkCells(ends.right.cells, sent);
  await close(ends);
});

test('a link that breaks gives everything back', async () => {
  const ends = await open();
  sendCells(ends, ends.caller, 3000, 100);
  await ends.world.run({ until: () => ends.right.cells.length > 50, forMs: 60_000 });
  ends.caller.destroy('tired');
  await close(ends);
  assert.equal(ends.left.end, { kind: 'closed', reason: 'tired' });
});

test('close sends what is there first', async () => {
  const ends = await open();
  sendCells(ends, ends.caller, 500, 50);
  ends.caller.close('finished');
  await ends.world.run({
    until: () => ends.left.end !== undefined && ends.right.end !== undefined,
    forMs: 60_000,
  });
  checkCells(ends.right.cells, 500);
  assert.equal(ends.left.end, { kind: 'closed', reason: 'finished' });
  await close(ends);
});

test('a handshake that gets nowhere ends', async () => {
  const world = new SimWorld({ seed: 1 });
  const [a, b] = [world.host({ address: '10.0.0.1' }), world.host({ address: '10.0.0.2' })];
  const slab = new Slab({ slotCount: 20, threadCountMax: 1 });
  const memory = new CellMemory({}, { slab });
  const stats = createLinkStats();
  const bob = makeRelay(a.runtime.clock.wallClock());
  const how = { host: '10.0.0.2', port: 9001, identity: bob.tls, handshakeTimeoutMs: 5000 };
  const silent = new ChannelRecorder(slab.bytes);
  await b.runtime.network.listenTls(how, () => ({
    onOpen() {},
    readTarget: () => new Uint8Array(1000),
    onRead() {},
    onDrain() {},
    onClose() {},
  }));
  dialChannel(
    { host: '10.0.0.2', port: 9001 },
    { connectTimeoutMs: 5000, ownHosts: [], handshakeTimeoutMs: 3000 },
    { runtime: a.runtime, network: a.runtime.network, memory, stats },
    () => silent,
  );
  await world.run({ until: () => silent.end !== undefined, forMs: 60_000 });
  assert.equal(silent.end, { kind: 'protocol', reason: 'handshake-timeout' });
  assert.ok(world.nowMs > 3000 && world.nowMs < 4000);
  slab.assertAllReturned();
});

test('a link that only listens finds out that the other end lost power', async () => {
  const ends = await open({ relays: true });
  const { world, left, right, slab, memory } = ends;
  await world.run({ forMs: 2 * KEEP_ALIVE_MS + 1000 });
  assert.is(left.end, undefined, 'silence alone is no reason to close');
  assert.is(ends.stats.paddingReceived, 4, 'each end has been heard twice');
  ends.callerHost.crash();
  await world.run({ until: () => right.end !== undefined, forMs: 1_500_000 });
  assert.is(right.end?.kind, 'timeout');
  ends.caller.destroy('power is gone');
  memory.close();
  slab.assertAllReturned();
});

test.run();
