// Aim: order, padding and piece length of a new torrent depend on nothing but its content.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkPieceLength, choosePieceLength } from '../../../engine/bittorrent/create/piece-length.ts';
import { planContent } from '../../../engine/bittorrent/create/plan.ts';
import type { FoundContent } from '../../../engine/bittorrent/create/scan.ts';
import { AlliumError } from '../../../engine/codec/error.ts';

const test = suite('create plan');
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

function content(files: Readonly<Record<string, number>>): FoundContent {
  const found = Object.entries(files).map(([path, byteLength]) => ({
    path: path.split('/'),
    source: `/data/${path}`,
    byteLength,
    modifiedMs: 0,
  }));
  const contentBytes = found.reduce((sum, file) => sum + file.byteLength, 0);
  return { name: 'data', isSingleFile: false, files: found, contentBytes, warnings: [] };
}

test('the piece length gives 1,024 to 2,048 pieces where it can', () => {
  const table: readonly (readonly [bytes: number, pieceLength: number])[] = [
    [1, 16 * KIB],
    [32 * MIB, 16 * KIB],
    [32 * MIB + 1, 32 * KIB],
    [700 * MIB, 512 * KIB],
    [4 * GIB, 2 * MIB],
    [32 * GIB, 16 * MIB],
    [4096 * GIB, 16 * MIB],
    [4097 * GIB, 32 * MIB],
    [1e15, 512 * MIB],
    [2 ** 52, 512 * MIB],
  ];
  for (const [bytes, expected] of table) {
    assert.is(choosePieceLength(bytes), expected, `${bytes}`);
    checkPieceLength(expected);
  }
});

test('a piece length of the user must be of use to others', () => {
  for (const fine of [16 * KIB, 1 * MIB, 512 * MIB]) checkPieceLength(fine);
  for (const bad of [20, 8 * KIB, 48 * KIB, 1_000_000, 1024 * MIB, Number.NaN]) {
    assert.throws(
      () => checkPieceLength(bad),
      (error: unknown) => error instanceof AlliumError && error.code === 'BAD_USAGE',
      `${bad}`,
    );
  }
});

const names = {
  'b.txt': 1,
  'a/y': 1,
  c: 1,
  'A.txt': 1,
  'B/z': 1,
  _x: 1,
  'a-b/x': 1,
  ü: 1,
  'a.txt': 1,
  '\u{1f600}': 1,
  '\uffee': 1,
};

function orderOf(version: 'v1' | 'v2' | 'hybrid', files: Readonly<Record<string, number>>): string[] {
  return planContent(content(files), version, 16384)
    .files.filter((file) => !file.isPadding)
    .map((file) => file.path.join('/'));
}

test('v1 is ordered by the bytes of the path, the others by those of each component', () => {
  const whole = ['A.txt', 'B/z', '_x', 'a-b/x', 'a.txt', 'a/y', 'b.txt', 'c', 'ü', '\uffee', '\u{1f600}'];
  const parts = ['A.txt', 'B/z', '_x', 'a/y', 'a-b/x', 'a.txt', 'b.txt', 'c', 'ü', '\uffee', '\u{1f600}'];
  assert.equal(orderOf('v1', names), whole);
  assert.equal(orderOf('v2', names), parts);
  assert.equal(orderOf('hybrid', names), parts);
  const shuffled = Object.fromEntries(Object.entries(names).toReversed());
  assert.equal(orderOf('v1', shuffled), whole);
  assert.equal(orderOf('v2', shuffled), parts);
});

function places(version: 'v1' | 'v2' | 'hybrid', files: Readonly<Record<string, number>>): unknown[] {
  return planContent(content(files), version, 16384).files.map((file) => [
    file.path.join('/'),
    file.offset,
    file.byteLength,
  ]);
}

test('v1 puts files one behind the other, v2 each at a piece, hybrid with padding behind each', () => {
  const files = { a: 20_000, b: 0, c: 16_384, d: 5 };
  assert.equal(places('v1', files), [
    ['a', 0, 20_000],
    ['b', 20_000, 0],
    ['c', 20_000, 16_384],
    ['d', 36_384, 5],
  ]);
  assert.equal(places('v2', files), [
    ['a', 0, 20_000],
    ['b', 32_768, 0],
    ['c', 32_768, 16_384],
    ['d', 49_152, 5],
  ]);
  assert.equal(places('hybrid', files), [
    ['a', 0, 20_000],
    ['.pad/12768', 20_000, 12_768],
    ['b', 32_768, 0],
    ['c', 32_768, 16_384],
    ['d', 49_152, 5],
    ['.pad/16379', 49_157, 16_379],
  ]);
  assert.is(planContent(content(files), 'hybrid', 16384).totalBytes, 65_536);
  assert.is(planContent(content({ a: 5, b: 0 }), 'v2', 16384).totalBytes, 5, 'an empty file adds nothing');
  assert.equal(places('hybrid', { a: 5 }), [['a', 0, 5]], 'a file alone needs no padding');
});

test.run();
