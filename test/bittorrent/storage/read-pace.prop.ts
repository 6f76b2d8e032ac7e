// Aim: files whose reads come out of memory are read at once; one that has to wait for its disk goes to the pool; over
// any length of time the reads that wait hold up the loop for a small share of it, however many files lie on slow disks.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newFilePace, ReadPace } from '../../../engine/bittorrent/storage/read-pace.ts';

const test = suite('read pace');
const BYTES = 262_144;

test('a file in memory is always read at once, whatever others do', () => {
  const pace = new ReadPace();
  const warm = newFilePace();
  for (let ms = 0; ms < 1000; ms += 1) {
    assert.ok(pace.mayReadNow(warm, ms));
    pace.note(warm, BYTES, 0.2, ms);
    const cold = newFilePace();
    if (pace.mayReadNow(cold, ms)) pace.note(cold, BYTES, 12, ms);
  }
});

test('a file that makes the loop wait is left to the pool for a while, and tried again', () => {
  const pace = new ReadPace();
  const file = newFilePace();
  pace.note(file, BYTES, 0.2, 0);
  pace.note(file, BYTES, 100, 100);
  assert.not.ok(pace.mayReadNow(file, 101));
  assert.not.ok(pace.mayReadNow(file, 4000));
  assert.ok(pace.mayReadNow(file, 60_000));
});

test('one read that was interrupted does not count against a file in memory', () => {
  const pace = new ReadPace();
  const file = newFilePace();
  for (let ms = 0; ms < 100; ms++) {
    pace.note(file, BYTES, ms % 20 === 9 ? 5 : 0.2, ms);
    assert.ok(pace.mayReadNow(file, ms));
  }
});

test('many files on slow disks hold up the loop for a fiftieth of the time, but for the first of each', () => {
  const run = fc.record({ files: fc.integer({ min: 1, max: 200 }), waitMs: fc.integer({ min: 4, max: 40 }) });
  fc.assert(
    fc.property(run, ({ files, waitMs }) => {
      const pace = new ReadPace();
      const all = Array.from({ length: files }, newFilePace);
      const endMs = 60_000;
      let lostMs = 0;
      for (let ms = 0, at = 0; ms < endMs; ms += 0.5, at++) {
        const file = all[at % files]!;
        if (!pace.mayReadNow(file, ms)) continue;
        ms += waitMs;
        lostMs += waitMs;
        pace.note(file, BYTES, waitMs, ms);
      }
      assert.ok(lostMs <= endMs / 50 + 2 * waitMs, `${lostMs} ms of ${endMs}`);
    }),
    { numRuns: 30 },
  );
});

test.run();
