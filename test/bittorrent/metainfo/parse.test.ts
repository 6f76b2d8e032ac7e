// Aim: valid torrents of every kind are read completely and right: files, offsets, hashes, and what is around them.
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { magnetLink } from '../../../engine/bittorrent/magnet/encode.ts';
import { encodeMetainfo } from '../../../engine/bittorrent/metainfo/encode.ts';
import { pieceHashV1, pieceHashV2 } from '../../../engine/bittorrent/metainfo/hashes.ts';
import { parseInfo, parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import { hex } from '../../../engine/codec/hex.ts';
import { contentOf, type MadeTorrent, makeFields, makeTorrent, plainHashes } from './support/make-torrent.ts';

const test = suite('metainfo parse');
const PIECE = 32768;

const files = [
  { path: ['a.bin'], byteLength: 100_000, seed: 1 },
  { path: ['empty'], byteLength: 0 },
  { path: ['sub', 'b.bin'], byteLength: 40_000, seed: 2 },
  { path: ['z.txt'], byteLength: 5, seed: 3 },
];

function made(version: MadeTorrent['version'], change: Partial<MadeTorrent> = {}): MadeTorrent {
  return { version, name: 'folder', pieceLength: PIECE, files, ...change };
}

function table(metainfo: Metainfo): unknown[] {
  return metainfo.files.map((file) => [file.path.join('/'), file.offset, file.byteLength, file.isPadding]);
}

test('v1, several files', () => {
  const bytes = makeTorrent(made('v1'));
  const metainfo = parseMetainfo(bytes);
  assert.is(metainfo.version, 'v1');
  assert.is(metainfo.name, 'folder');
  assert.is(metainfo.isSingleFile, false);
  assert.is(metainfo.pieceLength, PIECE);
  assert.is(metainfo.pieceCount, 5);
  assert.is(metainfo.totalBytes, 140_005);
  assert.is(metainfo.contentBytes, 140_005);
  assert.equal(table(metainfo), [
    ['folder/a.bin', 0, 100_000, false],
    ['folder/empty', 100_000, 0, false],
    ['folder/sub/b.bin', 100_000, 40_000, false],
    ['folder/z.txt', 140_000, 5, false],
  ]);
  assert.is(metainfo.pieces.length, 100);
  assert.is(metainfo.pieces.buffer, bytes.buffer, 'a view');
  assert.is(metainfo.infoHashV2, undefined);
  assert.is(metainfo.pieceLayers.size, 0);
  assert.equal(metainfo.warnings, []);
});

test('v2, several files, each at the start of a piece', () => {
  const metainfo = parseMetainfo(makeTorrent(made('v2')));
  assert.is(metainfo.version, 'v2');
  assert.is(metainfo.pieceCount, 7);
  assert.is(metainfo.totalBytes, 6 * PIECE + 5);
  assert.is(metainfo.contentBytes, 140_005);
  assert.equal(table(metainfo), [
    ['folder/a.bin', 0, 100_000, false],
    ['folder/empty', 4 * PIECE, 0, false],
    ['folder/sub/b.bin', 4 * PIECE, 40_000, false],
    ['folder/z.txt', 6 * PIECE, 5, false],
  ]);
  assert.is(metainfo.infoHashV1, undefined);
  assert.is(metainfo.infoHashV2?.length, 32);
  assert.is(metainfo.pieces.length, 0);
  assert.equal([...metainfo.pieceLayers.keys()], [0, 2]);
});

test('hybrid: the v1 list with padding, and the roots of the tree', () => {
  const metainfo = parseMetainfo(makeTorrent(made('hybrid')));
  assert.is(metainfo.version, 'hybrid');
  assert.is(metainfo.pieceCount, 7);
  assert.is(metainfo.totalBytes, 6 * PIECE + 5);
  assert.is(metainfo.contentBytes, 140_005);
  assert.equal(table(metainfo), [
    ['folder/a.bin', 0, 100_000, false],
    ['folder/empty', 100_000, 0, false],
    ['folder/.pad/31072', 100_000, 31_072, true],
    ['folder/sub/b.bin', 4 * PIECE, 40_000, false],
    ['folder/.pad/25536', 4 * PIECE + 40_000, 25_536, true],
    ['folder/z.txt', 6 * PIECE, 5, false],
  ]);
  assert.is(metainfo.infoHashV1?.length, 20);
  assert.is(metainfo.infoHashV2?.length, 32);
  assert.is(metainfo.files[2]?.piecesRoot, undefined);
  assert.is(metainfo.files[0]?.piecesRoot?.length, 32);
});

test('one file, in each version', () => {
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    const single = made(version, { name: 'one.bin', files: [{ path: [], byteLength: 70_000 }] });
    const metainfo = parseMetainfo(makeTorrent(single));
    assert.is(metainfo.isSingleFile, true);
    assert.equal(table(metainfo), [['one.bin', 0, 70_000, false]]);
    assert.is(metainfo.pieceCount, 3);
  }
});

