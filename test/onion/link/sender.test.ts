// Aim: neighbours leave as one write, short ranges are copied together, long ones are not copied, memory for copies is
// used again and bounded, and each lease is held exactly as long as its bytes are needed, also when the stream dies.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { GATHER_BYTES, GatherBuffers } from '../../../engine/onion/link/gather-buffers.ts';
import { CellSender } from '../../../engine/onion/link/sender.ts';
import type { ByteStream } from '../../../engine/runtime/port.ts';

const test = suite('cell sender');

function makeScene() {
  const slab = new Slab({ slotCount: 16, threadCountMax: 1 });
  const writes: { readonly bytes: Uint8Array; readonly written: (ok: boolean) => void }[] = [];
  const corks: string[] = [];
  const stream = {
    write: (bytes: Uint8Array, written: (ok: boolean) => void) => writes.push({ bytes, written }),
    cork: () => corks.push('cork'),
    uncork: () => corks.push('uncork'),
  } as unknown as ByteStream;
  let sent = 0;
  const buffers = new GatherBuffers();
  const sender = new CellSender({ slab: slab.bytes, buffers, stream: () => stream, onSent: () => sent++ });
  const lease = slab.tryLease(4, 'test')!;
  return { slab, writes, corks, sender, lease, buffers, sent: () => sent };
}

test('neighbours are one range, in place', () => {
  const { slab, writes, corks, sender, lease } = makeScene();
  for (let i = 0; i < 20; i++) sender.addRange(lease, lease.offset + i * 514, 514);
  assert.is(sender.queuedBytes, 20 * 514);
  sender.flush();
  assert.is(writes.length, 1);
  assert.is(writes[0]!.bytes.byteOffset, lease.offset);
  assert.is(writes[0]!.bytes.buffer, slab.buffer);
  assert.is(writes[0]!.bytes.length, 20 * 514);
  assert.equal(corks, []);
  lease.release();
  assert.ok(lease.live, 'held while it is written');
  writes[0]!.written(true);
  assert.not.ok(lease.live);
  assert.is(sender.queuedBytes, 0);
});

test('scattered cells are gathered in order, and their lease let go', () => {
  const { slab, writes, corks, sender, lease } = makeScene();
  for (let i = 0; i < 60; i++) slab.bytes.fill(i, lease.offset + i * 514, lease.offset + (i + 1) * 514);
  for (let i = 0; i < 40; i++) sender.addRange(lease, lease.offset + ((i * 7) % 60) * 514, 514);
  sender.addBytes(new Uint8Array(514).fill(200));
  sender.addRange(lease, lease.offset + 10 * 514, 8 * 514);
  lease.release();
  sender.flush();
  assert.equal(corks, ['cork', 'uncork']);
  const all = new Uint8Array(Buffer.concat(writes.map((write) => write.bytes)));
  const expected = [
    ...Array.from({ length: 40 }, (_, i) => (i * 7) % 60),
    200,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
  ];
  assert.equal(
    expected.map((_, i) => all[i * 514]),
    expected,
  );
  assert.is(writes.length, 2, 'one of gathered cells, and the long one');
  assert.is(writes[0]!.bytes.length, 41 * 514);
  assert.is(writes[1]!.bytes.buffer, slab.buffer);
  for (const write of writes) write.written(true);
  assert.not.ok(lease.live);
});

test('memory for copies is used again once it is written, not before', () => {
  const { slab, writes, sender, lease, buffers } = makeScene();
  const send = (value: number): void => {
    slab.bytes.fill(value, lease.offset, lease.offset + 50_000);
    for (let i = 0; i < 40; i++) sender.addRange(lease, lease.offset + i * 1028, 514);
    sender.flush();
  };
  send(1);
  assert.ok(writes[0]!.bytes.every((byte) => byte === 1));
  writes[0]!.written(true);
  send(2);
  assert.is(writes[1]!.bytes.buffer, writes[0]!.bytes.buffer);
  assert.is(writes[1]!.bytes.length, 40 * 514);
  assert.ok(writes[1]!.bytes.every((byte) => byte === 2));
  const other = buffers.take()!;
  assert.is.not(other.buffer, writes[1]!.bytes.buffer);
  writes[1]!.written(true);
  assert.is(buffers.take()!.buffer, writes[1]!.bytes.buffer);
});

test('while the peer lets writes wait, or with all memory for copies in use, parts are small', () => {
  const { writes, sender, lease, buffers } = makeScene();
  const send = (): void => {
    for (let i = 0; i < 40; i++) sender.addRange(lease, lease.offset + i * 1028, 514);
    sender.flush();
  };
  const lengths = (): number[] => writes.splice(0).map(({ bytes }) => bytes.length);
  sender.addRange(lease, lease.offset, 514);
  sender.flush();
  const [waiting] = writes.splice(0);
  send();
  const slow = writes.map(({ written }) => written);
  assert.equal(lengths(), [31 * 514, 9 * 514]);
  waiting!.written(true);
  for (const written of slow) written(true);
  const taken = Array.from({ length: 8 }, () => buffers.take()!);
  assert.is(new Set(taken).size, 8);
  assert.ok(taken.every(({ length }) => length === GATHER_BYTES));
  assert.is(buffers.take(), undefined);
  send();
  assert.equal(lengths(), [31 * 514, 9 * 514]);
  buffers.give(taken[3]!);
  assert.is(buffers.take(), taken[3]);
});

test('closing lets go of what waits, and of what is under way when it is answered', () => {
  const { writes, sender, lease, sent } = makeScene();
  sender.addRange(lease, lease.offset, 5140);
  sender.flush();
  sender.addRange(lease, lease.offset + 20_000, 514);
  lease.release();
  sender.close();
  sender.addRange(lease, lease.offset, 514);
  assert.ok(lease.live);
  writes[0]!.written(false);
  assert.not.ok(lease.live);
  assert.is(sent(), 0);
});

test.run();
