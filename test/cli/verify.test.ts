// Aim: the command as people use it: words, exit codes, JSON, report, progress, interruption by signals and by
// kill -9, and no permission. Time limit: 240 s.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VerifyReport } from '../../engine/bittorrent/verify/report.ts';
import type { MadeTorrent } from '../bittorrent/metainfo/support/make-torrent.ts';
import { type Finished, RunningProgram, runToEnd, until } from '../interop/support/program.ts';
import { sample, scratch, writeData, writeTorrent } from '../node/verify/support/library.ts';

const test = suite('allium verify');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const folder = scratch();
chmodSync(folder, 0o755);

const allium = (...words: readonly string[]): Promise<Finished> =>
  runToEnd(process.execPath, [MAIN, 'verify', ...words], { cwd: folder });

function reportOf(finished: Finished): VerifyReport {
  return JSON.parse(finished.stdout) as VerifyReport;
}

const MADE = sample('hybrid', 'show');
const torrent = writeTorrent(join(folder, 'show.torrent'), MADE);
writeData(join(folder, 'data'), MADE);

test('good data: exit 0 and one line', async () => {
  const { code, stdout, stderr } = await allium('show.torrent', 'data');
  assert.is(code, 0);
  assert.match(stdout, /^good: 17 of 17 pieces good; read 442 KiB in /);
  assert.is(stdout.split('\n').length, 2);
  assert.is(stderr, '', 'no progress where there is no terminal');
});

test('--json prints one value that holds all', async () => {
  const finished = await allium('show.torrent', 'data', '--json');
  const report = reportOf(finished);
  assert.is(report.schema, 'allium verify 1');
  assert.is(report.outcome, 'good');
  assert.is(report.torrents[0]?.torrent, 'show.torrent');
  assert.match(report.torrents[0]?.infoHashV1 ?? '', /^[0-9a-f]{40}$/);
  assert.match(report.torrents[0]?.infoHashV2 ?? '', /^[0-9a-f]{64}$/);
  assert.is(finished.code, 0);
});

test('damage: exit 1, and it says which pieces, files and bytes', async () => {
  const made = sample('v1', 'hurt', 9);
  const mine = writeTorrent(join(folder, 'hurt.torrent'), made);
  const place = writeData(join(folder, 'data'), made);
  truncateSync(join(place, 'e.bin'), 200_000);
  writeFileSync(join(place, 'a.bin'), 'x'.repeat(100_000));
  unlinkSync(join(place, 'dir', 'deep', 'd.bin'));
  const { code, stdout } = await allium(mine, 'data');
  assert.is(code, 1);
  for (const expected of [
    'bad pieces: 0–3',
    'hurt/a.bin: damaged: 97.7 KiB in bad pieces',
    'hurt/dir/deep/d.bin: missing, 7 bytes',
    'hurt/e.bin: short: 200,000 of 250,000 bytes',
    'lost bytes 200000–249999',
  ]) {
    assert.match(stdout, expected);
  }
});

test('a library: a table, and exit 1 for the one that is missing', async () => {
  const torrents = join(folder, 'torrents');
  for (const [at, name] of ['one', 'two'].entries()) {
    const made = sample('v2', name, 30 + at);
    writeTorrent(join(torrents, `${name}.torrent`), made);
    if (name === 'one') writeData(join(folder, 'disk', 'deep'), made);
  }
  const { code, stdout } = await allium('torrents', 'disk');
  assert.is(code, 1);
  assert.match(stdout, /^good +one +442 KiB +100\.0 % .*\/disk\/deep\/one$/m);
  assert.match(stdout, /^missing +two/m);
  assert.match(stdout, '1 good, 1 missing');
  const named = await allium(
    '--torrents',
    'torrents/one.torrent',
    '-t',
    'torrents/two.torrent',
    'data',
    'disk',
    '--json',
  );
  assert.equal(reportOf(named).torrentCounts, { good: 1, damaged: 0, missing: 1, unreadable: 0, invalid: 0 });
});

test('only some files, only some pieces', async () => {
  const files = reportOf(await allium('show.torrent', 'data', '--json', '--files', 'dir/b.bin,e.bin'));
  assert.is(files.bytesRead, 32_768 + 250_000);
  const pieces = reportOf(await allium('show.torrent', 'data', '--json', '--pieces', '0-1,4'));
  assert.is(pieces.bytesRead, 3 * 32_768);
  assert.is(pieces.pieces.selected, 3);
});

