// Aim: hash requests (BEP 52) are answered with hashes that prove themselves, from the piece layer and from leaves, in
// files of every shape; wrong requests are rejected; an answer that was tampered with is never believed.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type HashedFile, HashServer, rangeOf } from '../../engine/bittorrent/hash-exchange.ts';
import {
  HASHES_PER_REQUEST,
  leafRequest,
  PieceLayerFetch,
  provenLeaves,
} from '../../engine/bittorrent/hash-exchange-fetch.ts';
import { hashesOfFile, LEAF_BYTES, MERKLE_HASH_BYTES } from '../../engine/bittorrent/merkle.ts';
import { hashesOfRange, provesRoot, treeLevels } from '../../engine/bittorrent/merkle-proof.ts';
import type { HashRequest } from '../../engine/bittorrent/wire/message.ts';
import { seededRandom } from './support/seeded-random.ts';

const test = suite('hash exchange');

/** A file of so many blocks with random leaves. */
function makeFile(blocks: number, pieceLength: number, seed = 1): { file: HashedFile; leaves: Uint8Array } {
  const leaves = seededRandom(seed).bytes(blocks * MERKLE_HASH_BYTES);
  const { root, pieceLayer } = hashesOfFile(leaves, pieceLength);
  const byteLength = blocks * LEAF_BYTES - 100;
  return { file: { piecesRoot: root, byteLength, pieceLength, pieceLayer }, leaves };
}

function leavesOf(leaves: Uint8Array, file: HashedFile, firstPiece: number, pieceCount: number): Uint8Array {
  const perPiece = (file.pieceLength / LEAF_BYTES) * MERKLE_HASH_BYTES;
  return leaves.subarray(firstPiece * perPiece, (firstPiece + pieceCount) * perPiece);
}

function serve(
  server: HashServer,
  request: HashRequest,
  file: HashedFile,
  leaves: Uint8Array,
): Uint8Array | undefined {
  const needs = server.needs(request);
  if (needs === undefined) return undefined;
  if (needs === 'layers') return server.answer(request);
  return server.answer(request, leavesOf(leaves, file, needs.firstPiece, needs.pieceCount));
}

test('any valid request is answered with a body that proves itself and agrees with the whole tree', () => {
  const shape = fc.record({
    blocks: fc.integer({ min: 2, max: 70 }),
    pieceLevel: fc.integer({ min: 0, max: 4 }),
    base: fc.constantFrom('leaf', 'piece'),
    own: fc.integer({ min: 1, max: 7 }),
    slot: fc.nat(40),
    proof: fc.nat(8),
  });
  fc.assert(
    fc.property(shape, ({ blocks, pieceLevel, base, own, slot, proof }) => {
      const { file, leaves } = makeFile(blocks, LEAF_BYTES * 2 ** pieceLevel, blocks);
      const baseLayer = base === 'leaf' ? 0 : pieceLevel;
      const levels = treeLevels(file.byteLength) - baseLayer;
      const hashCount = 2 ** own;
      const isValid = levels >= own && proof < levels && (slot + 1) * hashCount <= 2 ** levels;
      const request = {
        piecesRoot: file.piecesRoot,
        baseLayer,
        index: slot * hashCount,
        hashCount,
        proofLayers: proof,
      };
      const body = serve(new HashServer(file), request, file, leaves);
      assert.is(body !== undefined, isValid);
      if (body === undefined) return;
      const layer = baseLayer === 0 ? leaves : (file.pieceLayer ?? file.piecesRoot);
      assert.equal(body, hashesOfRange(layer, rangeOf(request)));
      if (proof === levels - 1)
        assert.ok(provesRoot(rangeOf(request), body, file.piecesRoot, file.byteLength));
    }),
    { numRuns: 2000 },
  );
});

