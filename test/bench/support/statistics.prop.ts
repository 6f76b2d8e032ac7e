/**
 * Aim: the numbers under every benchmark figure are what they say: quantiles lie among the values and in order, one
 * wild run does not move median and deviation, and no values give no number.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { median, medianDeviation, medianOf, quantile } from '../../../bench/support/statistics.ts';

const statistics = suite('statistics');
const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

statistics('quantiles ascend from the least to the greatest value', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const at = quantile(list, share);
      assert.is(quantile(list, 0), Math.min(...list));
      assert.is(quantile(list, 1), Math.max(...list));
      assert.ok(at >= Math.min(...list) - 1e-6 && at <= Math.max(...list) + 1e-6);
      assert.ok(quantile(list, share / 2) <= at + 1e-6);
    }),
  );
});

statistics('half of the values are on either side of the median, in any order', () => {
  fc.assert(
    fc.property(values, (list) => {
      const middle = median(list);
      assert.ok(list.filter((value) => value < middle - 1e-6).length <= list.length / 2);
      assert.ok(list.filter((value) => value > middle + 1e-6).length <= list.length / 2);
      assert.is(median(list.toReversed()), middle);
    }),
  );
});

statistics('one wild run among five moves neither median nor deviation far', () => {
  assert.is(median([10, 11, 12, 13, 1e9]), 12);
  assert.is(medianDeviation([10, 11, 12, 13, 1e9]), 1);
  assert.is(medianDeviation([7, 7, 7]), 0);
});

statistics('no values give no number', () => {
  assert.ok(Number.isNaN(median([])));
  assert.is(medianOf([undefined, undefined]), undefined);
  assert.is(medianOf([undefined, 4, 6]), 5);
});

statistics.run();
