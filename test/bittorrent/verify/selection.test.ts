// Aim: names and piece numbers choose exactly the pieces that hold them, and nothing else is ever pending.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { type SelectionOptions, select } from '../../../engine/bittorrent/verify/selection.ts';
import { VERDICT } from '../../../engine/bittorrent/verify/verdict.ts';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { type MadeTorrent, makeTorrent } from '../metainfo/support/make-torrent.ts';

const test = suite('selection');

const LIBRARY: MadeTorrent = {
  version: 'v1',
  name: 'show',
  pieceLength: 16384,
  files: [
    { path: ['s1', 'e1.mkv'], byteLength: 40_000 },
    { path: ['s1', 'e1.srt'], byteLength: 10 },
    { path: ['s1', 'e2.mkv'], byteLength: 40_000 },
    { path: ['s2', 'a,b.mkv'], byteLength: 20_000 },
    { path: ['empty.txt'], byteLength: 0 },
  ],
};

function choose(options: SelectionOptions, made: MadeTorrent = LIBRARY) {
  const torrent = parseMetainfo(makeTorrent(made));
  const layout = new Layout(torrent);
  const selection = select(torrent, layout, options);
  const pieces: number[] = [];
  for (let piece = 0; piece < layout.pieceCount; piece += 1) {
    if (selection.verdicts.get(piece) === VERDICT.pending) pieces.push(piece);
  }
  const names = selection.files.map((file) => torrent.files[file]?.path.join('/'));
  return { ...selection, pieces, names, torrent };
}

const range = (first: number, last: number) => ({ first: pieceIndex(first), end: pieceIndex(last + 1) });

test('nothing said means everything', () => {
  const all = choose({});
  assert.equal(all.pieces, [0, 1, 2, 3, 4, 5, 6]);
  assert.is(all.names.length, 5);
  assert.is(all.contentBytes, 100_010);
});

test('a file chooses every piece it touches, shared ones too, but not its neighbours', () => {
  const chosen = choose({ files: ['s1/e1.srt'] });
  assert.equal(chosen.pieces, [2]);
  assert.equal(chosen.names, ['show/s1/e1.srt']);
  assert.is(chosen.contentBytes, 16384);
});

test('paths with and without the torrent’s name, folders, slashes of any kind', () => {
  for (const name of ['show/s1/e2.mkv', 's1/e2.mkv', './s1/e2.mkv', 's1\\e2.mkv', '/s1/e2.mkv']) {
    assert.equal(choose({ files: [name] }).names, ['show/s1/e2.mkv'], name);
  }
  for (const name of ['s1', 's1/', 'show/s1/']) assert.is(choose({ files: [name] }).names.length, 3, name);
  assert.is(choose({ files: ['show'] }).names.length, 5);
});

test('a glob without a slash looks at file names in every folder, one with a slash at paths', () => {
  assert.equal(choose({ files: ['*.srt'] }).names, ['show/s1/e1.srt']);
  assert.is(choose({ files: ['*.mkv'] }).names.length, 3);
  assert.equal(choose({ files: ['s1/*.mkv'] }).names, ['show/s1/e1.mkv', 'show/s1/e2.mkv']);
  assert.equal(choose({ files: ['*/*.mkv'] }).names.length, 3);
});

test('commas part names, unless the whole is the name of a file', () => {
  assert.equal(choose({ files: ['s1/e1.srt,empty.txt'] }).names, ['show/s1/e1.srt', 'show/empty.txt']);
  assert.equal(choose({ files: ['s2/a,b.mkv'] }).names, ['show/s2/a,b.mkv']);
});

test('an empty file has no piece, and still counts', () => {
  const chosen = choose({ files: ['empty.txt'] });
  assert.equal(chosen.pieces, []);
  assert.equal(chosen.names, ['show/empty.txt']);
});

test('names that fit nothing are told', () => {
  assert.equal(choose({ files: ['nope,s1/e1.srt', '*.avi'] }).unmatched, ['nope', '*.avi']);
});

test('pieces choose themselves and the files in them; with files they add up', () => {
  const chosen = choose({ pieces: [range(1, 2)] });
  assert.equal(chosen.pieces, [1, 2]);
  assert.equal(chosen.names, ['show/s1/e1.mkv', 'show/s1/e1.srt', 'show/s1/e2.mkv']);
  assert.equal(choose({ pieces: [range(0, 0)], files: ['s2'] }).pieces, [0, 4, 5, 6]);
});

test('a piece beyond the end is bad usage', () => {
  try {
    choose({ pieces: [range(6, 7)] });
  } catch (error) {
    assert.is((error as AlliumError).code, 'BAD_USAGE');
    return;
  }
  assert.unreachable();
});

test('v2 and hybrid: files share no piece; padding is never chosen and never counted', () => {
  for (const version of ['v2', 'hybrid'] as const) {
    const made: MadeTorrent = { ...LIBRARY, version, files: LIBRARY.files.slice(0, 3) };
    const chosen = choose({ files: ['s1/e1.srt'] }, made);
    assert.equal(chosen.pieces, [3], version);
    assert.is(chosen.contentBytes, 10, version);
    assert.is(choose({ files: ['**'] }, made).names.length, 3, version);
    assert.is(choose({}, made).contentBytes, 80_010, version);
  }
});

test.run();
