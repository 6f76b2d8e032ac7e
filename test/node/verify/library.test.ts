// Aim: a folder of torrents against several roots finds its data wherever it lies, once, without walking in circles,
// and one bad torrent does not stop the others.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { openReadPool } from '../../../engine/node/content/read-pool.ts';
import { LibraryIndex } from '../../../engine/node/verify/library-index.ts';
import { findTorrents, loadTorrents } from '../../../engine/node/verify/load-torrents.ts';
import { verifyLibrary } from '../../../engine/node/verify/verify-library.ts';
import { sample, scratch, writeData, writeTorrent } from './support/library.ts';

const test = suite('verify: library');
const folder = scratch();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());

function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

test('many torrents, several roots, data in every kind of place', async () => {
  const at = join(folder, 'many');
  const [one, two] = [join(at, 'disk1'), join(at, 'disk2')];
  const torrents = join(at, 'torrents');
  const names = ['direct', 'second', 'nested', 'scattered', 'absent', 'hurt'];
  for (const [seed, name] of names.entries()) {
    const made = sample(seed % 2 === 0 ? 'v1' : 'hybrid', name, 10 * seed + 1);
    writeTorrent(join(torrents, name.slice(0, 1), `${name}.torrent`), made);
    if (name !== 'absent') writeData(one, made);
  }
  move(join(one, 'second'), join(two, 'second'));
  move(join(one, 'nested'), join(two, 'some', 'where', 'nested'));
  move(join(one, 'scattered', 'e.bin'), join(two, 'lost+found', 'e.bin'));
  move(join(one, 'scattered', 'dir', 'c.bin'), join(one, 'c.bin'));
  writeFileSync(join(one, 'hurt', 'e.bin'), 'short');

  const report = await verifyLibrary({ torrents: [torrents], roots: [one, two] }, { pool });
  const outcomes = new Map(report.torrents.map((torrent) => [torrent.name, torrent]));
  const [direct, second, nested, scattered, absent, hurt] = names.map((name) => outcomes.get(name)!);
  assert.equal(
    [direct, second, nested, scattered].map((torrent) => torrent?.outcome),
    ['good', 'good', 'good', 'good'],
  );
  assert.is(second?.location, join(two, 'second'));
  assert.is(nested?.location, join(two, 'some', 'where', 'nested'));
  assert.is(scattered?.location, join(one, 'scattered'));
  assert.is(scattered?.movedFiles, 2);
  assert.is(absent?.outcome, 'missing');
  assert.is(hurt?.outcome, 'damaged');
  assert.is(report.outcome, 'damaged');
  assert.equal(report.torrentCounts, { good: 4, damaged: 1, missing: 1, unreadable: 0, invalid: 0 });
  assert.is(
    report.bytesRead,
    report.torrents.reduce((sum, torrent) => sum + torrent.bytesRead, 0),
  );

  const shy = await verifyLibrary({ torrents: [torrents], roots: [one, two], search: false }, { pool });
  assert.is(shy.torrents.find((torrent) => torrent.name === 'nested')?.outcome, 'missing');
});

test('of several files of one name and length the one whose hash fits is taken, or none of another torrent', async () => {
  const at = join(folder, 'choice');
  const [own, other] = [sample('v1', 'own', 500), sample('v2', 'other', 600)];
  for (const made of [own, other]) writeTorrent(join(at, `${made.name}.torrent`), made);
  const base = writeData(at, own);
  writeData(at, other);
  move(join(base, 'e.bin'), join(at, 'z', 'e.bin'));
  mkdirSync(join(at, 'a'));
  writeFileSync(join(at, 'a', 'e.bin'), Buffer.alloc(250_000));
  const found = await verifyLibrary({ torrents: [at], roots: [at] }, { pool });
  assert.equal(
    found.torrents.map(({ outcome }) => outcome),
    ['good', 'good'],
  );
  rmSync(join(at, 'z'), { recursive: true });
  rmSync(join(at, 'a'), { recursive: true });
  const lost = await verifyLibrary({ torrents: [at], roots: [at] }, { pool });
  const [, mine] = lost.torrents;
  assert.equal(
    mine?.files.filter(({ status }) => status === 'missing').map(({ path }) => path),
    ['own/e.bin'],
  );
});

