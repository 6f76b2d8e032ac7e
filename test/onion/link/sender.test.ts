// Aim: neighbours leave as one write, short ranges are copied together, long ones are not copied, and each lease is
// held exactly as long as its bytes are needed, also when the stream dies.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
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
  const sender = new CellSender({ slab: slab.bytes, stream: () => stream, onSent: () => sent++ });
  const lease = slab.tryLease(4, 'test')!;
  return { slab, writes, corks, sender, lease, sent: () => sent };
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
  assert.is(writes.length, 3, 'two of gathered cells, and the long one');
  assert.is(writes[2]!.bytes.buffer, slab.buffer);
  for (const write of writes) write.written(true);
  assert.not.ok(lease.live);
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
