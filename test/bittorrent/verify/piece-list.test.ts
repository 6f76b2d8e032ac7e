// Aim: lists of pieces are read, joined and written as people write them; anything else is bad usage.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { joinRuns, parsePieceList } from '../../../engine/bittorrent/verify/piece-list.ts';
import { AlliumError } from '../../../engine/codec/error.ts';

const test = suite('piece list');

const runs = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([first, end]) => ({ first: pieceIndex(first), end: pieceIndex(end) }));

test('single pieces and ranges, both ends included', () => {
  assert.equal(parsePieceList('10-20,33'), runs([10, 21], [33, 34]));
  assert.equal(parsePieceList(' 7 - 7 , 0 '), runs([0, 1], [7, 8]));
});

test('what touches or overlaps is joined, whatever its order', () => {
  assert.equal(parsePieceList('5-9,0-4,3,20,21'), runs([0, 10], [20, 22]));
  assert.equal(joinRuns(runs([4, 4], [1, 2])), runs([1, 2]));
});

for (const text of ['', ',', '1-', '-1', 'a', '5-4', '1.5', '1 2', '0x10', '1-2-3', '99999999999']) {
  test(`“${text}” is bad usage`, () => {
    try {
      parsePieceList(text);
    } catch (error) {
      assert.instance(error, AlliumError);
      assert.is((error as AlliumError).code, 'BAD_USAGE');
      return;
    }
    assert.unreachable();
  });
}

test.run();
