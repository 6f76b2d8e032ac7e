// Aim: whatever is leased, retained and released in whatever order, no two leases overlap, a run is refused only
// when there is none, and in the end everything is back. And churn does not cut the slab to pieces.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Lease } from '../../engine/kernels/lease.ts';
import { SLAB_START } from '../../engine/kernels/memory-map.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import { SlabBitmap } from '../../engine/kernels/slab-bitmap.ts';
import { SLOT_BYTES } from '../../engine/kernels/types.ts';

const suite = uvuSuite('slab properties');

/** The obvious implementation to compare with. */
class Model {
  readonly used: (Lease | undefined)[];

  constructor(slotCount: number) {
    this.used = new Array<Lease | undefined>(slotCount).fill(undefined);
  }

  longestFreeRun(): number {
    let longest = 0;
    let run = 0;
    for (const slot of this.used) {
      run = slot === undefined ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  take(lease: Lease): void {
    const first = (lease.offset - SLAB_START) / SLOT_BYTES;
    assert.ok(
      Number.isInteger(first) && first >= 0 && first + lease.slots <= this.used.length,
      'outside the slab',
    );
    for (let slot = first; slot < first + lease.slots; slot += 1) {
      assert.is(this.used[slot], undefined, `slot ${slot} was given out twice`);
      this.used[slot] = lease;
    }
  }

  give(lease: Lease): void {
    for (const [slot, owner] of this.used.entries()) if (owner === lease) this.used[slot] = undefined;
  }
}

const runLength = fc.oneof(
  fc.constant(1),
  fc.integer({ min: 2, max: 17 }),
  fc.integer({ min: 18, max: 63 }),
  fc.integer({ min: 64, max: 200 }),
);
const step = fc.record({
  what: fc.constantFrom('lease', 'lease', 'lease', 'retain', 'release', 'release', 'release'),
  slots: runLength,
  pick: fc.nat(),
});

suite('leases never overlap, none is refused while there is a run for it, all come back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 700 }),
      fc.array(step, { minLength: 1, maxLength: 400 }),
      (slotCount, steps) => {
        const slab = new Slab({ slotCount, threadCountMax: 1 });
        const model = new Model(slotCount);
        /** One entry per holder. */
        const held: Lease[] = [];
        for (const { what, slots, pick } of steps) {
          const chosen = held.length === 0 ? undefined : pick % held.length;
          if (what === 'lease') {
            const lease = slab.tryLease(slots, 'model');
            assert.is(lease !== undefined, model.longestFreeRun() >= slots, `a run of ${slots}`);
            if (lease === undefined) continue;
            model.take(lease);
            held.push(lease);
          } else if (chosen !== undefined && what === 'retain') {
            held.push(held[chosen]!.retain());
          } else if (chosen !== undefined) {
            const [lease] = held.splice(chosen, 1);
            lease!.release();
            assert.is(lease!.live, held.includes(lease!));
            if (!lease!.live) model.give(lease!);
          }
          assert.is(slab.leasedSlots, model.used.filter((slot) => slot !== undefined).length);
        }
        assert.is(slab.stats().longestFreeRunSlots, model.longestFreeRun());
        assert.is(slab.stats().leases, new Set(held).size);
        for (const lease of held) lease.release();
        slab.assertAllReturned();
        assert.is(slab.stats().longestFreeRunSlots, slotCount);
      },
    ),
    { numRuns: 300 },
  );
});

suite('a waiting reader is called as soon as its run is free', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 60 }),
      async (sizes) => {
        const slab = new Slab({ slotCount: 40, threadCountMax: 1 });
        let done = 0;
        const start = (slots: number): void => {
          const lease = slab.tryLease(slots, 'reader');
          if (lease === undefined) {
            slab.whenFree(() => start(slots), slots);
            return;
          }
          setImmediate(() => {
            lease.release();
            done += 1;
          });
        };
        for (const slots of sizes) start(slots);
        for (let turns = 0; done < sizes.length && turns < 10 * sizes.length; turns += 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.is(done, sizes.length, 'somebody waits for ever');
        slab.assertAllReturned();
      },
    ),
    { numRuns: 100 },
  );
});

/** A small generator, so that the churn is the same every time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

suite('at 80 % full, with leases of very different sizes and lives, runs of 17 are still found', () => {
  const random = chance(1);
  const bitmap = new SlabBitmap(4096);
  const held: { first: number; slots: number; until: number }[] = [];
  let used = 0;
  let refused = 0;
  let asked = 0;
  let fullRounds = 0;
  for (let now = 0; now < 100_000; now += 1) {
    for (let index = held.length - 1; index >= 0 && now % 16 === 0; index -= 1) {
      const run = held[index]!;
      if (run.until > now) continue;
      bitmap.give(run.first, run.slots);
      used -= run.slots;
      held[index] = held[held.length - 1]!;
      held.pop();
    }
    const kind = random();
    const slots = kind < 0.8 ? 1 : kind < 0.97 ? 17 : 64;
    if (used > 4096 * 0.75) fullRounds += 1;
    if (used + slots > 4096 * 0.8) continue;
    asked += 1;
    const first = bitmap.find(slots);
    if (first < 0) {
      refused += 1;
      continue;
    }
    bitmap.take(first, slots);
    used += slots;
    held.push({ first, slots, until: now + 1 + Math.floor(-1000 * Math.log(1 - random())) });
  }
  assert.ok(fullRounds > 50_000, `the slab was near the limit in only ${fullRounds} rounds`);
  assert.ok(refused < asked / 1000, `${refused} of ${asked} refused with a fifth of the slab free`);
});

suite.run();
