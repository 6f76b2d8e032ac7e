/** Aim: sizes, rates and durations read well at every magnitude, and what users type is understood or refused. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatRate,
  parseRate,
  parseSize,
} from '../../engine/codec/units.ts';

const units = suite('units');

units('bytes keep three digits that matter and never show 1024 of a unit', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [10_239, '10.0 KiB'],
    [102_400, '100 KiB'],
    [1_048_575, '1.00 MiB'],
    [1.5 * 1024 ** 3, '1.50 GiB'],
    [2 ** 63, '8.00 EiB'],
  ];
  for (const [bytes, text] of cases) assert.is(formatBytes(bytes), text);
  assert.is(formatRate(1024), '1.00 KiB/s');
});

units('durations carry into the next unit', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [9_949, '9.9 s'],
    [59_499, '59 s'],
    [59_501, '1 m 00 s'],
    [3_599_501, '1 h 00 m'],
    [7_620_000, '2 h 07 m'],
    [100 * 3_600_000, '4 d 04 h'],
    [Number.POSITIVE_INFINITY, '∞'],
  ];
  for (const [ms, text] of cases) assert.is(formatDuration(ms), text);
});

units('100 % is shown for the whole only', () => {
  assert.is(formatPercent(0.99999), '99.9 %');
  assert.is(formatPercent(1), '100.0 %');
  assert.is(formatPercent(0), '0.0 %');
});

units('sizes are read in every usual form', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['512', 512],
    ['512B', 512],
    ['16K', 16_384],
    ['16k', 16_384],
    ['16 KiB', 16_384],
    ['1.5MB', 1_572_864],
    ['2T', 2 * 1024 ** 4],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['16X', undefined],
    ['9999P', undefined],
    ['0x10', undefined],
  ];
  for (const [text, bytes] of cases) assert.is(parseSize(text), bytes, text);
});

units('rates may be off, but not zero', () => {
  assert.is(parseRate('10MiB/s'), 10_485_760);
  assert.is(parseRate('500K'), 512_000);
  assert.is(parseRate('1 MB ps'), 1_048_576);
  assert.is(parseRate('off'), Number.POSITIVE_INFINITY);
  assert.is(parseRate('0'), undefined);
  assert.is(parseRate('fast'), undefined);
});

units.run();
