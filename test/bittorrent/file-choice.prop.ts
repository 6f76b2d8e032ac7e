// Aim: whatever files are wanted, each piece is wanted as the file in it that is wanted most, and bytes add up: checked
// against a byte-by-byte model.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import {
  doneBytesByFile,
  prioritiesOf,
  wantedBytesOf,
  wantedBytesOfPiece,
  wishesOf,
} from '../../engine/bittorrent/file-choice.ts';
import { Layout } from '../../engine/bittorrent/layout.ts';
import { byteCount, pieceIndex, torrentOffset } from '../../engine/bittorrent/units.ts';

const test = suite('choice of files');
const PIECE = 10;

const torrents = fc.array(
  fc.record({ byteLength: fc.nat({ max: 35 }), isPadding: fc.boolean(), wish: fc.nat({ max: 3 }) }),
  { minLength: 1, maxLength: 8 },
);

/** Files behind each other; at least one byte. */
function lay(list: readonly { byteLength: number; isPadding: boolean; wish: number }[]) {
  let offset = 0;
  const files = list.map(({ byteLength, isPadding }, index) => {
    const file = {
      offset: torrentOffset(offset),
      byteLength: byteCount(index === 0 ? byteLength + 1 : byteLength),
      isPadding: isPadding && index > 0,
    };
    offset += file.byteLength;
    return file;
  });
  const layout = new Layout({ pieceLength: PIECE, totalBytes: offset, version: 'v1', files });
  return { files, layout, totalBytes: offset };
}

test('pieces and sums agree with a model of single bytes', () => {
  fc.assert(
    fc.property(torrents, fc.array(fc.boolean(), { maxLength: 40 }), (list, there) => {
      const { files, layout, totalBytes } = lay(list);
      const wishes = wishesOf(
        files,
        Uint8Array.from(list, ({ wish }) => wish),
      );
      const fileAt = Array.from({ length: totalBytes }, (_, byte) =>
        files.findIndex(({ offset, byteLength }) => byte >= offset && byte < offset + byteLength),
      );
      const have = new Bitfield(layout.pieceCount);
      for (const [piece, isThere] of there.entries()) if (isThere) have.set(piece);
      const priorities = prioritiesOf(layout, wishes);
      const done = doneBytesByFile(layout, files, have);
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        const inPiece = fileAt.slice(piece * PIECE, (piece + 1) * PIECE);
        assert.is(priorities[piece], Math.max(...inPiece.map((file) => wishes[file]!)), `piece ${piece}`);
        const wanted = inPiece.filter((file) => !files[file]!.isPadding && wishes[file] !== 0).length;
        assert.is(wantedBytesOfPiece(layout, wishes, pieceIndex(piece)), wanted);
      }
      for (const [index, file] of files.entries()) {
        const bytes = fileAt.filter((at, byte) => at === index && have.has(Math.floor(byte / PIECE))).length;
        assert.is(done[index], file.isPadding ? 0 : bytes, `file ${index}`);
        if (file.isPadding) assert.is(wishes[index], wishes[index - 1], 'padding goes with its file');
      }
      const wantedBytes = fileAt.filter((at) => !files[at]!.isPadding && wishes[at] !== 0).length;
      assert.is(wantedBytesOf(files, wishes), wantedBytes);
    }),
    { numRuns: 300 },
  );
});

test('files that nothing is said of are wanted', () => {
  const { files } = lay([
    { byteLength: 5, isPadding: false, wish: 0 },
    { byteLength: 5, isPadding: false, wish: 0 },
  ]);
  assert.equal([...wishesOf(files, Uint8Array.of(0))], [0, 2]);
  assert.equal([...wishesOf(files, Uint8Array.of(9))], [3, 2]);
});

test.run();
