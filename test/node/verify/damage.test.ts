// Aim: every kind of damage is told apart, with exact pieces and bytes, in v1, v2 and hybrid torrents; the data is
// never touched.
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileReport, TorrentReport } from '../../../engine/bittorrent/verify/report.ts';
import { openReadPool } from '../../../engine/node/content/read-pool.ts';
import { type VerifyOptions, verifyLibrary } from '../../../engine/node/verify/verify-library.ts';
import type { MadeTorrent } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { sample, scratch, writeData, writeTorrent } from './support/library.ts';

const test = suite('verify: damage');
const VERSIONS = ['v1', 'v2', 'hybrid'] as const;
const folder = scratch();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());
let count = 0;

interface Case {
  readonly base: string;
  check(options?: Partial<VerifyOptions>): Promise<TorrentReport>;
}

function prepare(made: MadeTorrent): Case {
  count += 1;
  const root = join(folder, String(count));
  const torrent = writeTorrent(join(folder, `${count}.torrent`), made);
  const base = writeData(root, made);
  return {
    base,
    check: async (options = {}) => {
      const report = await verifyLibrary({ torrents: [torrent], roots: [root], ...options }, { pool });
      return report.torrents[0]!;
    },
  };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

function only(report: TorrentReport): FileReport {
  assert.is(
    report.files.length,
    1,
    `one finding, not ${JSON.stringify(report.files.map((file) => file.path))}`,
  );
  return report.files[0]!;
}

for (const version of VERSIONS) {
  test(`${version}: whole data is good, and read exactly once`, async () => {
    const report = await prepare(sample(version)).check();
    assert.is(report.outcome, 'good');
    assert.equal(report.files, []);
    assert.is(report.pieces.good, report.pieces.total);
    assert.is(report.bytesRead, 452_776);
    assert.is(report.contentBytes, 452_776);
  });

  test(`${version}: one wrong bit`, async () => {
    const { base, check } = prepare(sample(version));
    flip(join(base, 'e.bin'), 150_000);
    const report = await check();
    assert.is(report.outcome, 'damaged');
    assert.is(report.pieces.bad, 1);
    assert.is(report.pieces.blocked, 0);
    const finding = only(report);
    assert.is(finding.path, 'sample/e.bin');
    assert.is(finding.status, 'bad');
    // In v1 the pieces go on across files: e.bin starts at byte 202,776 of all.
    const from = version === 'v1' ? 10 * 32_768 - 202_776 : 4 * 32_768;
    assert.equal(finding.bad, [{ from, to: from + 32_768 }]);
    assert.equal(finding.shared, []);
    assert.equal(finding.lost, []);
  });

  test(`${version}: a missing file`, async () => {
    const { base, check } = prepare(sample(version));
    unlinkSync(join(base, 'dir', 'c.bin'));
    const report = await check();
    assert.is(report.outcome, 'damaged');
    assert.is(report.pieces.bad, 0);
    const finding = report.files.find((file) => file.path === 'sample/dir/c.bin');
    assert.is(finding?.status, 'missing');
    assert.equal(finding?.lost, [{ from: 0, to: 70_001 }]);
    // Whoever shares a piece with it (v1) cannot be checked there, and that is said.
    const others = report.files.filter((file) => file.status === 'unchecked').map((file) => file.path);
    assert.equal(
      others,
      version === 'v1' ? ['sample/dir/b.bin', 'sample/dir/deep/d.bin', 'sample/e.bin'] : [],
    );
  });

  test(`${version}: a short file: what is there is checked as far as pieces go`, async () => {
    const { base, check } = prepare(sample(version));
    truncateSync(join(base, 'e.bin'), 100_000);
    const report = await check();
    const finding = only(report);
    assert.is(finding.status, 'short');
    assert.is(finding.foundByteLength, 100_000);
    assert.equal(finding.lost, [{ from: 100_000, to: 250_000 }]);
    const whole = version === 'v1' ? 9 * 32_768 - 202_776 : 3 * 32_768;
    assert.equal(finding.unchecked, [{ from: whole, to: 100_000 }]);
    assert.ok(report.bytesRead <= 452_776 - 150_000, 'nothing is read for nothing');
  });

  test(`${version}: a long file is good as far as it goes, and said to be long`, async () => {
    const { base, check } = prepare(sample(version));
    appendFileSync(join(base, 'a.bin'), 'x');
    const report = await check();
    assert.is(report.outcome, 'damaged');
    assert.is(report.pieces.good, report.pieces.total);
    const finding = only(report);
    assert.is(finding.status, 'long');
    assert.is(finding.foundByteLength, 100_001);
    assert.equal([finding.bad, finding.lost, finding.unchecked], [[], [], []]);
  });

  test(`${version}: a folder where a file should be, and a file where a folder should be`, async () => {
    const { base, check } = prepare(sample(version));
    unlinkSync(join(base, 'a.bin'));
    mkdirSync(join(base, 'a.bin'));
    rmSync(join(base, 'dir', 'deep'), { recursive: true });
    writeFileSync(join(base, 'dir', 'deep'), 'no folder');
    const report = await check();
    const byPath = new Map(report.files.map((file) => [file.path, file]));
    assert.is(byPath.get('sample/a.bin')?.status, 'wrong-kind');
    assert.is(byPath.get('sample/a.bin')?.foundKind, 'directory');
    assert.is(byPath.get('sample/dir/deep/d.bin')?.status, 'missing');
  });

  test(`${version}: an empty file must be there, and empty`, async () => {
    const { base, check } = prepare(sample(version));
    unlinkSync(join(base, 'dir', 'empty'));
    const gone = await check();
    assert.is(gone.outcome, 'damaged');
    assert.is(only(gone).status, 'missing');
    assert.is(gone.pieces.good, gone.pieces.total);
    writeFileSync(join(base, 'dir', 'empty'), 'x');
    assert.is(only(await check()).status, 'long');
  });

  test(`${version}: nothing there at all`, async () => {
    const { base, check } = prepare(sample(version));
    rmSync(base, { recursive: true });
    const report = await check();
    assert.is(report.outcome, 'missing');
    assert.is(report.bytesRead, 0);
    assert.is(report.pieces.blocked, report.pieces.total);
  });
}

test('v1: a bad piece of several files points at all of them, as any may be at fault', async () => {
  const { base, check } = prepare(sample('v1'));
  flip(join(base, 'dir', 'deep', 'd.bin'), 3);
  const report = await check();
  assert.equal(
    report.files.map((file) => [file.path, file.status, file.shared.length]),
    [
      ['sample/dir/c.bin', 'bad', 1],
      ['sample/dir/deep/d.bin', 'bad', 1],
      ['sample/e.bin', 'bad', 1],
    ],
  );
});

test('hybrid: padding that somebody saved is neither read nor missed', async () => {
  const { base, check } = prepare(sample('hybrid'));
  mkdirSync(join(base, '.pad'));
  writeFileSync(join(base, '.pad', '31072'), 'garbage');
  assert.is((await check()).outcome, 'good');
});

test('hybrid: hashes that contradict each other make a bad piece, and it is said', async () => {
  const made = sample('hybrid');
  const other = sample('hybrid', 'sample', 50);
  const { makeFields } = await import('../../bittorrent/metainfo/support/make-torrent.ts');
  const { encodeBencode } = await import('../../../engine/codec/bencode.ts');
  const fields = makeFields(made);
  const strange = { ...fields.info, pieces: makeFields(other).info.pieces! };
  const torrent = join(folder, 'contradictory.torrent');
  writeFileSync(torrent, encodeBencode({ ...fields.outer, info: strange }));
  const root = join(folder, 'contradictory');
  writeData(root, made);
  const { torrents } = await verifyLibrary({ torrents: [torrent], roots: [root] }, { pool });
  const { pieces } = torrents[0]!;
  assert.is(pieces.bad, pieces.total);
  assert.is(pieces.contradictory, pieces.total);
});

test('a single-file torrent, with the folder or the file itself as data', async () => {
  const made: MadeTorrent = {
    version: 'hybrid',
    name: 'film.mkv',
    pieceLength: 16_384,
    files: [{ path: [], byteLength: 50_000 }],
  };
  const torrent = writeTorrent(join(folder, 'film.torrent'), made);
  const base = writeData(join(folder, 'films'), made);
  for (const root of [join(folder, 'films'), base]) {
    const { outcome, torrents } = await verifyLibrary({ torrents: [torrent], roots: [root] }, { pool });
    assert.is(outcome, 'good');
    assert.is(torrents[0]?.location, base);
  }
});

test('only what is chosen is read: a count of the bytes that came off the disk', async () => {
  const v1 = prepare(sample('v1'));
  const one = await v1.check({ selection: { files: ['dir/b.bin'] } });
  assert.is(one.bytesRead, 2 * 32_768, 'the two pieces it lies in');
  assert.is(one.selectedBytes, 2 * 32_768);
  assert.is(one.pieces.selected, 2);
  const v2 = prepare(sample('v2'));
  assert.is((await v2.check({ selection: { files: ['dir/*.bin'] } })).bytesRead, 32_768 + 70_001);
  const { parsePieceList } = await import('../../../engine/bittorrent/verify/piece-list.ts');
  const two = await v1.check({ selection: { pieces: parsePieceList('1,13') } });
  assert.is(two.bytesRead, 32_768 + (452_776 - 13 * 32_768));
  assert.is(two.outcome, 'good');
});

test('damage outside of what is chosen is not looked at', async () => {
  const { base, check } = prepare(sample('v2'));
  flip(join(base, 'e.bin'), 0);
  unlinkSync(join(base, 'dir', 'b.bin'));
  assert.is(
    await check({ selection: { files: ['a.bin', 'c.bin'] }, search: false }).catch((error) => error.code),
    'BAD_USAGE',
  );
  assert.is((await check({ selection: { files: ['a.bin', 'dir/c.bin'] } })).outcome, 'good');
});

test('the data is only read: the same bytes, times and names as before, in a folder without write permission', async () => {
  const { base, check } = prepare(sample('hybrid'));
  const copy = join(folder, 'copy');
  cpSync(base, copy, { recursive: true });
  const names = readdirSync(base, { recursive: true, encoding: 'utf8' }).sort();
  const times = (): number[] => names.map((name) => statSync(join(base, name)).mtimeMs);
  const before = times();
  for (const name of ['', 'dir', join('dir', 'deep')]) chmodSync(join(base, name), 0o555);
  assert.is((await check()).outcome, 'good');
  for (const name of ['', 'dir', join('dir', 'deep')]) chmodSync(join(base, name), 0o755);
  assert.equal(times(), before);
  assert.equal(readdirSync(base, { recursive: true, encoding: 'utf8' }).sort(), names);
  for (const name of names.filter((name) => statSync(join(base, name)).isFile())) {
    assert.is(Buffer.compare(readFileSync(join(base, name)), readFileSync(join(copy, name))), 0, name);
  }
});

test.run();
