// Aim: the slab gives out runs of slots, knows who has them, says so when they are missing or returned twice, and
// tells those that wait when there is room.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import type { Lease } from '../../engine/kernels/lease.ts';
import { KERNEL_THREADS_MAX, SLAB_START } from '../../engine/kernels/memory-map.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import { SLOT_BYTES } from '../../engine/kernels/types.ts';

const suite = uvuSuite('slab');

function lease(slab: Slab, slots: number, owner = 'test'): Lease {
  const got = slab.tryLease(slots, owner);
  assert.ok(got, `no room for ${slots} slots`);
  return got;
}

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.instance(error, AlliumError);
    return (error as AlliumError).code;
  }
  return 'nothing thrown';
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

suite('a run of n slots is n × SLOT_BYTES contiguous bytes of the shared memory', () => {
  const slab = new Slab({ slotCount: 100, threadCountMax: 2 });
  const first = lease(slab, 3);
  const second = lease(slab, 1);
  assert.is(first.offset, SLAB_START);
  assert.is(first.byteLength, 3 * SLOT_BYTES);
  assert.is(second.offset, SLAB_START + 3 * SLOT_BYTES);
  assert.is(slab.leasedSlots, 4);
  assert.ok(slab.buffer instanceof SharedArrayBuffer);
  assert.is(slab.bytes.buffer, slab.buffer);
  assert.is(slab.memory.buffer, slab.buffer);
  first.bytes.fill(7);
  assert.is(first.bytes.length, first.byteLength);
  assert.is(slab.bytes[first.offset + first.byteLength - 1], 7);
  assert.is(slab.bytes[second.offset], 0);
  const whole = new Slab({ slotCount: 100, threadCountMax: 1 });
  const all = lease(whole, 100);
  assert.ok(all.offset + all.byteLength <= whole.bytes.length);
});

suite('single slots are leased behind each other where there is room, and in pieces where there is not', () => {
  const slab = new Slab({ slotCount: 16, threadCountMax: 1 });
  const slots = slab.tryLeaseEach(16, 'test');
  assert.ok(slots);
  assert.equal(
    slots.map((slot) => slot.offset),
    Array.from({ length: 16 }, (_, index) => SLAB_START + index * SLOT_BYTES),
  );
  assert.is(slab.tryLeaseEach(1, 'other'), undefined);
  // Free are now 0 to 2, 8, 9, 12 and 14.
  for (const index of [0, 1, 2, 8, 9, 12, 14]) slots[index]?.release();
  assert.is(slab.tryLease(4, 'other'), undefined);
  assert.is(slab.tryLeaseEach(8, 'other'), undefined);
  const rest = slab.tryLeaseEach(7, 'other');
  assert.ok(rest);
  assert.equal(
    rest.map((slot) => slot.firstSlot).toSorted((a, b) => a - b),
    [0, 1, 2, 8, 9, 12, 14],
  );
  assert.is(slab.leasedSlots, 16);
  for (const slot of rest) slot.release();
  assert.is(slab.leasedSlots, 9);
  assert.is(
    code(() => slab.tryLeaseEach(17, 'test')),
    'SLAB_FULL',
  );
});

suite('a lease goes back when its last holder releases it, and not before', () => {
  const slab = new Slab({ slotCount: 4, threadCountMax: 1 });
  const held = lease(slab, 4);
  assert.is(held.retain(), held);
  held.release();
  assert.ok(held.live);
  assert.is(slab.tryLease(1, 'other'), undefined);
  held.release();
  assert.not(held.live);
  assert.is(slab.leasedSlots, 0);
  lease(slab, 4).release();
});

suite('releasing or retaining a lease that has gone back is refused, and harms nobody', () => {
  const slab = new Slab({ slotCount: 4, threadCountMax: 1 });
  const held = lease(slab, 2);
  held.release();
  const next = lease(slab, 2);
  assert.is(
    code(() => held.release()),
    'LEASE_MISUSED',
  );
  assert.is(
    code(() => held.retain()),
    'LEASE_MISUSED',
  );
  assert.ok(next.live);
  assert.is(slab.leasedSlots, 2);
});

suite('assertAllReturned names the owners of what is missing', () => {
  const slab = new Slab({ slotCount: 40, threadCountMax: 1 });
  lease(slab, 1, 'peer read').release();
  slab.assertAllReturned();
  lease(slab, 2, 'peer read');
  lease(slab, 2, 'peer read');
  const disk = lease(slab, 33, 'disk write');
  assert.throws(() => slab.assertAllReturned(), /3 leases.*disk write ×1/);
  assert.throws(() => slab.assertAllReturned(), /peer read ×2/);
  disk.release();
  assert.throws(
    () => slab.assertAllReturned(),
    (error: Error) => !error.message.includes('disk write'),
  );
});

// LIMITS.md: SLAB, slots.
suite('a full slab refuses, never grows, and counts it', () => {
  const slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  const byteLength = slab.buffer.byteLength;
  const leases = Array.from({ length: 64 }, () => lease(slab, 1));
  assert.is(slab.tryLease(1, 'one too many'), undefined);
  assert.is(slab.tryLease(64, 'many too many'), undefined);
  assert.is(slab.buffer.byteLength, byteLength);
  assert.is(slab.stats().refused, 2);
  assert.is(slab.stats().leasedSlotsPeak, 64);
  for (const each of leases) each.release();
  assert.is(slab.stats().longestFreeRunSlots, 64);
  slab.assertAllReturned();
});

