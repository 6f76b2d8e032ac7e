// Aim: the run of a peer is never longer than the bound nor shorter than a block, whatever its pace; a peer that takes
// runs at once comes to the longest, one that is slow to the shortest, and partial runs of a fast one change nothing.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RUN_BLOCKS_MAX, RunLength } from '../../../engine/bittorrent/peer/run-length.ts';

const test = suite('run length');

test('it stays within its bounds, and slowness always makes it shorter', () => {
  const step = fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), tookMs: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const length = new RunLength();
      for (const { share, tookMs } of steps) {
        const before = length.blocksMax;
        length.note(Math.max(1, Math.round(before * share)), tookMs);
        assert.ok(length.blocksMax >= 1 && length.blocksMax <= RUN_BLOCKS_MAX);
        if (tookMs > 200) assert.ok(length.blocksMax < before || before === 1);
        else assert.ok(length.blocksMax >= before);
      }
    }),
  );
});

test('a fast peer gets the longest runs in a few steps, a slow one the shortest', () => {
  const length = new RunLength();
  for (let i = 0; i < 4; i++) length.note(length.blocksMax, 1);
  assert.is(length.blocksMax, RUN_BLOCKS_MAX);
  for (let i = 0; i < 7; i++) length.note(length.blocksMax, 500);
  assert.is(length.blocksMax, 1);
});

test('a fast peer that asks for little is not taken for one that wants more', () => {
  const length = new RunLength();
  const before = length.blocksMax;
  for (let i = 0; i < 10; i++) length.note(1, 1);
  assert.is(length.blocksMax, before);
});

test.run();
