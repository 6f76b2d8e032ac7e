// Aim: the trees of BEP 52 agree with a plain recomputation for every shape, and proofs prove what they should only.
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  foldLayer,
  hashAt,
  hashesOfFile,
  hashOfPiece,
  layerCount,
  levelsAbove,
  merkleRoot,
  padHash,
  pieceLevel,
} from '../../engine/bittorrent/merkle.ts';
import {
  type HashRange,
  hashesOfRange,
  isValidRange,
  nodeOfProof,
  provesRoot,
  treeLevels,
  uncleCount,
} from '../../engine/bittorrent/merkle-proof.ts';
import { contentOf, plainHashes } from './metainfo/support/make-torrent.ts';

const test = suite('merkle');
const LEAF = 16384;

function leavesOf(content: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += LEAF) {
    hashes.push(
      createHash('sha256')
        .update(content.subarray(start, start + LEAF))
        .digest(),
    );
  }
  return Buffer.concat(hashes);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('padding is the tree over zero hashes', () => {
  assert.is(hex(padHash(0)), '00'.repeat(32));
  // SHA-256 of 64 zero bytes, as sha256sum prints it.
  assert.is(hex(padHash(1)), 'f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b');
  assert.throws(() => padHash(41), RangeError);
});

test('levels above a layer', () => {
  assert.equal([1, 2, 3, 4, 5, 8, 9].map(levelsAbove), [0, 1, 2, 2, 3, 3, 4]);
  assert.equal([16384, 32768, 1 << 20].map(pieceLevel), [0, 1, 6]);
});

test('roots and piece layers agree with the plain way', () => {
  for (const pieceLength of [LEAF, 2 * LEAF, 4 * LEAF]) {
    for (const byteLength of [
      1,
      LEAF - 1,
      LEAF,
      LEAF + 1,
      2 * LEAF,
      3 * LEAF,
      4 * LEAF,
      5 * LEAF + 7,
      9 * LEAF,
    ]) {
      const content = contentOf({ path: [], byteLength });
      const expected = plainHashes(content, pieceLength);
      const { root, pieceLayer } = hashesOfFile(leavesOf(content), pieceLength);
      assert.is(hex(root), hex(expected.root), `${byteLength} bytes in pieces of ${pieceLength}`);
      assert.is(hex(pieceLayer ?? new Uint8Array(0)), hex(Buffer.concat(expected.layer)));
      if (pieceLayer !== undefined)
        assert.is(hex(merkleRoot(pieceLayer, pieceLevel(pieceLength))), hex(root));
    }
  }
});

test('a piece hashes to its place in the layer, or to the root when it is alone', () => {
  const content = contentOf({ path: [], byteLength: 5 * LEAF + 100 });
  const { layer } = plainHashes(content, 2 * LEAF);
  for (let piece = 0; piece < 3; piece += 1) {
    const leaves = leavesOf(content.subarray(piece * 2 * LEAF, (piece + 1) * 2 * LEAF));
    assert.is(hex(hashOfPiece(leaves, 2 * LEAF, false)), hex(layer[piece]!));
  }
  assert.is(hex(hashOfPiece(leavesOf(content), 16 * LEAF, true)), hex(plainHashes(content, 16 * LEAF).root));
});

test('a range is valid only inside of its tree', () => {
  const fileBytes = 11 * LEAF; // 4 levels, 16 leaves with padding
  const valid: HashRange = { baseLayer: 0, index: 4, length: 4, proofLayers: 3 };
  assert.ok(isValidRange(valid, fileBytes));
  const spoilt: Partial<HashRange>[] = [
    { length: 1 },
    { length: 3 },
    { length: 0 },
    { length: 32 },
    { index: 2 },
    { index: 16 },
    { index: -4 },
    { index: 4.5 },
    { proofLayers: 4 },
    { proofLayers: -1 },
    { baseLayer: 4 },
    { baseLayer: -1 },
    { baseLayer: 2 ** 32 },
    { index: Number.NaN },
  ];
  for (const change of spoilt) {
    assert.is(isValidRange({ ...valid, ...change }, fileBytes), false, JSON.stringify(change));
  }
  assert.is(isValidRange(valid, LEAF), false, 'one leaf has no layers to ask for');
  const wide = { baseLayer: 0, index: 0, length: 16384, proofLayers: 0 };
  assert.is(isValidRange(wide, 2 ** 40), false, 'more than one message may ask for');
});

test('every range proves itself against the root and nothing else does', () => {
  const fileBytes = 11 * LEAF + 5;
  const leaves = leavesOf(contentOf({ path: [], byteLength: fileBytes }));
  const root = merkleRoot(leaves, 0);
  const levels = treeLevels(fileBytes);
  let ranges = 0;
  for (let baseLayer = 0; baseLayer < levels; baseLayer += 1) {
    const layer = foldLayer(leaves, 0, baseLayer);
    for (let length = 2; length <= 2 ** (levels - baseLayer); length *= 2) {
      for (let index = 0; index < 2 ** (levels - baseLayer); index += length) {
        const range = { baseLayer, index, length, proofLayers: levels - baseLayer - 1 };
        const body = hashesOfRange(layer, range);
        assert.is(body.length, 32 * (length + uncleCount(range)));
        assert.ok(provesRoot(range, body, root, fileBytes), JSON.stringify(range));
        const bad = Uint8Array.from(body);
        bad[(index * 7 + length) % bad.length]! ^= 1;
        assert.is(provesRoot(range, bad, root, fileBytes), false);
        assert.is(provesRoot(range, body.subarray(32), root, fileBytes), false);
        ranges += 1;
      }
    }
  }
  assert.is(ranges, 15 + 7 + 3 + 1);
});

test('a proof that stops below the root leads to the node it stops at', () => {
  const leaves = leavesOf(contentOf({ path: [], byteLength: 16 * LEAF }));
  const range = { baseLayer: 0, index: 4, length: 2, proofLayers: 1 };
  const node = nodeOfProof(range, hashesOfRange(leaves, range));
  assert.is(node?.level, 2);
  assert.is(node?.index, 1);
  assert.is(hex(node?.hash ?? new Uint8Array(0)), hex(hashAt(foldLayer(leaves, 0, 2), 2, 1)));
  const own = { ...range, proofLayers: 0 };
  assert.is(uncleCount(own), 0);
  assert.is(nodeOfProof(own, hashesOfRange(leaves, own))?.level, 1);
  assert.is(layerCount(leaves), 16);
});

test.run();
