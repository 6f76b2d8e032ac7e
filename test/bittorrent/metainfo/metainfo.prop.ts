// Aim: any torrent, with any unknown keys, comes out of parse and encode byte for byte as it went in, and its pieces
// and files account for every byte.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { encodeMetainfo } from '../../../engine/bittorrent/metainfo/encode.ts';
import { parseInfo, parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import { fileIndex, pieceIndex } from '../../../engine/bittorrent/units.ts';
import type { BencodeInput } from '../../../engine/codec/bencode.ts';
import { type MadeTorrent, makeTorrent } from './support/make-torrent.ts';

const test = suite('metainfo properties');

const unknownKey = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 8 }).map((text) => `x-${text}`);
const { unknownValue } = fc.letrec<{ unknownValue: BencodeInput }>((tie) => ({
  unknownValue: fc.oneof(
    { maxDepth: 4 },
    fc.uint8Array({ maxLength: 12 }),
    fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.array(tie('unknownValue'), { maxLength: 3 }),
    fc
      .dictionary(unknownKey, tie('unknownValue'), { maxKeys: 3 })
      .map((record) => new Map(Object.entries(record))),
  ),
}));
const unknownKeys = fc.dictionary(unknownKey, unknownValue, { maxKeys: 4 }).map((record) => ({ ...record }));

const byteLength = fc.oneof(
  fc.constant(0),
  fc.nat({ max: 100 }),
  fc.constantFrom(16384, 32768, 16385, 40_000),
);
const paths = fc.uniqueArray(fc.constantFrom('a', 'b', 'c/x', 'c/y', 'c-d/x', 'd/e/f', 'ü', 'z z'), {
  minLength: 1,
  maxLength: 6,
});

const torrent: fc.Arbitrary<MadeTorrent> = fc
  .record({
    version: fc.constantFrom('v1', 'v2', 'hybrid'),
    name: fc.constantFrom('n', 'Ein Name.iso', '名前'),
    pieceLength: fc.constantFrom(16384, 32768),
    files: fc.tuple(paths, fc.array(byteLength, { minLength: 6, maxLength: 6 })),
    isSingle: fc.boolean(),
    info: unknownKeys,
    outer: unknownKeys,
  })
  .map(({ files: [names, lengths], isSingle, ...rest }) => {
    const inOrder = names.toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.replaceAll('/', '\0')), Buffer.from(b.replaceAll('/', '\0'))),
    );
    const files = isSingle
      ? [{ path: [], byteLength: lengths[0]! + 1 }]
      : inOrder.map((path, index) => ({
          path: path.split('/'),
          byteLength: lengths[index]! + (index === 0 ? 1 : 0),
          seed: index,
        }));
    return { ...rest, files };
  });

test('parse and encode give the same bytes, unknown keys and all', () => {
  fc.assert(
    fc.property(torrent, (spec) => {
      const bytes = makeTorrent(spec);
      const metainfo = parseMetainfo(bytes);
      assert.equal(Buffer.from(encodeMetainfo(metainfo)), Buffer.from(bytes));
      const fromPeers = parseInfo(metainfo.rawInfo, metainfo.outer);
      assert.equal(Buffer.from(encodeMetainfo(fromPeers)), Buffer.from(bytes));
    }),
    { numRuns: 300 },
  );
});

test('pieces and files account for every byte once', () => {
  fc.assert(
    fc.property(torrent, (spec) => {
      const metainfo = parseMetainfo(makeTorrent(spec));
      const layout = new Layout(metainfo);
      const content = spec.files.reduce((sum, file) => sum + file.byteLength, 0);
      assert.is(metainfo.contentBytes, content);
      let sum = 0;
      for (let piece = 0; piece < layout.pieceCount; piece += 1)
        sum += layout.contentLengthOf(pieceIndex(piece));
      assert.is(sum, content);
      for (const [index, file] of metainfo.files.entries()) {
        const { first, end } = layout.piecesOf(fileIndex(index));
        assert.is(end - first > 0, file.byteLength > 0);
        if (metainfo.version !== 'v1' && !file.isPadding && file.byteLength > 0) {
          assert.is(file.offset % metainfo.pieceLength, 0);
          assert.is(metainfo.pieceLayers.has(fileIndex(index)), file.byteLength > metainfo.pieceLength);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
