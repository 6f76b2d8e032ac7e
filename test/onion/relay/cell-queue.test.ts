/**
 * Aim: cells that wait keep their order and their bytes, whether they are referred to where they lie or moved
 * together, and every hold on the slab is let go.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { CELL_BYTES } from '../../../engine/onion/cell/command.ts';
import { CellQueue, QueueRoom } from '../../../engine/onion/relay/cell-queue.ts';

const test = suite('cells that wait');

function fill(slab: Slab, offset: number, first: number, cells: number): void {
  for (let i = 0; i < cells; i += 1) {
    const at = offset + i * CELL_BYTES;
    slab.bytes.fill((first + i) & 0xff, at, at + CELL_BYTES);
  }
}

/** The first byte of each cell that comes out. */
function drain(queue: CellQueue, slab: Slab, perTurn: number): number[] {
  const seen: number[] = [];
  while (queue.cells > 0) {
    queue.shift(perTurn, (_lease, offset, byteLength) => {
      for (let at = offset; at < offset + byteLength; at += CELL_BYTES) seen.push(slab.bytes[at]!);
    });
  }
  return seen;
}

for (const [name, slotCount] of [
  ['referred to', 100],
  ['moved', 12],
] as const) {
  test(`${name}: in order, and nothing stays`, () => {
    const slab = new Slab({ slotCount, threadCountMax: 1 });
    const room = new QueueRoom({ slab });
    const queue = new CellQueue(room);
    const lease = slab.tryLease(8, 'test')!;
    fill(slab, lease.offset, 0, 100);
    assert.ok(queue.push(lease, lease.offset, 40, 5));
    assert.ok(queue.push(lease, lease.offset + 40 * CELL_BYTES, 20, 6));
    assert.ok(queue.push(lease, lease.offset + 70 * CELL_BYTES, 30, 7));
    assert.is(queue.oldestMs, 5);
    assert.is(room.cells, 90);
    if (name === 'moved') slab.bytes.fill(255, lease.offset, lease.offset + lease.byteLength);
    assert.is(room.moved, name === 'moved' ? 90 : 0);
    lease.release();
    const wanted = [...Array(60).keys(), ...Array.from({ length: 30 }, (_, i) => 70 + i)];
    assert.equal(drain(queue, slab, 7), wanted);
    assert.is(queue.oldestMs, undefined);
    slab.assertAllReturned();
  });
}

test('clearing lets everything go', () => {
  const slab = new Slab({ slotCount: 20, threadCountMax: 1 });
  const room = new QueueRoom({ slab });
  const queue = new CellQueue(room);
  const lease = slab.tryLease(4, 'test')!;
  queue.push(lease, lease.offset, 3, 1);
  queue.push(lease, lease.offset + 9 * CELL_BYTES, 3, 1);
  lease.release();
  queue.clear();
  assert.is(room.cells, 0);
  slab.assertAllReturned();
});

test('a full slab takes no more cells', () => {
  const slab = new Slab({ slotCount: 5, threadCountMax: 1 });
  const queue = new CellQueue(new QueueRoom({ slab }));
  const lease = slab.tryLease(4, 'test')!;
  assert.ok(queue.push(lease, lease.offset, 31, 1));
  assert.not(queue.push(lease, lease.offset, 1, 1));
  queue.clear();
  lease.release();
  slab.assertAllReturned();
});

test.run();
