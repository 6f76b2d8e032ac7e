/** Aim: rows written by hand are what `JSON.stringify` makes of them, whatever their values. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listWriter, objectWriter } from '../../../engine/node/remote/row-writer.ts';

const writer = suite('row writer');
const values = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, Number.POSITIVE_INFINITY, -0, [], ['a"'], { b: 1 }),
);

writer('objects', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), values), { selector: ([name]) => name }),
      (pairs) => {
        const usable = pairs.filter(([name]) => !/^\d+$|^__proto__$/.test(name));
        const write = objectWriter(usable.map(([name, value]) => [name, () => value]));
        assert.is(write(undefined), JSON.stringify(Object.fromEntries(usable)));
      },
    ),
  );
});

writer('lists', () => {
  fc.assert(
    fc.property(fc.array(values), (list) => {
      assert.is(listWriter(list.map((value) => () => value))(undefined), JSON.stringify(list));
    }),
  );
});

writer.run();
