/** Aim: every bound in LIMITS.md is complete and names a test that is really there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROJECT_ROOT, readProjectFile, tableRows } from './support/tree.ts';

const limits = suite('limits');

/** What is wrong with a row: columns what, bound, setting, at the bound, test. */
function complaints(row: readonly string[], exists: (path: string) => boolean): readonly string[] {
  const what = row[0] ?? '';
  if (row.length !== 5) return [`“${what}” has ${row.length} columns, not 5`];
  const empty = row.some((cell) => cell === '') ? [`“${what}” has an empty column`] : [];
  const tests = [...(row[4] ?? '').matchAll(/`?(test\/[\w./-]+\.ts)`?/g)].map((match) => match[1] ?? '');
  if (tests.length === 0) return [...empty, `“${what}” names no test`];
  return [
    ...empty,
    ...tests.filter((path) => !exists(path)).map((path) => `“${what}” names ${path}, not there`),
  ];
}

limits('a row without a test, with a test that is gone or with a column missing is caught', () => {
  const there = (path: string): boolean => path === 'test/a.test.ts';
  assert.equal(complaints(['w', '1', 's', 'stops', '`test/a.test.ts`'], there), []);
  assert.is(complaints(['w', '1', 's', 'stops', '`test/b.test.ts`'], there).length, 1);
  assert.is(complaints(['w', '1', 's', 'stops', 'later'], there).length, 1);
  assert.is(complaints(['w', '1', 's', 'test/a.test.ts'], there).length, 1);
  assert.is(complaints(['w', '1', '', 'stops', 'test/a.test.ts'], there).length, 1);
});

limits('every bound has its setting, what happens at it, and a test', () => {
  const rows = tableRows(readProjectFile('LIMITS.md'));
  assert.ok(rows.length > 0, 'LIMITS.md has rows');
  assert.equal(
    rows.flatMap((row) => complaints(row, (path) => existsSync(join(PROJECT_ROOT, path)))),
    [],
  );
});

limits.run();