const MISTAKES: readonly (readonly [words: readonly string[], code: number, line: RegExp])[] = [
  [[], 2, /no torrent is named/],
  [['show.torrent'], 2, /no data is named/],
  [['show.torrent', 'data', '--pieces', '9-3'], 2, /“9-3” is no piece/],
  [['show.torrent', 'data', '--pieces', '17'], 2, /no piece 17 in a torrent of 17 pieces/],
  [['show.torrent', 'data', '--files', 'nope'], 2, /has no file “nope”/],
  [['show.torrent', 'data', '--rate', 'fast'], 2, /Give a rate/],
  [['--worker'], 2, /a worker needs to know the queue/],
  [['--worker', '--queue', 'redis://127.0.0.1:1', 'x.torrent'], 2, /a worker is not told what to check/],
  [['show.torrent', 'data', '--map', '/a=/b'], 2, /belong to a queue/],
  [['show.torrent', 'data', '--queue', 'redis://127.0.0.1:1', '--map', '/a=/b'], 2, /belongs to a worker/],
  [['show.torrent', 'data', '--queue', 'http://secret@x'], 2, /the address of the queue is not understood/],
  [['data', 'data'], 2, /no \.torrent file in data/],
  [['data/show/a.bin', 'data'], 2, /no torrent file/],
  [['gone.torrent', 'data'], 3, /gone\.torrent/],
  [['show.torrent', 'gone'], 3, /gone/],
  [['show.torrent', 'data', '--report', 'no/such/folder.html'], 3, /no\/such/],
];

for (const [words, expected, line] of MISTAKES) {
  test(`${words.join(' ') || 'no words'}: exit ${expected} and one line`, async () => {
    const { code, stdout, stderr } = await allium(...words);
    assert.is(code, expected);
    assert.is(stdout, '');
    assert.match(stderr, line);
    assert.match(stderr, /^allium verify: [^\n]+\n$/);
  });
}

test('a failure under --json is JSON too', async () => {
  const { code, stdout } = await allium('show.torrent', 'gone', '--json');
  assert.is(code, 3);
  assert.is(JSON.parse(stdout).error.code, 'NOT_FOUND');
});

/** Somebody who may not read everything: oneself, or, for the superuser, nobody. */
const OTHER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const mayRunAsOther =
  spawnSync(process.execPath, ['-e', `require('node:fs').accessSync(${JSON.stringify(MAIN)})`], OTHER)
    .status === 0;

test('a data file without permission: exit 3, and the report names it', () => {
  if (!mayRunAsOther) return; // The program itself lies where nobody else may look.
  const place = writeData(join(folder, 'denied'), MADE);
  chmodSync(join(place, 'e.bin'), 0);
  const words = [MAIN, 'verify', torrent, join(folder, 'denied'), '--json'];
  const { status, stdout } = spawnSync(process.execPath, words, { ...OTHER, encoding: 'utf8' });
  assert.is(status, 3);
  const report = JSON.parse(stdout) as VerifyReport;
  const [file] = report.torrents[0]!.files;
  assert.is(file?.path, 'show/e.bin');
  assert.is(file?.status, 'unreadable');
  assert.is(file?.systemCode, 'EACCES');
  assert.equal(file?.lost, [{ from: 0, to: 250_000 }]);
  assert.is(report.pieces.good, 9);
});