test('a folder that holds one file stays a folder', () => {
  const one = [{ path: ['one.bin'], byteLength: 70_000 }];
  for (const version of ['v1', 'hybrid'] as const) {
    const metainfo = parseMetainfo(makeTorrent(made(version, { files: one })));
    assert.is(metainfo.isSingleFile, false);
    assert.equal(metainfo.files[0]?.path, ['folder', 'one.bin']);
  }
  const deeper = parseMetainfo(
    makeTorrent(made('v2', { files: [{ path: ['s', 'one.bin'], byteLength: 70_000 }] })),
  );
  assert.equal(deeper.files[0]?.path, ['folder', 's', 'one.bin']);
});

test('a v2 tree of one file goes by the name of the file, and says so', () => {
  const metainfo = parseMetainfo(
    makeTorrent(made('v2', { files: [{ path: ['one.bin'], byteLength: 70_000 }] })),
  );
  assert.is(metainfo.isSingleFile, true);
  assert.is(metainfo.name, 'one.bin');
  assert.is(metainfo.warnings.length, 1);
});

test('info-hashes are over the bytes as found, unknown keys and all', () => {
  const spec = made('hybrid', {
    info: { 'x-own': [1, { y: 'z' }], source: 'SRC' },
    outer: { unknown: { a: 1n << 60n } },
  });
  const bytes = makeTorrent(spec);
  const metainfo = parseMetainfo(bytes);
  const { info } = makeFields(spec);
  const raw = encodeBencode(info);
  assert.equal(Buffer.from(metainfo.rawInfo), Buffer.from(raw));
  assert.is(hex(metainfo.infoHashV1!), createHash('sha1').update(raw).digest('hex'));
  assert.is(hex(metainfo.infoHashV2!), createHash('sha256').update(raw).digest('hex'));
  assert.is(metainfo.source, 'SRC');
  assert.equal(Buffer.from(encodeMetainfo(metainfo)), Buffer.from(bytes));
});

test('the fields around: trackers, web seeds, texts, private', () => {
  const metainfo = parseMetainfo(
    makeTorrent(
      made('v1', {
        info: { private: 1 },
        outer: {
          announce: 'http://first/announce',
          'announce-list': [
            [' http://a/announce', 'udp://b:1/x', 'http://a/announce'],
            [],
            ['http://c/announce'],
          ],
          'url-list': ['http://w/1', '', 'http://w/1', 'http://w/2'],
          httpseeds: ['http://h/1', 'http://h/1', 'http://h/2'],
          comment: 'grün',
          'created by': 'someone',
          'creation date': 1_700_000_000,
        },
      }),
    ),
  );
  assert.equal(metainfo.trackers, [['http://a/announce', 'udp://b:1/x'], ['http://c/announce']]);
  assert.equal(metainfo.webSeeds, ['http://w/1', 'http://w/2']);
  assert.equal(metainfo.httpSeeds, ['http://h/1', 'http://h/2']);
  assert.is(metainfo.comment, 'grün');
  assert.is(metainfo.createdBy, 'someone');
  assert.is(metainfo.creationDate, 1_700_000_000);
  assert.is(metainfo.isPrivate, true);
});

