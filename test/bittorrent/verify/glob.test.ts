// Aim: globs mean what people expect of them, and what they do not mean stays out.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { globPattern, isGlob } from '../../../engine/bittorrent/verify/glob.ts';

const test = suite('glob');

const CASES: readonly (readonly [glob: string, fits: readonly string[], not: readonly string[]])[] = [
  ['*.mkv', ['a.mkv', '.mkv'], ['a.mkv.part', 'dir/a.mkv', 'amkv']],
  ['**/*.mkv', ['a.mkv', 'dir/a.mkv', 'x/y/a.mkv'], ['dir/a.mk']],
  ['dir/**', ['dir/a', 'dir/x/y'], ['dir', 'other/a']],
  ['s0?e*', ['s01e05', 's0xe'], ['s0/e1', 's10e1']],
  ['[a-c]?.txt', ['a1.txt', 'c-.txt'], ['d1.txt', 'a.txt']],
  ['[!a-c].txt', ['d.txt', '-.txt'], ['a.txt', '/.txt']],
  ['[^x]', ['y'], ['x']],
  ['a[b', ['a[b'], ['ab']],
  ['a+b(c).{x}^$|', ['a+b(c).{x}^$|'], ['aab(c).{x}^$|']],
  ['[]-]', [']', '-'], ['a']],
  ['😀*', ['😀', '😀x'], ['x😀']],
  ['?', ['😀', 'a'], ['ab', '/']],
  ['[z-a]', ['z', '-', 'a'], ['m']],
];

for (const [glob, fits, not] of CASES) {
  test(`“${glob}”`, () => {
    const pattern = globPattern(glob);
    for (const text of fits) assert.ok(pattern.test(text), `fits ${text}`);
    for (const text of not) assert.not.ok(pattern.test(text), `does not fit ${text}`);
  });
}

test('only stars, question marks and brackets make a glob of a name', () => {
  assert.ok(['a*', 'a?', '[a]'].every(isGlob));
  assert.not.ok(['a.b', 'a+b', '(a)', '{a}'].some(isGlob));
});

test.run();
