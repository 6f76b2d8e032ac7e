// Aim: the mapping agrees with a plain table that names the file of every single byte, for any list of files.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout, type LayoutOptions } from '../../engine/bittorrent/layout.ts';
import { blockOffset, fileIndex, pieceIndex } from '../../engine/bittorrent/units.ts';

const test = suite('layout properties');

interface Model {
  readonly options: LayoutOptions;
  /** For each byte of the piece space: the file, or -1 in a gap. */
  readonly owner: readonly number[];
}

function build(lengths: readonly number[], pieceLength: number, version: LayoutOptions['version']): Model {
  const files: LayoutOptions['files'][number][] = [];
  const owner: number[] = [];
  for (const [index, byteLength] of lengths.entries()) {
    const aligned = version === 'v2' || (version === 'hybrid' && byteLength > 0);
    const gap = aligned ? (pieceLength - (owner.length % pieceLength)) % pieceLength : 0;
    if (version === 'hybrid' && gap > 0) {
      files.push({ offset: owner.length, byteLength: gap, isPadding: true });
      for (let byte = 0; byte < gap; byte += 1) owner.push(files.length - 1);
    } else if (byteLength > 0) {
      for (let byte = 0; byte < gap; byte += 1) owner.push(-1);
    }
    files.push({
      offset: owner.length + (byteLength === 0 ? gap : 0),
      byteLength,
      isPadding: index % 5 === 4 && version === 'v1',
    });
    for (let byte = 0; byte < byteLength; byte += 1) owner.push(files.length - 1);
  }
  return { options: { version, pieceLength, totalBytes: owner.length, files }, owner };
}

const model = fc
  .tuple(
    fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 5 }), fc.nat({ max: 50 })), {
      minLength: 1,
      maxLength: 12,
    }),
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom('v1', 'v2', 'hybrid'),
  )
  .filter(([lengths]) => lengths.some((length) => length > 0))
  .map(([lengths, pieceLength, version]) => build(lengths, pieceLength, version));

test('extents, piece lengths and ranges agree with the table', () => {
  fc.assert(
    fc.property(model, fc.nat(), fc.nat(), fc.nat(), ({ options, owner }, a, b, c) => {
      const layout = new Layout(options);
      assert.is(layout.pieceCount, Math.ceil(owner.length / options.pieceLength));
      const piece = pieceIndex(a % layout.pieceCount);
      const start = piece * options.pieceLength;
      const inPiece = owner.slice(start, start + options.pieceLength);
      const data = inPiece.filter((index) => index >= 0);
      assert.is(layout.pieceLengthOf(piece), data.length);
      assert.is(
        layout.contentLengthOf(piece),
        data.filter((index) => options.files[index]?.isPadding === false).length,
      );
      const begin = b % (data.length + 1);
      const byteLength = c % (data.length - begin + 1);
      const found: number[] = [];
      for (const extent of layout.extentsOf(piece, blockOffset(begin), byteLength)) {
        const file = options.files[extent.file];
        assert.is(extent.isPadding, file?.isPadding);
        assert.is((file?.offset ?? 0) + extent.position, start + begin + found.length);
        for (let byte = 0; byte < extent.byteLength; byte += 1) found.push(extent.file);
      }
      assert.equal(found, data.slice(begin, begin + byteLength));
      const end = pieceIndex(piece + 1 + (c % (layout.pieceCount - piece)));
      const files = new Set(owner.slice(start, end * options.pieceLength).filter((index) => index >= 0));
      assert.equal(layout.filesOf(piece, end), [...files]);
    }),
    { numRuns: 1000 },
  );
});

test('the pieces of a file are those that hold its bytes', () => {
  fc.assert(
    fc.property(model, ({ options, owner }) => {
      const layout = new Layout(options);
      for (const index of options.files.keys()) {
        const range = layout.piecesOf(fileIndex(index));
        const places = [...owner.keys()].filter((byte) => owner[byte] === index);
        const pieces = new Set(places.map((byte) => Math.floor(byte / options.pieceLength)));
        assert.is(range.end - range.first, pieces.size);
        if (pieces.size > 0) assert.is(range.first, Math.min(...pieces));
      }
    }),
  );
});

test.run();