test('odd outer fields are no reason to refuse', () => {
  const odd = {
    announce: 'http://t/announce',
    'announce-list': ['http://flat/announce', 7, [3, Uint8Array.of(0xff)]],
    'url-list': 5,
    comment: Uint8Array.of(0x67, 0x72, 0xfc, 0x6e),
    'creation date': -1,
    'created by': [],
  };
  const metainfo = parseMetainfo(makeTorrent(made('v1', { outer: odd })));
  assert.equal(metainfo.trackers, [['http://flat/announce']]);
  assert.equal(metainfo.webSeeds, []);
  assert.is(metainfo.comment, 'gr\ufffdn');
  assert.is(metainfo.creationDate, undefined);
  assert.is(metainfo.createdBy, undefined);
  assert.ok(metainfo.warnings.length > 0);
  const announceOnly = parseMetainfo(
    makeTorrent(made('v1', { outer: { announce: 'http://t/a', 'announce-list': [] } })),
  );
  assert.equal(announceOnly.trackers, [['http://t/a']]);
  const one = parseMetainfo(makeTorrent(made('v1', { outer: { 'url-list': 'http://w/' } })));
  assert.equal(one.webSeeds, ['http://w/']);
});

test('the outer dictionary may be out of order, and encodes in order', () => {
  const bytes = makeTorrent(made('v1', { outer: { announce: 'http://t/a' } }));
  const text = Buffer.from(bytes).toString('latin1');
  const announce = '8:announce10:http://t/a';
  const swapped = `d${text.slice(1 + announce.length, -1)}${announce}e`;
  const metainfo = parseMetainfo(Buffer.from(swapped, 'latin1'));
  assert.equal(metainfo.trackers, [['http://t/a']]);
  assert.equal(Buffer.from(encodeMetainfo(metainfo)), Buffer.from(bytes));
});

test('BEP 47: attributes, links, padding without a path', () => {
  const list = [
    { attr: 'x', length: 10, path: ['run'] },
    { attr: 'hq', length: 10, path: ['.hid'] },
    { attr: 'l', length: 99, path: ['link'], 'symlink path': ['sub', 'target'] },
    { attr: 'p', length: 12 },
    { length: 6, path: ['_____padding_file_0_BitComet'] },
  ];
  const info = { name: 'n', 'piece length': 64, pieces: new Uint8Array(20), files: list };
  const metainfo = parseMetainfo(encodeBencode({ info }));
  assert.equal(
    metainfo.files.map((file) => file.attributes),
    [
      { executable: true, hidden: false, symlinkTarget: undefined },
      { executable: false, hidden: true, symlinkTarget: undefined },
      { executable: false, hidden: false, symlinkTarget: ['n', 'sub', 'target'] },
      { executable: false, hidden: false, symlinkTarget: undefined },
      { executable: false, hidden: false, symlinkTarget: undefined },
    ],
  );
  assert.equal(
    metainfo.files.map((file) => [file.byteLength, file.isPadding]),
    [
      [10, false],
      [10, false],
      [0, false],
      [12, true],
      [6, true],
    ],
  );
  assert.is(metainfo.contentBytes, 20);
  assert.is(metainfo.totalBytes, 38);
});

test('names of old torrents: the utf-8 twin, the encoding, then underscores', () => {
  const latin = Uint8Array.of(0x67, 0x72, 0xfc, 0x6e);
  const info = { name: latin, 'piece length': 64, pieces: new Uint8Array(20), length: 3 };
  assert.is(parseMetainfo(encodeBencode({ info, encoding: 'ISO-8859-1' })).name, 'grün');
  assert.is(parseMetainfo(encodeBencode({ info: { ...info, 'name.utf-8': 'grüner' } })).name, 'grüner');
  for (const encoding of ['', 'no such thing', 'utf-8']) {
    const metainfo = parseMetainfo(encodeBencode({ info, encoding }));
    assert.is(metainfo.name, 'gr_n');
    assert.is(metainfo.warnings.length, 1);
  }
  const nested = { ...info, name: 'n', files: [{ length: 3, path: [latin], 'path.utf-8': ['x'] }] };
  const { length: _, ...folder } = nested;
  assert.equal(parseMetainfo(encodeBencode({ info: folder })).files[0]?.path, ['n', 'x']);
});

