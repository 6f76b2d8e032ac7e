// Aim: every bound on what a torrent may ask of us is filled to the brim and then overstepped by one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MetainfoLimits } from '../../../engine/bittorrent/metainfo/limits.ts';
import { METAINFO_LIMITS } from '../../../engine/bittorrent/metainfo/limits.ts';
import { parseInfo, parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { type BencodeInput, encodeBencode } from '../../../engine/codec/bencode.ts';
import type { AlliumError } from '../../../engine/codec/error.ts';

const test = suite('metainfo limits');

function torrent(
  info: Record<string, BencodeInput | undefined>,
  outer: Record<string, BencodeInput> = {},
): Uint8Array {
  const plain = { name: 'n', 'piece length': 16384, pieces: new Uint8Array(20), length: 10 };
  return encodeBencode({ ...outer, info: { ...plain, ...info } });
}

function filesOf(paths: readonly string[][]): Record<string, BencodeInput | undefined> {
  return { length: undefined, files: paths.map((path) => ({ length: 1, path })) };
}

function codeOf(bytes: Uint8Array, limits: Partial<MetainfoLimits>): string {
  try {
    parseMetainfo(bytes, { limits });
    return 'accepted';
  } catch (error) {
    return (error as AlliumError).code;
  }
}

function parsed(bytes: Uint8Array, limits: Partial<MetainfoLimits>): Metainfo {
  return parseMetainfo(bytes, { limits });
}

test('bytes of the torrent file', () => {
  const bytes = torrent({});
  assert.is(codeOf(bytes, { torrentBytesMax: bytes.length }), 'accepted');
  assert.is(codeOf(bytes, { torrentBytesMax: bytes.length - 1 }), 'BAD_TORRENT');
  const huge = new Uint8Array(METAINFO_LIMITS.torrentBytesMax + 1);
  assert.throws(() => parseMetainfo(huge), /more than/);
  assert.throws(() => parseInfo(huge), /more than/);
});

test('bencoded items', () => {
  const bytes = torrent({}); // the outer dictionary, info, its dictionary, four keys and values
  assert.is(codeOf(bytes, { itemCountMax: 11 }), 'accepted');
  assert.is(codeOf(bytes, { itemCountMax: 10 }), 'BAD_BENCODE');
});

test('depth', () => {
  const bytes = torrent({ deep: [[[[]]]] });
  assert.is(codeOf(bytes, { depthMax: 6 }), 'accepted');
  assert.is(codeOf(bytes, { depthMax: 5 }), 'BAD_BENCODE');
  const bottomless = Buffer.from(`d4:infod1:x${'l'.repeat(1_000_000)}`);
  assert.is(codeOf(bottomless, {}), 'BAD_BENCODE');
});

test('files', () => {
  const bytes = torrent(filesOf([['a'], ['b'], ['c']]));
  assert.is(codeOf(bytes, { fileCountMax: 3 }), 'accepted');
  assert.is(codeOf(bytes, { fileCountMax: 2 }), 'BAD_TORRENT');
  const leaf = { '': { length: 1, 'pieces root': new Uint8Array(32) } };
  const fields = {
    'meta version': 2,
    'file tree': { a: leaf, b: leaf },
    pieces: undefined,
    length: undefined,
  };
  const tree = torrent(fields, { 'piece layers': {} });
  assert.is(codeOf(tree, { fileCountMax: 2 }), 'accepted');
  assert.is(codeOf(tree, { fileCountMax: 1 }), 'BAD_TORRENT');
});

test('pieces and their length', () => {
  const bytes = torrent({ length: 40_000, pieces: new Uint8Array(60) });
  assert.is(codeOf(bytes, { pieceCountMax: 3 }), 'accepted');
  assert.is(codeOf(bytes, { pieceCountMax: 2 }), 'BAD_TORRENT');
  assert.is(codeOf(bytes, { pieceLengthMax: 16384 }), 'accepted');
  assert.is(codeOf(bytes, { pieceLengthMax: 16383 }), 'BAD_TORRENT');
  const endless = torrent({
    ...filesOf([]),
    files: [1, 2, 3].map((n) => ({ length: Number.MAX_SAFE_INTEGER, path: [`${n}`] })),
  });
  assert.is(codeOf(endless, {}), 'BAD_TORRENT', 'the sum of lengths stays exact');
});

test('names and paths', () => {
  assert.is(codeOf(torrent(filesOf([['12345678']])), { nameBytesMax: 8 }), 'accepted');
  assert.is(codeOf(torrent(filesOf([['123456789']])), { nameBytesMax: 8 }), 'UNSAFE_PATH');
  assert.is(codeOf(torrent(filesOf([['12', '45', 'ü']])), { pathBytesMax: 10 }), 'accepted');
  assert.is(codeOf(torrent(filesOf([['12', '45', 'üx']])), { pathBytesMax: 10 }), 'UNSAFE_PATH');
  assert.is(codeOf(torrent(filesOf([Array.from({ length: 90 }, () => 'x'.repeat(50))])), {}), 'UNSAFE_PATH');
});

test('trackers, web seeds and their length: the rest is left out and told', () => {
  const urls = ['http://1', 'http://2', 'http://3'];
  const bytes = torrent({}, { 'announce-list': [urls.slice(0, 2), urls.slice(2)], 'url-list': urls });
  const all = parsed(bytes, { trackerCountMax: 3, webSeedCountMax: 3 });
  assert.equal([all.trackers.flat().length, all.webSeeds.length, all.warnings.length], [3, 3, 0]);
  const some = parsed(bytes, { trackerCountMax: 2, webSeedCountMax: 2 });
  assert.equal([some.trackers, some.webSeeds], [[urls.slice(0, 2)], urls.slice(0, 2)]);
  assert.is(some.warnings.length, 2);
  const within = parsed(bytes, { urlBytesMax: 8 });
  assert.is(within.webSeeds.length, 3);
  const beyond = parsed(bytes, { urlBytesMax: 7 });
  assert.equal([beyond.trackers, beyond.webSeeds], [[], []]);
});

test('warnings', () => {
  const odd = torrent(filesOf(Array.from({ length: 20 }, (_, index) => [`what ${index}?`])));
  assert.is(parseMetainfo(odd, { host: 'posix', limits: { warningCountMax: 20 } }).warnings.length, 20);
  const { warnings } = parseMetainfo(odd, { host: 'posix', limits: { warningCountMax: 5 } });
  assert.is(warnings.length, 6);
  assert.is(warnings.at(-1), 'and 15 more of this kind');
  const longName = torrent(filesOf([[`${'x'.repeat(250)}?`]]));
  assert.ok((parsed(longName, {}).warnings[0] ?? '').length < 210);
});

test.run();
