// Aim: the report page shows every torrent and every finding, lets no name become markup, and shows one bad piece
// among a million.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileReport, TorrentReport, VerifyReport } from '../../engine/bittorrent/verify/report.ts';
import { totalsOf } from '../../engine/bittorrent/verify/summarize.ts';
import { paletteFor } from '../../engine/cli/support/colour.ts';
import { verifyHtml } from '../../engine/cli/verify-report/html.ts';
import { stripSvg } from '../../engine/cli/verify-report/html-map.ts';
import { verifyText } from '../../engine/cli/verify-report/text.ts';

const test = suite('verify report');

const FILE: FileReport = {
  path: 'x/file',
  location: '/d/x/file',
  status: 'bad',
  byteLength: 1000,
  pieces: [0, 9],
  bad: [{ from: 100, to: 200 }],
  shared: [],
  lost: [],
  unchecked: [],
};
const TORRENT: TorrentReport = {
  torrent: 'x.torrent',
  outcome: 'damaged',
  name: 'x',
  version: 'v1',
  infoHashV1: 'ab'.repeat(20),
  duplicates: [],
  location: '/d/x',
  movedFiles: 0,
  contentBytes: 1000,
  selectedBytes: 1000,
  pieceLength: 100,
  fileCount: 1,
  pieces: {
    total: 10,
    selected: 10,
    good: 9,
    bad: 1,
    blocked: 0,
    restored: 0,
    contradictory: 0,
    badSpans: [[1, 1]],
    blockedSpans: [],
    unselectedSpans: [],
  },
  files: [FILE],
  bytesRead: 1000,
  warnings: [],
};

function reportOf(...torrents: readonly TorrentReport[]): VerifyReport {
  return {
    schema: 'allium verify 1',
    startedAt: '2024-05-06T07:08:09.000Z',
    elapsedMs: 1000,
    startupMs: 50,
    threadCount: 2,
    roots: ['/d'],
    ...totalsOf(torrents),
    torrents,
    warnings: [],
  };
}

const good: TorrentReport = {
  ...TORRENT,
  name: 'fine',
  outcome: 'good',
  files: [],
  pieces: { ...TORRENT.pieces, good: 10, bad: 0, badSpans: [] },
};
const plain = paletteFor({ isTTY: false }, {});
const shades = (svg: string): string[] => [...svg.matchAll(/rect class="(\w+)"/g)].map((match) => match[1]!);

test('names, paths and messages of strangers stay text', () => {
  const evil = '<script>alert(1)</script>"\'&\u202e';
  const torrent: TorrentReport = {
    ...TORRENT,
    name: evil,
    torrent: evil,
    location: evil,
    duplicates: [evil],
    warnings: [evil],
    error: { code: 'BAD_TORRENT', message: evil, advice: evil, details: {} },
    files: [{ ...FILE, path: evil, status: 'unreadable', systemCode: evil }],
  };
  const html = verifyHtml({ ...reportOf(torrent, good), roots: [evil], warnings: [evil] });
  assert.not.match(html, /<script>alert/);
  assert.not.ok(html.includes('\u202e'));
  assert.is(html.match(/<script>/g)?.length, 1, 'only its own');
  assert.not.match(html, /="[^"]*<script/);
});

test('every torrent and every finding is on the page, the worst first', () => {
  const html = verifyHtml(reportOf(good, TORRENT));
  assert.ok(html.indexOf('<strong>x</strong>') < html.indexOf('<strong>fine</strong>'));
  for (const expected of [
    'x/file',
    'bad bytes 100–199',
    '1 bad piece: 1',
    'ab'.repeat(20),
    '1 of 2 torrents good',
  ]) {
    assert.match(html, expected);
  }
  assert.match(html, /Content-Security-Policy/);
});

test('a page for one torrent has no filter and no script', () => {
  const html = verifyHtml(reportOf(good));
  assert.not.match(html, /<script|<input/);
  assert.match(html, 'fine: good');
});