test('requests that make no sense are rejected', () => {
  const { file } = makeFile(64, LEAF_BYTES * 4);
  const server = new HashServer(file);
  const request = { piecesRoot: file.piecesRoot, baseLayer: 2, index: 0, hashCount: 4, proofLayers: 3 };
  assert.is(server.needs(request), 'layers');
  assert.is(server.needs({ ...request, baseLayer: 1 }), undefined, 'between the leaves and the piece layer');
  assert.is(server.needs({ ...request, hashCount: 3 }), undefined, 'no power of two');
  assert.is(server.needs({ ...request, hashCount: 1 }), undefined);
  assert.is(server.needs({ ...request, index: 2 }), undefined, 'not a multiple of the count');
  assert.is(server.needs({ ...request, index: 16 }), undefined, 'behind the end');
  assert.is(server.needs({ ...request, proofLayers: 4 }), undefined, 'beyond the root');
  assert.is(server.needs({ ...request, hashCount: 16384 }), undefined);
  assert.throws(() => server.answer({ ...request, index: 2 }), /cannot|can be answered/);
});

test('a piece layer is put together from parts of many peers, each proven by itself', () => {
  const { file } = makeFile(1500, LEAF_BYTES);
  const fetch = new PieceLayerFetch(file);
  const server = new HashServer(file);
  assert.is(fetch.requests().length, 3);
  assert.ok(fetch.requests().every((request) => request.hashCount === HASHES_PER_REQUEST));
  for (const request of fetch.requests().reverse()) {
    assert.is(fetch.layer, undefined);
    const body = server.answer(request);
    const forged = body.slice();
    forged[33]! ^= 1;
    assert.is(fetch.take(request, forged), 'bad');
    assert.is(fetch.take(request, body.subarray(32)), 'bad');
    assert.is(fetch.take(request, body), 'taken');
    assert.is(fetch.take(request, body), 'unasked', 'it is here already');
  }
  assert.equal(fetch.layer, file.pieceLayer);
  assert.equal(fetch.requests(), []);
});

test('a small piece layer takes one request without a proof', () => {
  const { file } = makeFile(11, LEAF_BYTES * 2);
  const fetch = new PieceLayerFetch(file);
  const [request] = fetch.requests();
  assert.is(request?.hashCount, 8);
  const body = new HashServer(file).answer(request!);
  assert.is(body.length, 8 * MERKLE_HASH_BYTES);
  assert.is(fetch.take({ ...request!, baseLayer: 0 }, body), 'unasked');
  assert.is(fetch.take({ ...request!, hashCount: 4 }, body), 'unasked');
  assert.is(fetch.take(request!, body), 'taken');
  assert.equal(fetch.layer, file.pieceLayer);
});

test('a file of one piece has no layer to fetch', () => {
  assert.throws(() => new PieceLayerFetch(makeFile(3, LEAF_BYTES * 4).file), /one piece/);
});

test('the leaves of a bad piece tell its blocks apart, and are believed only when they add up', () => {
  for (const [blocks, pieceLength] of [
    [30, LEAF_BYTES * 8],
    [3, LEAF_BYTES * 8],
    [8, LEAF_BYTES * 8],
  ] as const) {
    const { file, leaves } = makeFile(blocks, pieceLength);
    for (let piece = 0; piece * pieceLength < file.byteLength; piece++) {
      const request = leafRequest(file, piece)!;
      const body = serve(new HashServer(file), request, file, leaves)!;
      assert.is(body.length, request.hashCount * MERKLE_HASH_BYTES, 'no proof is needed');
      assert.equal(provenLeaves(file, piece, body), leavesOf(leaves, file, piece, 1));
      const forged = body.slice();
      forged[0]! ^= 1;
      assert.is(provenLeaves(file, piece, forged), undefined);
      assert.is(provenLeaves(file, piece, body.subarray(0, 16)), undefined);
    }
  }
  assert.is(leafRequest(makeFile(4, LEAF_BYTES).file, 2), undefined, 'a piece of one block is its own leaf');
});

test.run();