test('--report writes one page that needs nothing else', async () => {
  const { code } = await allium('torrents', 'disk', 'data', '--report', 'report.html');
  assert.is(code, 1);
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  assert.match(html, /^<!doctype html>/i);
  assert.not.match(html, /(?:src|href)\s*=\s*["']?(?:https?:)?\/\//i);
  assert.match(html, 'one');
});

const LONG: MadeTorrent = {
  version: 'v1',
  name: 'long',
  pieceLength: 65_536,
  files: [
    { path: ['a'], byteLength: 9_000_000, seed: 4 },
    { path: ['b'], byteLength: 9_000_001, seed: 5 },
  ],
};
const LONG_BYTES = 18_000_001;
const longTorrent = writeTorrent(join(folder, 'long.torrent'), LONG);
writeData(join(folder, 'data'), LONG);

/** A checkpoint that knows the torrent and none of its pieces: magic, head and body of one record. */
const EMPTY_BYTES = 20 + 8 + 14 + 20 + 2 * 16 + join(folder, 'data', 'long').length;

function slow(checkpoint: string, rate: string): RunningProgram {
  const words = [MAIN, 'verify', longTorrent, 'data', '--rate', rate, '--checkpoint', checkpoint, '--json'];
  return new RunningProgram(process.execPath, words, { cwd: folder });
}

test('SIGINT: exit 130, the checkpoint is kept, and the same words go on', async () => {
  const checkpoint = join(folder, 'int.ck');
  const program = slow(checkpoint, '4M');
  await until('something is hashed', () => existsSync(checkpoint) && statSync(checkpoint).size > EMPTY_BYTES);
  assert.is(await program.stop('SIGINT'), 130);
  assert.match(program.stderr, 'int.ck; the same words go on from there');
  assert.is(JSON.parse(program.stdout).error.code, 'INTERRUPTED');
  const report = reportOf(await allium(longTorrent, 'data', '--checkpoint', checkpoint, '--json'));
  assert.is(report.outcome, 'good');
  assert.ok(report.pieces.restored > 0);
  assert.is(report.bytesRead + restoredBytes(report), LONG_BYTES);
  assert.not.ok(existsSync(checkpoint));
});

function restoredBytes(report: VerifyReport): number {
  // The last piece is the short one; it comes last.
  return report.pieces.restored * LONG.pieceLength;
}

test('kill -9 again and again: what is on record is never hashed again, and it ends', async () => {
  const checkpoint = join(folder, 'kill.ck');
  let restoredBefore = 0;
  for (let round = 0; round < 4; round += 1) {
    const program = slow(checkpoint, '2M');
    const start = existsSync(checkpoint) ? statSync(checkpoint).size : EMPTY_BYTES;
    await until(
      'a record is written',
      () => existsSync(checkpoint) && statSync(checkpoint).size > start + 20,
    );
    await sleep(round * 150);
    await program.stop('SIGKILL');
    // Nothing may be written, so a copy shows what a later run would know.
    const copy = join(folder, 'copy.ck');
    writeFileSync(copy, readFileSync(checkpoint));
    const known = reportOf(await allium(longTorrent, 'data', '--checkpoint', copy, '--json'));
    assert.is(known.outcome, 'good');
    assert.is(known.bytesRead, LONG_BYTES - restoredBytes(known), `round ${round}`);
    assert.ok(known.pieces.restored > restoredBefore, `round ${round} adds to what is known`);
    restoredBefore = known.pieces.restored;
  }
  const last = reportOf(await allium(longTorrent, 'data', '--checkpoint', checkpoint, '--json'));
  assert.is(last.pieces.restored, restoredBefore);
  assert.is(last.outcome, 'good');
});

test('--rate holds', async () => {
  const { elapsedMs, bytesRead } = reportOf(await allium(longTorrent, 'data', '--rate', '12M', '--json'));
  assert.is(bytesRead, LONG_BYTES);
  const leastMs = (LONG_BYTES / (12 * 1024 * 1024)) * 1000 - 500;
  assert.ok(elapsedMs > leastMs, `${elapsedMs} ms, not over ${leastMs}`);
});

test('on a terminal there is a progress line, which goes away', async () => {
  const script = await runToEnd('sh', ['-c', 'command -v script']);
  if (script.code !== 0) return;
  const command = [process.execPath, MAIN, 'verify', longTorrent, join(folder, 'data'), '--rate', '8M'].join(
    ' ',
  );
  const { stdout } = await runToEnd('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm' } });
  assert.match(stdout, /\d+\.\d % {2}[\d.]+ MiB of 17\.2 MiB {2}[\d.]+ MiB\/s {2}.* left/);
  assert.match(stdout, /good.*: 275 of 275 pieces good/);
});

test('names that would write to the terminal are spelt out', async () => {
  const made = sample('v1', 'bell\u0007\u001b[31m', 60);
  writeTorrent(join(folder, 'odd', 'odd.torrent'), made);
  mkdirSync(join(folder, 'void'));
  const { stdout } = await allium('odd', 'void');
  assert.match(stdout, 'bell\\x07\\x1b[31m');
  assert.not.ok(stdout.includes('\u0007'));
  rmSync(join(folder, 'void'), { recursive: true });
});

test('help has an example', async () => {
  const { code, stdout } = await allium('--help');
  assert.is(code, 0);
  assert.match(stdout, '$ allium verify debian.torrent downloads');
});

test.run();