test('one bad piece among a million is seen, and so is one at either end', () => {
  const million = 1_000_000;
  for (const piece of [0, 500_000, million - 1]) {
    const svg = stripSvg(million, 'good', [{ from: piece, to: piece + 1, shade: 'bad' }], '');
    assert.ok(shades(svg).includes('bad'), String(piece));
    assert.ok(shades(svg).includes('good'), String(piece));
  }
});

test('the worst shade of a cell wins, in any order', () => {
  const bad = { from: 0, to: 1, shade: 'bad' } as const;
  const warn = { from: 0, to: 10, shade: 'warn' } as const;
  for (const stretches of [
    [bad, warn],
    [warn, bad],
  ])
    assert.is(shades(stripSvg(1000, 'good', stretches, ''))[0], 'bad');
  assert.equal(shades(stripSvg(2, 'good', [{ from: 0, to: 1, shade: 'none' }], '')), ['none', 'good']);
  assert.equal(shades(stripSvg(1000, 'good', [{ from: 0, to: 1, shade: 'none' }], '')), ['good']);
});

test('a page of a torrent with thousands of damaged files stays short, and says what it left out', () => {
  const files = Array.from({ length: 3000 }, (_, at) => ({ ...FILE, path: `x/${at}` }));
  const html = verifyHtml(reportOf({ ...TORRENT, files }));
  assert.is(html.match(/<tr><td class="path">/g)?.length, 500);
  assert.match(html, 'and 2,500 more files');
  const text = verifyText(reportOf({ ...TORRENT, files }), plain);
  assert.match(text, 'and 2,980 more files');
  assert.ok(text.split('\n').length < 60);
});

test('every status of a file has words of its own', () => {
  const statuses: readonly (readonly [Partial<FileReport>, RegExp])[] = [
    [{ status: 'missing', lost: [{ from: 0, to: 1000 }], bad: [] }, /missing, 1,000 bytes\n/],
    [{ status: 'wrong-kind', foundKind: 'directory' }, /a folder is in its place/],
    [{ status: 'wrong-kind', foundKind: 'other' }, /no regular file is in its place/],
    [
      { status: 'short', foundByteLength: 7, lost: [{ from: 7, to: 1000 }] },
      /short: 7 of 1,000 bytes\n.*lost bytes 7–999/,
    ],
    [{ status: 'long', foundByteLength: 1001 }, /long: 1,001 bytes, should have 1,000/],
    [{ status: 'changed', foundByteLength: 9 }, /shrank to 9 of 1,000 bytes while it was read/],
    [{ status: 'unreadable', systemCode: 'EACCES' }, /unreadable: permission denied/],
    [{ status: 'unreadable', systemCode: 'EWEIRD' }, /unreadable: EWEIRD/],
    [
      { status: 'bad', shared: [{ from: 100, to: 200 }] },
      /damaged: 100 B in bad pieces\n.*the fault may be in those/,
    ],
    [
      { status: 'unchecked', unchecked: [{ from: 0, to: 5 }] },
      /shares pieces with a file that is not there\n/,
    ],
  ];
  for (const [change, expected] of statuses) {
    assert.match(verifyText(reportOf({ ...TORRENT, files: [{ ...FILE, ...change }] }), plain), expected);
  }
});

test('hashes that contradict each other, and many ranges, are told in short', () => {
  const badSpans = Array.from({ length: 20 }, (_, at) => [2 * at, 2 * at] as const);
  const pieces = { ...TORRENT.pieces, total: 40, bad: 20, contradictory: 20, badSpans };
  const text = verifyText(reportOf({ ...TORRENT, pieces }), plain);
  assert.match(text, '20 bad pieces: 0, 2, 4, 6, 8, 10, 12, 14 and 12 more');
  assert.match(text, "20 pieces of these fit one of the torrent's two hashes and not the other");
});

test.run();
