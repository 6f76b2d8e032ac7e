// Aim: of 12,000 spoilt torrents every one is either refused with an AlliumError or read into a torrent that keeps
// all its promises; none hangs, and memory does not grow.
// Replay: ALLIUM_FUZZ_SEED=<seed> ALLIUM_FUZZ_FROM=<number> ALLIUM_FUZZ_COUNT=1
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { magnetLink } from '../../../engine/bittorrent/magnet/encode.ts';
import { encodeMetainfo } from '../../../engine/bittorrent/metainfo/encode.ts';
import { parseInfo, parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { blockOffset, pieceIndex } from '../../../engine/bittorrent/units.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { hex } from '../../../engine/codec/hex.ts';
import { type MadeTorrent, makeTorrent } from './support/make-torrent.ts';
import { Dice, mutateTorrent } from './support/mutate.ts';

const test = suite('metainfo fuzz');

const SEED = Number(process.env.ALLIUM_FUZZ_SEED ?? 1);
const FROM = Number(process.env.ALLIUM_FUZZ_FROM ?? 0);
const COUNT = Number(process.env.ALLIUM_FUZZ_COUNT ?? 12_000);
/** A torrent of a few kilobytes takes well under a millisecond. */
const HANG_MS = 3000;
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

const outer = {
  announce: 'http://t/a',
  'announce-list': [['http://t/a'], ['udp://u:1']],
  'url-list': ['http://w/'],
  comment: 'c',
};
const files = [
  { path: ['a'], byteLength: 40_000, seed: 1 },
  { path: ['d', 'b'], byteLength: 100, seed: 2 },
  { path: ['d', 'empty'], byteLength: 0 },
];

const SOURCES: readonly Uint8Array[] = (
  [
    { version: 'v1', name: 'one', pieceLength: 16384, files: [{ path: [], byteLength: 40_000 }], outer },
    { version: 'v1', name: 'many', pieceLength: 1000, files, outer },
    { version: 'v2', name: 'many', pieceLength: 16384, files, outer },
    { version: 'v2', name: 'one', pieceLength: 32768, files: [{ path: [], byteLength: 90_000 }] },
    { version: 'hybrid', name: 'many', pieceLength: 16384, files, outer, info: { private: 1, source: 's' } },
    { version: 'hybrid', name: 'one', pieceLength: 16384, files: [{ path: [], byteLength: 40_000 }] },
  ] satisfies MadeTorrent[]
).map(makeTorrent);

function mutant(number: number): Uint8Array {
  const dice = new Dice(SEED * 1_000_003 + number);
  return mutateTorrent(dice.pick(SOURCES), dice);
}

/** Promises of the type, whatever the bytes were. */
function checkPromises(metainfo: Metainfo): void {
  for (const file of metainfo.files) {
    assert.is(file.path[0], metainfo.name);
    for (const name of [...file.path, ...(file.attributes.symlinkTarget ?? [])]) {
      assert.not.match(name, /[/\0]/);
      assert.ok(name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255);
    }
    assert.is(
      metainfo.version === 'v1' || file.isPadding || file.byteLength === 0,
      file.piecesRoot === undefined,
    );
  }
  const layout = new Layout(metainfo);
  assert.is(layout.pieceCount, metainfo.pieceCount);
  assert.is(metainfo.pieces.length, metainfo.version === 'v2' ? 0 : 20 * metainfo.pieceCount);
  let bytes = 0;
  for (let index = 0; index < Math.min(metainfo.pieceCount, 50); index += 1) {
    const piece = pieceIndex(index);
    for (const extent of layout.extentsOf(piece, blockOffset(0), layout.pieceLengthOf(piece))) {
      assert.is(extent.isPadding, metainfo.files[extent.file]?.isPadding);
      if (!extent.isPadding) bytes += extent.byteLength;
    }
  }
  if (metainfo.pieceCount <= 50) assert.is(bytes, metainfo.contentBytes);
  assert.ok(magnetLink(metainfo).startsWith('magnet:?xt='));
  const again = parseMetainfo(encodeMetainfo(metainfo));
  for (const version of ['infoHashV1', 'infoHashV2'] as const) {
    assert.is(hex(again[version] ?? new Uint8Array(0)), hex(metainfo[version] ?? new Uint8Array(0)));
  }
  assert.is(parseInfo(metainfo.rawInfo).totalBytes, metainfo.totalBytes);
}

function tryOne(number: number): 'accepted' | 'refused' {
  const bytes = mutant(number);
  const replay = `ALLIUM_FUZZ_SEED=${SEED} ALLIUM_FUZZ_FROM=${number} ALLIUM_FUZZ_COUNT=1`;
  const startedMs = performance.now();
  let metainfo: Metainfo;
  try {
    metainfo = parseMetainfo(bytes);
  } catch (error) {
    if (error instanceof AlliumError) {
      assert.ok(
        ['BAD_BENCODE', 'BAD_TORRENT', 'UNSAFE_PATH'].includes(error.code),
        `${error.code}, ${replay}`,
      );
      assert.ok(error.message.length < 1000, replay);
      return 'refused';
    }
    throw new Error(`${String(error)}, replay with ${replay}`, { cause: error });
  } finally {
    assert.ok(performance.now() - startedMs < HANG_MS, `too slow, ${replay}`);
  }
  try {
    checkPromises(metainfo);
  } catch (error) {
    throw new Error(`${String(error)}, replay with ${replay}`, { cause: error });
  }
  return 'accepted';
}

function heapBytes(collect: () => void): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('spoilt torrents are refused or sound', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const counts = { accepted: 0, refused: 0 };
  const warmUp = Math.floor(COUNT / 4);
  let before = 0;
  for (let number = FROM; number < FROM + COUNT; number += 1) {
    if (number - FROM === warmUp) before = heapBytes(collect);
    counts[tryOne(number)] += 1;
  }
  assert.ok(heapBytes(collect) - before < GROWTH_BYTES_MAX, 'memory grew');
  if (COUNT < 10_000) return;
  // Mutations that only ever break, or never do, would test little.
  assert.ok(counts.accepted > COUNT / 20 && counts.refused > COUNT / 4, JSON.stringify(counts));
});

test('the same seed gives the same torrents', () => {
  assert.equal(Buffer.from(mutant(42)), Buffer.from(mutant(42)));
  assert.not.equal(Buffer.from(mutant(42)), Buffer.from(mutant(43)));
});

test.run();
