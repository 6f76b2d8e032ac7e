// Aim: downloads stop below the minimum and when a disk is full, and go on only with clearly more; a disk that hovers
// about the minimum does not make them stop and start.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  nextSpaceState,
  SPACE_AT_START,
  type SpaceReading,
  spaceToGoOn,
} from '../../../engine/node/upkeep/free-space.ts';

const test = suite('free space');
const GIB = 1024 ** 3;
const reading = (minBytes: number): fc.Arbitrary<SpaceReading> =>
  fc.record({
    freeBytes: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 4 * GIB })),
    minBytes: fc.constant(minBytes),
    refused: fc.boolean(),
  });

test('held whenever it must be, free whenever it may be, and between the two as it was', () => {
  const run = fc.constantFrom(0, 1000, GIB).chain((min) => fc.array(reading(min), { maxLength: 20 }));
  fc.assert(
    fc.property(run, (readings) => {
      let state = SPACE_AT_START;
      for (const now of readings) {
        const before = state;
        state = nextSpaceState(before, now);
        const { freeBytes, minBytes, refused } = now;
        if (refused) assert.ok(state.isHeld);
        else if (freeBytes === undefined) assert.is(state, before);
        else if (freeBytes < minBytes) assert.ok(state.isHeld);
        else if (freeBytes >= spaceToGoOn(minBytes)) assert.not(state.isHeld);
        else assert.is(state.isHeld, before.isHeld && (minBytes > 0 || before.isFull));
      }
    }),
  );
});

test('a disk that hovers about the minimum stops downloads once', () => {
  const nearby = fc.array(fc.integer({ min: -32 * 1024 * 1024, max: 32 * 1024 * 1024 }), { minLength: 5 });
  fc.assert(
    fc.property(nearby, (offsets) => {
      let state = SPACE_AT_START;
      let changes = 0;
      for (const offset of offsets) {
        const next = nextSpaceState(state, { freeBytes: GIB + offset, minBytes: GIB, refused: false });
        if (next.isHeld !== state.isHeld) changes += 1;
        state = next;
      }
      assert.ok(changes <= 1);
    }),
  );
});

test('without a minimum only a refused write holds downloads, until there is room', () => {
  const least = { minBytes: 0, refused: false };
  assert.not(nextSpaceState(SPACE_AT_START, { ...least, freeBytes: 0 }).isHeld);
  const full = nextSpaceState(SPACE_AT_START, { ...least, freeBytes: 0, refused: true });
  assert.ok(full.isHeld);
  assert.ok(nextSpaceState(full, { ...least, freeBytes: 4096 }).isHeld);
  assert.not(nextSpaceState(full, { ...least, freeBytes: spaceToGoOn(0) }).isHeld);
});

test.run();
