// Aim: a rename changes what lies at or below the path and nothing else, never makes two files one, and takes no name
// that leads elsewhere.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renamePaths } from '../../../engine/node/upkeep/rename.ts';

const test = suite('rename');
const part = fc.constantFrom('a', 'b', 'ab', 'c');
const paths = fc
  .uniqueArray(
    fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `top/${parts.join('/')}`),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .filter((list) => !list.some((one) => list.some((other) => other.startsWith(`${one}/`))));

test('what is below has the new name, the rest is as it was, and all stay apart', () => {
  const target = fc.tuple(paths, fc.nat(), fc.nat()).map(([list, which, depth]) => {
    const parts = list[which % list.length]!.split('/');
    return { list, path: parts.slice(0, 1 + (depth % parts.length)).join('/') };
  });
  fc.assert(
    fc.property(target, part, ({ list, path }, name) => {
      let renamed: string[];
      try {
        renamed = renamePaths(list, path, name);
      } catch {
        const next = [...path.split('/').slice(0, -1), name].join('/');
        assert.ok(
          list.some((other) => `${other}/`.startsWith(`${next}/`) || `${next}/`.startsWith(`${other}/`)),
        );
        return;
      }
      const isIn = (file: string): boolean => `${file}/`.startsWith(`${path}/`);
      const at = path.split('/').length - 1;
      list.forEach((file, index) => {
        const parts = file.split('/');
        if (isIn(file)) parts[at] = name;
        assert.is(renamed[index], parts.join('/'));
      });
      assert.is(new Set(renamed).size, list.length);
      assert.not(renamed.some((one) => renamed.some((other) => other.startsWith(`${one}/`))));
    }),
    { numRuns: 300 },
  );
});

test('names that lead elsewhere, are none or are taken are refused; so is a path of nothing', () => {
  for (const name of ['', '.', '..', 'a/b', 'a\0', '../x']) {
    assert.throws(() => renamePaths(['top/a'], 'top/a', name), /the name/);
  }
  assert.throws(() => renamePaths(['top/a', 'top/b'], 'top/a', 'b'), /another file/);
  assert.throws(() => renamePaths(['top/a'], 'top/ab', 'b'), /no file or folder/);
  assert.throws(() => renamePaths(['top/a'], '', 'b'), /no file or folder/);
  assert.equal(renamePaths(['top/a'], 'top', 'other'), ['other/a']);
});

test.run();
