// Aim: `allium info` says everything about a torrent, to people and to programs, and ends with the right code.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import { encodeBencode } from '../../engine/codec/bencode.ts';
import { hex } from '../../engine/codec/hex.ts';
import { TRACKER_DEFAULTS } from '../../engine/discovery/tracker-server/tracker.ts';
import { createLog } from '../../engine/node/log.ts';
import { TrackerDaemon } from '../../engine/node/tracker/tracker-daemon.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { makeTorrent } from '../bittorrent/metainfo/support/make-torrent.ts';
import { type Finished, runToEnd, scratchFolder } from '../interop/support/program.ts';

const test = suite('allium info');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const folder = scratchFolder();

const bytes = makeTorrent({
  version: 'hybrid',
  name: 'album',
  pieceLength: 16384,
  files: [
    { path: ['disc 1', 'a.flac'], byteLength: 40_000 },
    { path: ['disc 1', 'b.flac'], byteLength: 5 },
    { path: ['cover.jpg'], byteLength: 100 },
  ].toSorted((a, b) => (a.path.join('\0') < b.path.join('\0') ? -1 : 1)),
  info: { private: 1, source: 'SRC', 'x-inner': 1 },
  outer: {
    announce: 'http://t/a',
    'announce-list': [['http://t/a', 'http://t/b'], ['udp://u:1']],
    'url-list': 'http://w/',
    comment: 'two\nlines \u202e',
    'created by': 'someone/1.0',
    'creation date': 1_700_000_000,
    'x-outer': 1,
  },
});

