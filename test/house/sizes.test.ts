/** Aim: one subject per file. No source file is longer than 400 lines, so that no file becomes the one all touch. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSources, type SourceFile } from './support/tree.ts';

const LINES_MAX = 400;
const sizes = suite('sizes');

function tooLong(files: readonly SourceFile[]): readonly string[] {
  return files
    .map(({ path, source }) => ({ path, lines: source.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

sizes('a file of 401 lines is caught, one of 400 passes', () => {
  assert.is(tooLong([{ path: 'a.ts', source: 'x\n'.repeat(401) }]).length, 1);
  assert.is(tooLong([{ path: 'a.ts', source: 'x\n'.repeat(400) }]).length, 0);
});

sizes('no source file is longer than 400 lines', () => {
  const files = [
    ...['engine', 'wasm', 'bench', 'test'].flatMap((folder) => readSources(folder)),
    ...['scripts', 'wasm', 'bench'].flatMap((folder) => readSources(folder, '.mjs')),
  ];
  assert.ok(files.length > 20, 'the tree was found');
  assert.equal(tooLong(files), []);
});

sizes.run();