test('a torrent whose files lie in the place of another finds them there', async () => {
  const at = join(folder, 'shared');
  const [one, two] = [sample('v1', 'one', 700), sample('hybrid', 'two', 700)];
  for (const made of [one, two]) writeTorrent(join(at, `${made.name}.torrent`), made);
  writeData(at, one);
  const { torrents } = await verifyLibrary({ torrents: [at], roots: [at] }, { pool });
  const second = torrents[1]!;
  assert.is(second.name, 'two');
  // Too short to be sure of: the one with less than a piece, and the empty one.
  const missing = second.files.filter(({ status }) => status === 'missing').map(({ path }) => path);
  assert.equal(missing, ['two/dir/empty']);
  assert.is(second.pieces.good, second.pieces.total);
});

test('torrents that do not fit into memory together are read again at their turn', async () => {
  const at = join(folder, 'again');
  const sources = ['x', 'y', 'z'].map((name, seed) => {
    const made = sample('v2', name, 100 + seed);
    writeData(at, made);
    return writeTorrent(join(at, `${name}.torrent`), made);
  });
  const { torrents } = loadTorrents(sources, { keptBytesMax: 0 });
  assert.is(torrents.length, 3);
  const twice = [torrents[0]!.metainfo(), torrents[0]!.metainfo()];
  assert.ok(twice[0] !== twice[1], 'a new one each time');
  assert.is(torrents[1]!.metainfo().name, 'y');
  const [kept] = loadTorrents(sources).torrents;
  const same = [kept!.metainfo(), kept!.metainfo()];
  assert.ok(same[0] === same[1]);
});

test('the same torrent twice is checked once', async () => {
  const at = join(folder, 'twice');
  const made = sample('v1', 'twin', 7);
  writeData(at, made);
  writeTorrent(join(at, 'a.torrent'), made);
  writeTorrent(join(at, 'b.torrent'), made);
  const report = await verifyLibrary({ torrents: [at], roots: [at] }, { pool });
  assert.is(report.torrents.length, 1);
  assert.equal(report.torrents[0]?.duplicates, [join(at, 'b.torrent')]);
});

test('a broken torrent file among others is told and does not stop them; alone it is an error', async () => {
  const at = join(folder, 'broken');
  const made = sample('v1', 'fine', 3);
  writeData(at, made);
  writeTorrent(join(at, 'fine.torrent'), made);
  writeFileSync(join(at, 'broken.torrent'), 'd4:info');
  const report = await verifyLibrary({ torrents: [at], roots: [at] }, { pool });
  assert.equal(
    report.torrents.map(({ outcome }) => outcome),
    ['invalid', 'good'],
  );
  assert.is(report.torrents[0]?.error?.code, 'BAD_BENCODE');
  assert.is(report.outcome, 'invalid');
  const alone = verifyLibrary({ torrents: [join(at, 'broken.torrent')], roots: [at] }, { pool });
  assert.is(await alone.catch((error: AlliumError) => error.code), 'BAD_BENCODE');
});

test('names of files are sought in all torrents, pieces only in one', async () => {
  const at = join(folder, 'names');
  for (const [seed, name] of ['p', 'q'].entries()) {
    const made = sample('v1', name, 20 + seed);
    writeData(at, made);
    writeTorrent(join(at, `${name}.torrent`), made);
  }
  const roots = [at];
  const some = await verifyLibrary(
    { torrents: [at], roots, selection: { files: ['p/a.bin', 'nope'] } },
    { pool },
  );
  assert.equal(some.warnings, ['no torrent has a file “nope”']);
  assert.equal(
    some.torrents.map(({ pieces }) => pieces.selected),
    [4, 0],
  );
  const pieces = verifyLibrary({ torrents: [at], roots, selection: { pieces: [] } }, { pool });
  assert.is(await pieces.catch((error: AlliumError) => error.code), 'BAD_USAGE');
});

test('a root that is not there stops everything: perhaps a disk is not mounted', async () => {
  const torrent = writeTorrent(join(folder, 'root.torrent'), sample('v1'));
  const run = verifyLibrary({ torrents: [torrent], roots: [join(folder, 'gone')] }, { pool });
  assert.is(await run.catch((error: AlliumError) => error.code), 'NOT_FOUND');
});