function write(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const album = write('album.torrent', bytes);
const metainfo = parseMetainfo(bytes);

function info(...words: string[]): Promise<Finished> {
  return runToEnd(process.execPath, [MAIN, 'info', ...words]);
}

test('for people: every field, the tree of files, the magnet link', async () => {
  const { code, stdout, stderr } = await info(album);
  assert.is(code, 0);
  assert.is(stderr, '');
  for (const line of [
    /^Name +album$/m,
    /^Version +hybrid$/m,
    new RegExp(`^Info-hash v1 +${hex(metainfo.infoHashV1!)}$`, 'm'),
    new RegExp(`^Info-hash v2 +${hex(metainfo.infoHashV2!)}$`, 'm'),
    /^Content +39\.2 KiB \(40105 bytes\) in 3 files, and .* of padding$/m,
    /^Pieces +5 of 16\.0 KiB$/m,
    /^Private +yes$/m,
    /^Trackers +http:\/\/t\/a {2}http:\/\/t\/b\n +udp:\/\/u:1$/m,
    /^Web seeds +http:\/\/w\/$/m,
    /^Source +SRC$/m,
    /^Comment +two\\x0alines \\u202e$/m,
    /^Created by +someone\/1\.0$/m,
    /^Created on +2023-11-14 22:13:20 UTC$/m,
    /^Other keys +x-outer, info\.x-inner$/m,
    /^Magnet +magnet:\?xt=urn:btih:/m,
    /^Files\n {2}album\/\n {4}cover\.jpg {2}100 B\n {4}disc 1\/\n {6}a\.flac {2}39\.1 KiB\n {6}b\.flac {2}5 B\n$/m,
  ]) {
    assert.match(stdout, line);
  }
});

test('for programs: one JSON value with the same', async () => {
  const { code, stdout } = await info(album, '--json');
  assert.is(code, 0);
  const value = JSON.parse(stdout) as Record<string, unknown> & {
    readonly files: readonly Record<string, unknown>[];
  };
  assert.is(value.infoHashV1, hex(metainfo.infoHashV1!));
  assert.is(value.comment, 'two\nlines \u202e');
  assert.is(value.isPrivate, true);
  assert.equal(value.trackers, [['http://t/a', 'http://t/b'], ['udp://u:1']]);
  assert.equal(value.otherKeys, { outer: ['x-outer'], info: ['x-inner'] });
  assert.is(value.files.length, metainfo.files.length);
  assert.equal(value.files[0], {
    path: 'album/cover.jpg',
    byteLength: 100,
    offset: 0,
    piecesRoot: hex(metainfo.files[0]!.piecesRoot!),
  });
  assert.is(value.files[1]?.isPadding, true);
  const short = JSON.parse((await info(album, '--json', '--no-files')).stdout) as Record<string, unknown>;
  assert.is('files' in short, false);
});

test('links and attributes are marked', async () => {
  const files = [
    { attr: 'xh', length: 9, path: ['run'] },
    { attr: 'l', length: 0, path: ['link'], 'symlink path': ['run'] },
  ];
  const path = write(
    'attr.torrent',
    encodeBencode({ info: { name: 'n', 'piece length': 16, pieces: new Uint8Array(20), files } }),
  );
  const { stdout } = await info(path);
  assert.match(stdout, /run {2}9 B, executable, hidden\n {4}link {2}-> n\/run\n/);
  assert.match((await info(path, '--json')).stdout, /"symlinkTarget": "n\/run"/);
});

test('a bad torrent is one line on standard error and code 2', async () => {
  const bad: readonly (readonly [name: string, content: Uint8Array, message: RegExp])[] = [
    ['empty', new Uint8Array(0), /: byte 0: the data ends inside a value\./],
    ['page', Buffer.from('<html>404</html>'), /: byte 0: a byte that begins no value\./],
    ['half', bytes.subarray(0, 200), /the data ends|beyond the end/],
    [
      'unsafe',
      encodeBencode({ info: { name: '../x\n', 'piece length': 16, pieces: new Uint8Array(20), length: 1 } }),
      /info\.name "\.\.\/x\\x0a" contains a path separator/,
    ],
    [
      'hashes',
      encodeBencode({ info: { name: 'x', 'piece length': 16, pieces: new Uint8Array(21), length: 1 } }),
      /info\.pieces has 21 bytes/,
    ],
  ];
  for (const [name, content, message] of bad) {
    const path = write(`${name}.torrent`, content);
    const { code, stdout, stderr } = await info(path);
    assert.is(code, 2, name);
    assert.is(stdout, '');
    assert.match(stderr, message);
    assert.ok(stderr.includes(path), 'names the file');
    assert.is(stderr.split('\n').length, 2, stderr);
    const json = JSON.parse((await info(path, '--json')).stdout) as {
      readonly error: { readonly code: string };
    };
    assert.match(json.error.code, /^(BAD_BENCODE|BAD_TORRENT|UNSAFE_PATH)$/);
  }
});

test('a file that cannot be read is code 3, bad usage code 2', async () => {
  assert.is((await info(join(folder, 'missing.torrent'))).code, 3);
  assert.is((await info(folder)).code, 3);
  assert.is((await info()).code, 2);
  assert.is((await info(album, '--what')).code, 2);
  const help = await info('--help');
  assert.is(help.code, 0);
  assert.match(help.stdout, /Examples:\n/);
});

test('with --scrape it tells what each tracker says, without their secrets, and announces nothing', async () => {
  const runtime = createRealRuntime();
  const tracker = await TrackerDaemon.start(
    {
      ...{ hosts: ['127.0.0.1'], port: 0, http: true, udp: true, perMinuteMax: 0, snapshotMs: 60_000 },
      ...{ dataFolder: undefined, store: undefined, isPrivate: false, metrics: undefined },
      tracker: { ...TRACKER_DEFAULTS, torrentsMax: 100, peersMax: 100 },
    },
    { runtime, log: createLog('silent', process.stderr) },
  );
  const { port } = tracker.listening.http[0]!;
  const trackers = ['http', 'udp'].map((scheme) => `${scheme}://127.0.0.1:${port}/announce?key=secret`);
  const torrent = makeTorrent({
    ...{ version: 'v1', name: 'x', pieceLength: 16384, files: [{ path: ['x'], byteLength: 5 }] },
    outer: { 'announce-list': [trackers, ['ws://127.0.0.1:1/secret']] },
  });
  const path = write('scraped.torrent', torrent);
  const { infoHashV1 } = parseMetainfo(torrent);
  tracker.tracker.announce(
    {
      ...{ hashBytes: infoHashV1!, hashAt: 0, endpoint: Uint16Array.of(1, 2, 3), isSeed: true },
      ...{ event: 'started', wanted: 0 },
    },
    runtime.clock.now() / 1000,
    new Uint16Array(0),
    0,
  );
  const text = await info(path, '--scrape');
  assert.is(text.code, 0, text.stderr);
  assert.is(text.stdout.match(/1 seeding, 0 downloading, 0 completed/g)?.length, 2);
  assert.match(text.stdout, /127\.0\.0\.1:1: not a kind of tracker/);
  const json = JSON.parse((await info(path, '--scrape', '--json')).stdout) as { scraped: unknown[] };
  assert.equal(json.scraped[0], { host: `127.0.0.1:${port}`, seeders: 1, leechers: 0, downloads: 0 });
  assert.is(tracker.tracker.peerCount, 1);
  await tracker.close();
});

test.run();
