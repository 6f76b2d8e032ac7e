// Aim: what authorities write into a consensus moves a setting within its bounds and no further.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readParam } from '../../../engine/onion/flow/consensus-param.ts';

const test = suite('parameters of the consensus');

test('a parameter is held within its bounds', () => {
  const bounds = { fallback: 5, min: 1, max: 10 };
  assert.is(readParam(new Map(), 'a', bounds), 5);
  assert.is(readParam(new Map([['a', 7]]), 'a', bounds), 7);
  assert.is(readParam(new Map([['a', 99]]), 'a', bounds), 10);
  assert.is(readParam(new Map([['a', -99]]), 'a', bounds), 1);
  assert.is(readParam(new Map([['a', Number.NaN]]), 'a', bounds), 5);
});

test.run();
