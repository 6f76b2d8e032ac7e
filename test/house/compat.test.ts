/** Aim: COMPAT.md is what the noted outcomes say, and every row of it comes from tests that are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPAT_COLUMNS, COMPAT_ROWS } from '../interop/support/proves.ts';
import { PROJECT_ROOT, readProjectFile, readSources } from './support/tree.ts';

interface Outcome {
  readonly what: string;
  readonly withWhom: string;
  readonly title: string;
  readonly file: string;
  readonly outcome: 'passed' | 'failed';
  readonly version: string;
  readonly date: string;
}

const test = suite('compatibility matrix');
const { compatTable } = (await import(
  pathToFileURL(join(PROJECT_ROOT, 'scripts/support/compat-table.mjs')).href
)) as {
  compatTable: (outcomes: readonly Outcome[], rows: readonly string[], columns: readonly string[]) => string;
};
const outcomes = JSON.parse(readProjectFile('test/interop/outcomes.json')) as readonly Outcome[];

test('a cell is good only when all of its tests passed, and is as old as the oldest of them', () => {
  const one = {
    what: 'a',
    withWhom: 'x',
    title: 't',
    file: 'f',
    outcome: 'passed',
    version: '1',
    date: '2026-01-02',
  };
  const at = (...more: readonly Partial<Outcome>[]): string =>
    compatTable(
      more.map((changes) => ({ ...one, ...changes }) as Outcome),
      ['a', 'b'],
      ['x', 'y'],
    );
  assert.match(at({}, { date: '2026-01-01' }), '| a | ✓ 2026-01-01 |');
  assert.match(at({}, { outcome: 'failed' }), '| a | ✗ 2026-01-02 |');
  assert.match(at({}, { what: 'b', withWhom: 'y' }), '| a | ✓ 2026-01-02 | – |');
  assert.not.match(at({}), '| b |');
});

test('COMPAT.md is generated from the outcomes', () => {
  assert.is(readProjectFile('COMPAT.md'), compatTable(outcomes, COMPAT_ROWS, COMPAT_COLUMNS));
});

test('every outcome is of a row, a program and a test file that say so', () => {
  const rows: readonly string[] = COMPAT_ROWS;
  const columns: readonly string[] = COMPAT_COLUMNS;
  for (const { what, withWhom, file } of outcomes) {
    assert.ok(rows.includes(what) && columns.includes(withWhom), `${what}, ${withWhom}`);
    assert.ok(existsSync(join(PROJECT_ROOT, file)), `${file} is gone: npm run compat`);
    assert.match(readProjectFile(file), 'proves(', `${file} proves nothing any more: npm run compat`);
  }
});

test('every row is proved by some test, or COMPAT.md does not have it', () => {
  const proving = readSources('test/interop', '.interop.ts')
    .map(({ source }) => source)
    .join('\n');
  // A row that begins with the version of a torrent is marked for all three of them at once.
  const marked = (row: string): boolean =>
    proving.includes(row) || proving.includes(row.replace(/^(?:v1|v2|hybrid)(?=:)/, `$${'{kind}'}`));
  for (const { what } of outcomes)
    assert.ok(marked(what), `nothing proves “${what}” any more: npm run compat`);
});

test.run();