test('files of the same content share a piece layer', () => {
  const twins = [
    { path: ['a'], byteLength: 70_000, seed: 9 },
    { path: ['b'], byteLength: 70_000, seed: 9 },
  ];
  const metainfo = parseMetainfo(makeTorrent(made('v2', { files: twins })));
  assert.equal([...metainfo.pieceLayers.keys()], [0, 1]);
  assert.equal(metainfo.pieceLayers.get(metainfo.files.length as never), undefined);
});

test('an info dictionary from peers may come without piece layers; encoding adds what there is', () => {
  const spec = made('v2');
  const { info, outer } = makeFields(spec);
  const raw = encodeBencode(info);
  const bare = parseInfo(raw);
  assert.is(bare.pieceLayers.size, 0);
  assert.is(bare.infoHashV2?.length, 32);
  const whole = parseInfo(
    raw,
    new Map([['piece layers', outer['piece layers'] as ReadonlyMap<string, Uint8Array>]]),
  );
  assert.is(whole.pieceLayers.size, 2);
  const joined = { ...bare, pieceLayers: whole.pieceLayers };
  assert.equal(Buffer.from(encodeMetainfo(joined)), Buffer.from(makeTorrent(spec)));
});

test('the hash of each piece, v1 and v2', () => {
  const metainfo = parseMetainfo(makeTorrent(made('hybrid')));
  const layout = new Layout(metainfo);
  const a = plainHashes(contentOf(files[0]!), PIECE);
  assert.is(
    hex(pieceHashV1(metainfo, pieceIndex(6))!),
    createHash('sha1').update(contentOf(files[3]!)).digest('hex'),
  );
  const found = pieceHashV2(metainfo, layout, pieceIndex(3));
  assert.is(found?.file, 0);
  assert.is(found?.isOnlyPiece, false);
  assert.is(hex(found?.hash ?? new Uint8Array(0)), hex(a.layer[3]!));
  const last = pieceHashV2(metainfo, layout, pieceIndex(6));
  assert.is(last?.isOnlyPiece, true);
  assert.is(hex(last?.hash ?? new Uint8Array(0)), hex(plainHashes(contentOf(files[3]!), PIECE).root));
  const v1 = parseMetainfo(makeTorrent(made('v1')));
  assert.is(pieceHashV2(v1, new Layout(v1), pieceIndex(0)), undefined);
  const v2 = parseMetainfo(makeTorrent(made('v2')));
  assert.is(pieceHashV1(v2, pieceIndex(0)), undefined);
  const bare = parseInfo(v2.rawInfo);
  assert.is(pieceHashV2(bare, new Layout(bare), pieceIndex(0))?.hash, undefined);
});

test('magnet links carry both hashes, the name, trackers and web seeds', () => {
  const metainfo = parseMetainfo(
    makeTorrent(made('hybrid', { outer: { announce: 'http://t/a?k=1&b', 'url-list': 'http://w/ x' } })),
  );
  const link = new URL(magnetLink(metainfo));
  assert.equal(link.searchParams.getAll('xt'), [
    `urn:btih:${hex(metainfo.infoHashV1!)}`,
    `urn:btmh:1220${hex(metainfo.infoHashV2!)}`,
  ]);
  assert.equal(link.searchParams.getAll('dn'), ['folder']);
  assert.equal(link.searchParams.getAll('tr'), ['http://t/a?k=1&b']);
  assert.equal(link.searchParams.getAll('ws'), ['http://w/ x']);
});

test('a torrent of 100,000 files is read in well under a second', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => ({
    length: index,
    path: [`folder ${index % 100}`, `file number ${index}.bin`],
  }));
  const total = many.reduce((sum, file) => sum + file.length, 0);
  const pieceLength = 1 << 20;
  const pieces = new Uint8Array(Math.ceil(total / pieceLength) * 20);
  const bytes = encodeBencode({ info: { name: 'many', 'piece length': pieceLength, pieces, files: many } });
  parseMetainfo(bytes);
  const startedMs = process.cpuUsage().user;
  const metainfo = parseMetainfo(bytes);
  const elapsedMs = (process.cpuUsage().user - startedMs) / 1000;
  assert.is(metainfo.files.length, 100_000);
  assert.ok(elapsedMs < 2500, `${elapsedMs} ms`);
});

test.run();
