// Aim: the mapping between pieces and files is right at every edge: padding, empty files, short ends, v2 alignment.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout, type LayoutOptions } from '../../engine/bittorrent/layout.ts';
import { blockOffset, fileIndex, pieceIndex } from '../../engine/bittorrent/units.ts';

const test = suite('layout');

function file(offset: number, byteLength: number, isPadding = false): LayoutOptions['files'][number] {
  return { offset, byteLength, isPadding };
}

/** 10 bytes a piece: a file of 4, an empty one, one of 21, one of 5. */
const v1 = new Layout({
  version: 'v1',
  pieceLength: 10,
  totalBytes: 30,
  files: [file(0, 4), file(4, 0), file(4, 21), file(25, 5)],
});

/** The same pieces with padding: 4 + 6 of padding, 12 + 8 of padding, 3. */
const hybrid = new Layout({
  version: 'hybrid',
  pieceLength: 10,
  totalBytes: 33,
  files: [file(0, 4), file(4, 6, true), file(10, 12), file(22, 8, true), file(30, 0), file(30, 3)],
});

/** v2 only: each file at the start of a piece, nothing in between. */
const v2 = new Layout({
  version: 'v2',
  pieceLength: 10,
  totalBytes: 33,
  files: [file(0, 4), file(10, 12), file(30, 0), file(30, 3)],
});

function extents(layout: Layout, piece: number, begin: number, byteLength: number): number[][] {
  return layout
    .extentsOf(pieceIndex(piece), blockOffset(begin), byteLength)
    .map((extent) => [extent.file, extent.position, extent.byteLength, extent.isPadding ? 1 : 0]);
}

function pieces(layout: Layout, index: number): number[] {
  const range = layout.piecesOf(fileIndex(index));
  return [range.first, range.end];
}

test('extents cross files and skip empty ones', () => {
  assert.equal(extents(v1, 0, 0, 10), [
    [0, 0, 4, 0],
    [2, 0, 6, 0],
  ]);
  assert.equal(extents(v1, 0, 4, 2), [[2, 0, 2, 0]]);
  assert.equal(extents(v1, 2, 0, 10), [
    [2, 16, 5, 0],
    [3, 0, 5, 0],
  ]);
  assert.equal(extents(v1, 2, 5, 1), [[3, 0, 1, 0]]);
  assert.equal(extents(v1, 1, 3, 0), []);
});

test('extents tell padding', () => {
  assert.equal(extents(hybrid, 0, 2, 8), [
    [0, 2, 2, 0],
    [1, 0, 6, 1],
  ]);
  assert.equal(extents(hybrid, 3, 0, 3), [[5, 0, 3, 0]]);
});

test('pieces are short at the end of the torrent, in v2 at the end of each file', () => {
  const lengths = (layout: Layout): number[] =>
    Array.from({ length: layout.pieceCount }, (_, piece) => layout.pieceLengthOf(pieceIndex(piece)));
  assert.equal(lengths(v1), [10, 10, 10]);
  assert.equal(lengths(hybrid), [10, 10, 10, 3]);
  assert.equal(lengths(v2), [4, 10, 2, 3]);
});

test('content is what padding leaves', () => {
  const contents = (layout: Layout): number[] =>
    Array.from({ length: layout.pieceCount }, (_, piece) => layout.contentLengthOf(pieceIndex(piece)));
  assert.equal(contents(v1), [10, 10, 10]);
  assert.equal(contents(hybrid), [4, 10, 2, 3]);
  assert.equal(contents(v2), [4, 10, 2, 3]);
});

test('a v2 hash ends where its file ends', () => {
  assert.equal(
    [0, 1, 2, 3].map((piece) => hybrid.hashedLengthV2(pieceIndex(piece))),
    [4, 10, 2, 3],
  );
  assert.equal(
    [0, 1, 2, 3].map((piece) => v2.hashedLengthV2(pieceIndex(piece))),
    [4, 10, 2, 3],
  );
});

test('files know their pieces', () => {
  assert.equal(
    [0, 1, 2, 3].map((index) => pieces(v1, index)),
    [
      [0, 1],
      [0, 0],
      [0, 3],
      [2, 3],
    ],
  );
  assert.equal(
    [0, 1, 2, 3].map((index) => pieces(v2, index)),
    [
      [0, 1],
      [1, 3],
      [3, 3],
      [3, 4],
    ],
  );
});

test('pieces know their files', () => {
  const files = (layout: Layout, first: number, end: number): number[] =>
    layout.filesOf(pieceIndex(first), pieceIndex(end));
  assert.equal(files(v1, 0, 1), [0, 2]);
  assert.equal(files(v1, 1, 2), [2]);
  assert.equal(files(v1, 0, 3), [0, 2, 3]);
  assert.equal(files(hybrid, 0, 4), [0, 1, 2, 3, 5]);
  assert.equal(files(v2, 2, 3), [1]);
  assert.equal(files(v2, 2, 4), [1, 3]);
  assert.equal(files(v2, 1, 1), []);
});

test('what lies outside is refused', () => {
  assert.throws(() => extents(v1, 3, 0, 1), RangeError);
  assert.throws(() => extents(v1, -1, 0, 1), RangeError);
  assert.throws(() => extents(v1, 0.5, 0, 1), RangeError);
  assert.throws(() => extents(v1, 0, -1, 2), RangeError);
  assert.throws(() => extents(v1, 0, 9, 2), RangeError);
  assert.throws(() => extents(v1, 0, 0, -1), RangeError);
  assert.throws(() => extents(v1, 0, Number.NaN, 1), RangeError);
  assert.throws(() => pieces(v1, 4), RangeError);
  assert.throws(() => v1.filesOf(pieceIndex(0), pieceIndex(4)), RangeError);
  assert.throws(() => v2.pieceLengthOf(pieceIndex(4)), RangeError);
});

test('300,000 files are quick to search', () => {
  const files = Array.from({ length: 300_000 }, (_, index) => file(index * 1000, 1000));
  const layout = new Layout({ version: 'v1', pieceLength: 16384, totalBytes: 300_000_000, files });
  const startedMs = performance.now();
  let sum = 0;
  for (let piece = 0; piece < layout.pieceCount; piece += 1) {
    for (const extent of layout.extentsOf(
      pieceIndex(piece),
      blockOffset(0),
      layout.pieceLengthOf(pieceIndex(piece)),
    )) {
      sum += extent.byteLength;
    }
  }
  assert.is(sum, 300_000_000);
  // A scan over all files for each piece would take minutes.
  assert.ok(performance.now() - startedMs < 5000);
});

test.run();