test('a folder without torrents is bad usage', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const run = verifyLibrary({ torrents: [empty], roots: [folder] }, { pool });
  assert.is(await run.catch((error: AlliumError) => error.code), 'BAD_USAGE');
  assert.equal(findTorrents([empty]), []);
});

const NAMES = { folders: new Set(['x']), files: new Set(['f']) };

test('links that run in circles, or to what is walked anyway, are not followed; others once', async () => {
  const at = join(folder, 'links');
  mkdirSync(join(at, 'root', 'x', 'deep'), { recursive: true });
  mkdirSync(join(at, 'outside', 'x'), { recursive: true });
  writeFileSync(join(at, 'root', 'x', 'f'), '1');
  writeFileSync(join(at, 'outside', 'x', 'f'), '2');
  symlinkSync(at, join(at, 'root', 'x', 'deep', 'up'));
  symlinkSync('.', join(at, 'root', 'self'));
  symlinkSync(join(at, 'outside'), join(at, 'root', 'out'));
  symlinkSync(join(at, 'outside', 'x'), join(at, 'root', 'again'));
  symlinkSync(join(at, 'nowhere'), join(at, 'root', 'f'));
  symlinkSync(join(at, 'root', 'x', 'f'), join(at, 'outside', 'f'));
  const root = join(at, 'root');
  const index = await LibraryIndex.of([root, join(root, 'x')], NAMES);
  const files = [...index.filesNamed('f', 1)].sort();
  const real = ['out/f', 'out/x/f', 'x/f'].map((path) => join(root, path)).sort();
  assert.equal(
    files.filter((file) => real.includes(file)),
    real,
  );
  assert.ok(files.length < 10, `walked in circles: ${files.join(' ')}`);
  assert.equal(index.warnings, []);
  assert.ok(index.foldersNamed('x').includes(join(root, 'x')));
  assert.equal(index.filesNamed('f', 2), []);
});

test('accented letters are found however the file system writes them', async () => {
  const at = join(folder, 'accents');
  mkdirSync(at);
  writeFileSync(join(at, 'cafe\u0301'), '1');
  const index = await LibraryIndex.of([at], { folders: new Set(), files: new Set(['caf\u00e9']) });
  assert.is(index.filesNamed('caf\u00e9', 1).length, 1);
});

test('at its bounds the index goes on without the rest, and says so', async () => {
  const at = join(folder, 'bounds');
  for (const name of ['1', '2', '3']) {
    mkdirSync(join(at, name, 'deep', 'deeper'), { recursive: true });
    writeFileSync(join(at, name, 'f'), '1');
  }
  const few = await LibraryIndex.of([at], NAMES, { placesMax: 2 });
  assert.is(few.filesNamed('f', 1).length, 2);
  assert.match(few.warnings.join(), 'more than 2 files and folders');
  const flat = await LibraryIndex.of([at], NAMES, { depthMax: 2 });
  assert.is(flat.filesNamed('f', 1).length, 3);
  assert.is(flat.warnings.filter((warning) => warning.includes('too deep')).length, 3);
});

test('a folder that vanishes or cannot be opened is told and passed over', async () => {
  const at = join(folder, 'denied');
  mkdirSync(at);
  const index = await LibraryIndex.of([at, join(at, 'gone')], NAMES);
  assert.equal(index.warnings, []);
  rmSync(at, { recursive: true });
  assert.equal((await LibraryIndex.of([at], NAMES)).foldersNamed('x'), []);
});

test('an interruption ends the walk', async () => {
  const aborted = AbortSignal.abort(new Error('stopped'));
  const at = join(folder, 'wide');
  for (let number = 0; number < 2000; number += 1) mkdirSync(join(at, String(number)), { recursive: true });
  // Nobody looks at the signal before the first turn is over, so a small walk may well end.
  const outcome = await LibraryIndex.of([at], NAMES, { signal: aborted, turnMs: 0 }).catch(
    (error: Error) => error.message,
  );
  assert.is(outcome, 'stopped');
});

test.run();