suite('what the slab could never give is an error, not a wait', () => {
  const slab = new Slab({ slotCount: 8, threadCountMax: 1 });
  for (const slots of [9, 0, -1, 1.5, Number.NaN]) {
    assert.is(
      code(() => slab.tryLease(slots, 'test')),
      'SLAB_FULL',
    );
    assert.is(
      code(() => slab.whenFree(() => {}, slots)),
      'SLAB_FULL',
    );
  }
  for (const slotCount of [0, -1, 0.5, 2 ** 18]) {
    assert.is(
      code(() => new Slab({ slotCount, threadCountMax: 1 })),
      'SLAB_FULL',
    );
  }
});

// LIMITS.md: SLAB, threads.
suite('thread numbers are given out once each, up to the number the slab was made for', () => {
  const slab = new Slab({ slotCount: 1, threadCountMax: 3 });
  assert.equal([slab.takeThread(), slab.takeThread(), slab.takeThread()], [0, 1, 2]);
  assert.is(
    code(() => slab.takeThread()),
    'SLAB_FULL',
  );
  slab.returnThread(1);
  assert.is(slab.takeThread(), 1);
  for (const threadCountMax of [0, KERNEL_THREADS_MAX + 1, 1.5]) {
    assert.is(
      code(() => new Slab({ slotCount: 1, threadCountMax })),
      'SLAB_FULL',
    );
  }
});

suite('short runs lie low and long runs high, so that they do not cut up each other’s room', () => {
  const slab = new Slab({ slotCount: 300, threadCountMax: 1 });
  const short = lease(slab, 17);
  const long = lease(slab, 64);
  const short2 = lease(slab, 1);
  const long2 = lease(slab, 65);
  assert.equal([short.firstSlot, short2.firstSlot], [0, 17]);
  assert.equal([long.firstSlot, long2.firstSlot], [300 - 64, 300 - 64 - 65]);
});

suite('whenFree calls each one once, in order, after a release', async () => {
  const slab = new Slab({ slotCount: 3, threadCountMax: 1 });
  const held = [lease(slab, 1), lease(slab, 1), lease(slab, 1)];
  const called: string[] = [];
  slab.whenFree(() => called.push('a'));
  slab.whenFree(() => called.push('b'));
  await turn();
  assert.equal(called, [], 'nothing was released yet');
  held[0]!.release();
  assert.equal(called, [], 'never from within release');
  await turn();
  assert.equal(called, ['a', 'b']);
  held[1]!.release();
  await turn();
  assert.equal(called, ['a', 'b']);
});

suite('one that takes the room leaves the others in line, in their order', async () => {
  const slab = new Slab({ slotCount: 2, threadCountMax: 1 });
  const held = [lease(slab, 1), lease(slab, 1)];
  const called: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    slab.whenFree(() => {
      called.push(name);
      held.push(lease(slab, 1, name));
    });
  }
  held.shift()!.release();
  await turn();
  assert.equal(called, ['a']);
  assert.is(slab.stats().waiting, 2);
  held.shift()!.release();
  held.shift()!.release();
  await turn();
  assert.equal(called, ['a', 'b', 'c']);
});

suite('one that waits for a long run keeps its place and holds nobody up', async () => {
  const slab = new Slab({ slotCount: 4, threadCountMax: 1 });
  const held = [lease(slab, 1), lease(slab, 1), lease(slab, 1), lease(slab, 1)];
  const called: string[] = [];
  slab.whenFree(() => called.push('two'), 2);
  slab.whenFree(() => called.push('one'));
  held[0]!.release();
  await turn();
  assert.equal(called, ['one']);
  slab.whenFree(() => called.push('late'));
  held[2]!.release();
  await turn();
  assert.equal(called, ['one', 'late'], 'two free slots, but not side by side');
  slab.whenFree(() => called.push('later'));
  held[1]!.release();
  await turn();
  assert.equal(called, ['one', 'late', 'two', 'later']);
});

suite('one that waits again from within its callback stands at the end of the line', async () => {
  const slab = new Slab({ slotCount: 1, threadCountMax: 1 });
  const held = lease(slab, 1);
  let calls = 0;
  const again = (): void => {
    calls += 1;
    slab.whenFree(again);
  };
  slab.whenFree(again);
  held.release();
  await turn();
  assert.is(calls, 1, 'asked once per release, or it would spin');
  lease(slab, 1).release();
  await turn();
  assert.is(calls, 2);
});

suite('a callback that throws does not cost the others their turn', async () => {
  const slab = new Slab({ slotCount: 1, threadCountMax: 1 });
  const held = lease(slab, 1);
  const called: string[] = [];
  const uncaught: unknown[] = [];
  const keep = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', keep);
  slab.whenFree(() => {
    throw new Error('my own fault');
  });
  slab.whenFree(() => called.push('b'));
  held.release();
  await turn();
  await turn();
  process.off('uncaughtException', keep);
  assert.is(uncaught.length, 1);
  assert.equal(called, ['b']);
});

suite('copies within itself, also over what it copies, and nothing outside', () => {
  const slab = new Slab({ slotCount: 2, threadCountMax: 1 });
  const { offset } = lease(slab, 1);
  const cells = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 0xff);
  for (const [to, from] of [
    [3, 500],
    [500, 3],
    [17, 20],
    [20, 17],
  ] as const) {
    const expected = new Uint8Array(2000);
    expected.set(cells);
    expected.copyWithin(to, from, from + 498);
    slab.bytes.fill(0, offset, offset + 2000);
    slab.bytes.set(cells, offset);
    slab.copy(offset + to, offset + from, 498);
    assert.equal(slab.bytes.slice(offset, offset + 2000), expected, `${from} → ${to}`);
  }
  assert.throws(() => slab.copy(slab.bytes.length - 10, offset, 20), /out of bounds/);
});

suite.run();
