// Aim: no name from a torrent can reach outside of its folder, and what would clash on disk is found.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findClashes, type HostKind, judgeName } from '../../engine/bittorrent/path-safety.ts';

const test = suite('path safety');

function level(name: string, host: HostKind = 'posix'): string {
  return judgeName(name, host, 255)?.level ?? 'fine';
}

test('plain names are fine everywhere', () => {
  for (const name of [
    'a',
    'file.txt',
    'Ein Film (2020).mkv',
    '日本語.txt',
    '..hidden',
    '...',
    'a..b',
    '-rf',
    '~',
    'con-air',
  ]) {
    assert.is(level(name), name === '...' ? 'warn' : 'fine', name);
  }
  assert.is(level('Some Folder Name', 'windows'), 'fine');
});

test('names that leave the folder are refused everywhere', () => {
  for (const host of ['posix', 'macos', 'windows'] as const) {
    for (const name of ['', '.', '..', '/etc', 'a/b', '../x', 'a\0b', '\0', '..\\x', 'x\\..\\..\\y']) {
      assert.is(level(name, host), 'refuse', JSON.stringify(name));
    }
  }
});

test('names of devices are refused, with an extension only on Windows', () => {
  for (const name of ['CON', 'con', 'Prn', 'AUX', 'nul', 'COM1', 'lpt9', 'com¹', 'CONIN$', 'clock$']) {
    assert.is(level(name), 'refuse', name);
    assert.is(level(name, 'windows'), 'refuse', name);
  }
  for (const name of ['aux.c', 'nul.txt', 'COM1.log', 'con .txt', 'lpt1.tar.gz']) {
    assert.is(level(name), 'warn', name);
    assert.is(level(name, 'windows'), 'refuse', name);
  }
  for (const name of ['console', 'auxiliary.c', 'com10', 'COMA', 'null']) {
    assert.is(level(name, 'windows'), 'fine', name);
  }
});

test('what Windows cannot store is refused there and told elsewhere', () => {
  for (const name of [
    'a\\b',
    'C:',
    'x:stream',
    'what?',
    '*',
    'a|b',
    '<a>',
    '"q"',
    'dot.',
    'space ',
    'bell\x07',
    'Icon\r',
  ]) {
    assert.is(level(name, 'windows'), 'refuse', JSON.stringify(name));
    assert.is(level(name), 'warn', JSON.stringify(name));
  }
});

test('a name is at most 255 bytes, not characters', () => {
  assert.is(level('a'.repeat(255)), 'fine');
  assert.is(level('a'.repeat(256)), 'refuse');
  assert.is(level('ü'.repeat(127)), 'fine');
  assert.is(level('ü'.repeat(128)), 'refuse');
});

test('paths that cannot exist side by side are found', () => {
  const clash = (...paths: string[]): unknown => findClashes(paths.map((path) => path.split('/')))[0];
  assert.is(clash('r/a', 'r/b', 'r/c/a'), undefined);
  assert.equal(clash('r/a', 'r/b', 'r/a'), { kind: 'twice', index: 2 });
  assert.equal(clash('r/a', 'r/a/b'), { kind: 'file-and-folder', index: 1 });
  assert.equal(clash('r/a/b', 'r/x', 'r/a'), { kind: 'file-and-folder', index: 2 });
  assert.equal(clash('r/a/b/c', 'r/a/b'), { kind: 'file-and-folder', index: 1 });
  assert.equal(clash('r/a', 'r/A'), { kind: 'case', index: 1 });
  assert.equal(clash('r/x/a', 'r/X'), { kind: 'case', index: 1 });
  assert.equal(clash('r/\u00e9', 'r/e\u0301'), { kind: 'case', index: 1 });
  assert.equal(clash('r/A', 'r/a', 'r/a'), { kind: 'twice', index: 2 });
  assert.is(clash('r/Dir/a', 'r/dir/b'), undefined, 'two spellings of a folder are one folder');
});

test.run();
