// Aim: `allium create` writes the torrent its words ask for, says what it did, and ends with the right code.
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../engine/bittorrent/metainfo/types.ts';
import { hex } from '../../engine/codec/hex.ts';
import { type Finished, RunningProgram, runToEnd, scratchFolder } from '../interop/support/program.ts';

const test = suite('allium create');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const folder = scratchFolder();
const data = join(folder, 'album');
mkdirSync(data);
writeFileSync(join(data, 'a.bin'), 'a'.repeat(100_000));
writeFileSync(join(data, 'b.txt'), 'b');

function create(...words: string[]): Promise<Finished> {
  return runToEnd(process.execPath, [MAIN, 'create', ...words], { cwd: folder });
}

async function made(...words: string[]): Promise<Metainfo> {
  const { code, stderr } = await create(data, '-o', 'x.torrent', ...words);
  assert.is(code, 0, stderr);
  return parseMetainfo(readFileSync(join(folder, 'x.torrent')));
}

test('v1 is what one gets without asking', async () => {
  const plain = await made();
  assert.is(plain.version, 'v1');
  assert.is(plain.pieceLength, 16384);
  assert.match(plain.createdBy ?? '', /^Allium\/\d/);
  assert.ok(Math.abs((plain.creationDate ?? 0) - Date.now() / 1000) < 100);
  assert.is((await made('--v1')).version, 'v1');
  assert.is((await made('--v2')).version, 'v2');
  assert.is((await made('--hybrid')).version, 'hybrid');
});

test('every word does what it says', async () => {
  const torrent = await made(
    ...['-t', 'http://a/announce,udp://b:1/x', '--tracker', 'wss://c/'],
    ...['--web-seed', 'http://w/1', '--web-seed', 'https://w/2'],
    ...['--piece-length', '64K', '--private', '--source', 'SRC', '--comment', 'grün', '--no-date'],
  );
  assert.equal(torrent.trackers, [['http://a/announce', 'udp://b:1/x'], ['wss://c/']]);
  assert.equal(torrent.webSeeds, ['http://w/1', 'https://w/2']);
  assert.is(torrent.pieceLength, 65_536);
  assert.is(torrent.isPrivate, true);
  assert.equal([torrent.source, torrent.comment, torrent.creationDate], ['SRC', 'grün', undefined]);
});

test('the result is told to people and to programs', async () => {
  const { stdout, stderr } = await create(data, '-o', 'x.torrent', '--hybrid');
  const torrent = parseMetainfo(readFileSync(join(folder, 'x.torrent')));
  assert.is(stderr, '');
  assert.match(stdout, /x\.torrent\n {2}hybrid, 2 files, 97\.7 KiB in 8 pieces of 16\.0 KiB\n/);
  assert.ok(stdout.includes(`info-hash v1  ${hex(torrent.infoHashV1!)}`));
  assert.ok(stdout.includes(`info-hash v2  ${hex(torrent.infoHashV2!)}`));
  assert.match(stdout, /magnet:\?xt=urn:btih:/);
  const json = JSON.parse((await create(data, '-o', 'x.torrent', '--json')).stdout) as Record<
    string,
    unknown
  >;
  assert.is(json.output, join(folder, 'x.torrent'));
  assert.equal([json.version, json.fileCount, json.contentBytes, json.pieceCount], ['v1', 2, 100_001, 7]);
  assert.is(json.infoHashV2, null);
});

test('without -o it goes into the current folder under its own name', async () => {
  const { code } = await create(`${data}/`);
  assert.is(code, 0);
  assert.ok(existsSync(join(folder, 'album.torrent')));
});

test('the same content gives the same file when no date is said', async () => {
  await made('--no-date');
  const first = readFileSync(join(folder, 'x.torrent'));
  await made('--no-date', '--threads', '1');
  assert.equal(readFileSync(join(folder, 'x.torrent')), first);
});

test('words that make no sense are one line and code 2', async () => {
  const wrong: readonly (readonly string[])[] = [
    [],
    [data, '--v1', '--v2'],
    [data, '--piece-length', 'x'],
    [data, '--piece-length', '20'],
    [data, '--piece-length', '100K'],
    [data, '-t', 'not a url'],
    [data, '-t', 'file:///etc/passwd'],
    [data, '--web-seed', 'udp://x:1'],
    [data, 'another'],
    [data, '--what'],
  ];
  for (const words of wrong) {
    const { code, stdout, stderr } = await create(...words, '-o', 'never.torrent');
    assert.is(code, 2, `${words.join(' ')}: ${stderr}`);
    assert.is(stdout, '');
    assert.is(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  assert.is(existsSync(join(folder, 'never.torrent')), false);
});

test('content that is not there is one line and code 3', async () => {
  const { code, stderr } = await create(join(folder, 'missing'), '-o', 'never.torrent');
  assert.is(code, 3);
  assert.match(stderr, /^allium create: there is nothing at .*missing\./);
  const onto = await create(data, '-o', join(data, 'b.txt'));
  assert.is(onto.code, 3);
  assert.is(readFileSync(join(data, 'b.txt'), 'utf8'), 'b');
});

test('an interrupt ends it with one line and code 130, and nothing is written', async () => {
  const large = join(folder, 'large.bin');
  writeFileSync(large, '');
  truncateSync(large, 64 * 1024 ** 3); // sparse: takes half a minute to read
  const running = new RunningProgram(process.execPath, [
    MAIN,
    'create',
    large,
    '-o',
    join(folder, 'large.torrent'),
  ]);
  await sleep(3000);
  running.child.kill('SIGINT');
  assert.is(await running.ended, 130);
  assert.is(running.stderr, 'allium create: stopped.\n');
  assert.is(existsSync(join(folder, 'large.torrent')), false);
});

test('names that other systems cannot store are told, and the torrent made', async () => {
  const odd = join(folder, 'odd');
  mkdirSync(odd);
  writeFileSync(join(odd, 'what?'), 'x');
  const { code, stderr } = await create(odd, '-o', 'odd.torrent');
  assert.is(code, 0);
  assert.match(stderr, /^allium create: the name of .*what\? is no file name on Windows\.\n$/);
});

test.run();
