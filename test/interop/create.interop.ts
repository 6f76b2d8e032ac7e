/**
 * Aim: torrents that Allium makes have the info-hash that mktorrent, libtorrent and transmission compute for the
 * same content, are accepted by them, and theirs are read by Allium with the same result.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../engine/bittorrent/metainfo/types.ts';
import { asDict, type BencodeInput, decodeBencode, encodeBencode } from '../../engine/codec/bencode.ts';
import { hex } from '../../engine/codec/hex.ts';
import { contentOf } from '../bittorrent/metainfo/support/make-torrent.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { runToEnd, scratchFolder } from './support/program.ts';
import { proves } from './support/proves.ts';

const create = interopSuite('create', [
  'mktorrent',
  'libtorrent',
  'transmission-create',
  'transmission-show',
]);
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const PIECE = 32_768;

/** Lengths around every edge: empty, a byte, a leaf, a piece, just more and less; names that sort differently by path and by component. */
const TREE: Readonly<Record<string, number>> = {
  'A.txt': 1,
  'a/y.bin': 100_000,
  'a-b/x.bin': PIECE,
  'a.bin': PIECE + 1,
  'b/c/d/deep.bin': 16_384,
  'b/empty': 0,
  'b/just.bin': 2 * PIECE - 1,
  _under: 16_385,
  'grün.txt': 5,
  'z.bin': 5 * PIECE + 77,
};

async function makeData(folder: string): Promise<Record<'tree' | 'one' | 'lone' | 'pair', string>> {
  const tree = join(folder, 'tree');
  for (const [index, [path, byteLength]] of Object.entries(TREE).entries()) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), contentOf({ path: [], byteLength, seed: index }));
  }
  const one = join(folder, 'one.bin');
  await writeFile(one, contentOf({ path: [], byteLength: 10 * PIECE + 5, seed: 99 }));
  const lone = join(folder, 'lone');
  await mkdir(lone);
  await writeFile(join(lone, 'only.bin'), contentOf({ path: [], byteLength: 50_000, seed: 98 }));
  const pair = join(folder, 'pair');
  await mkdir(pair);
  await writeFile(join(pair, 'a.bin'), contentOf({ path: [], byteLength: 50_000, seed: 97 }));
  await writeFile(join(pair, 'empty'), '');
  return { tree, one, lone, pair };
}

async function allium(path: string, out: string, ...words: string[]): Promise<Metainfo> {
  const made = await runToEnd(process.execPath, [
    MAIN,
    'create',
    path,
    '-o',
    out,
    '--piece-length',
    '32K',
    ...words,
  ]);
  assert.is(made.code, 0, made.stderr);
  return parseMetainfo(await readFile(out));
}

const v1Of = (metainfo: Metainfo): string => hex(metainfo.infoHashV1 ?? new Uint8Array(0));
const v2Of = (metainfo: Metainfo): string => hex(metainfo.infoHashV2 ?? new Uint8Array(0));

create(
  proves('v1: the info-hash of mktorrent, for a file, a folder, and with source and private', [
    'same info-hashes',
    'mktorrent',
  ]),
  async () => {
    const folder = scratchFolder();
    const { tree, one, lone } = await makeData(folder);
    const cases: readonly (readonly [path: string, theirs: readonly string[], ours: readonly string[]])[] = [
      [one, [], []],
      [tree, [], []],
      [lone, [], []],
      [tree, ['-p', '-s', 'SRC'], ['--private', '--source', 'SRC']],
    ];
    for (const [index, [path, theirWords, ourWords]] of cases.entries()) {
      const theirs = join(folder, `m${index}.torrent`);
      const made = await runToEnd(peerPath('mktorrent'), [
        '-l',
        '15',
        '-t',
        '2',
        ...theirWords,
        '-o',
        theirs,
        path,
      ]);
      assert.is(made.code, 0, made.stdout + made.stderr);
      const expected = parseMetainfo(await readFile(theirs));
      const ours = await allium(path, join(folder, `a${index}.torrent`), ...ourWords);
      assert.is(v1Of(ours), v1Of(expected), `${path} ${theirWords.join(' ')}`);
      assert.equal(Buffer.from(ours.rawInfo), Buffer.from(expected.rawInfo));
    }
  },
);

create(
  proves('v1, v2 and hybrid: the info-hashes of libtorrent', ['same info-hashes', 'libtorrent']),
  async () => {
    const folder = scratchFolder();
    const { tree, one, lone, pair } = await makeData(folder);
    const libtorrent = await Libtorrent.start();
    for (const kind of ['v1', 'v2', 'hybrid'] as const) {
      for (const path of [one, tree, lone, pair]) {
        // libtorrent puts the files of a v1 torrent in the order of the folder on disk.
        if (kind === 'v1' && path === tree) continue;
        const theirs = await libtorrent.create({
          path,
          out: join(folder, 'l.torrent'),
          kind,
          pieceBytes: PIECE,
        });
        const ours = await allium(path, join(folder, 'a.torrent'), `--${kind}`);
        assert.equal([v1Of(ours), v2Of(ours)], [theirs.v1 ?? '', theirs.v2 ?? ''], `${kind} of ${path}`);
      }
    }
    await libtorrent.stop();
  },
);

create(
  proves(
    'what Allium makes is accepted and has the same hash, name, size and files elsewhere',
    ['torrents of ours are read', 'libtorrent'],
    ['torrents of ours are read', 'Transmission'],
    ['torrents of ours are read', 'aria2'],
  ),
  async () => {
    const folder = scratchFolder();
    const { tree, one } = await makeData(folder);
    const libtorrent = await Libtorrent.start();
    for (const kind of ['v1', 'v2', 'hybrid'] as const) {
      for (const path of [tree, one]) {
        const out = join(folder, `${kind}.torrent`);
        const ours = await allium(
          path,
          out,
          `--${kind}`,
          '-t',
          'http://127.0.0.1:1/announce',
          '--comment',
          'c',
        );
        const info = await libtorrent.info(out);
        assert.equal([info.v1 ?? '', info.v2 ?? ''], [v1Of(ours), v2Of(ours)]);
        assert.equal([info.name, info.pieceBytes, info.pieces], [ours.name, PIECE, ours.pieceCount]);
        const files = (list: readonly { path: string; bytes: number; pad: boolean }[]): unknown[] =>
          list.filter((file) => !file.pad).map((file) => [file.path, file.bytes]);
        assert.equal(
          files(info.files),
          files(
            ours.files.map((file) => ({
              path: file.path.join('/'),
              bytes: file.byteLength,
              pad: file.isPadding,
            })),
          ),
        );
      }
    }
    await libtorrent.stop();
    for (const path of [tree, one]) {
      const out = join(folder, 'v1.torrent');
      const ours = await allium(path, out);
      const shown = await runToEnd(peerPath('transmission-show'), [out]);
      assert.is(shown.code, 0, shown.stderr);
      assert.ok(shown.stdout.includes(v1Of(ours)), shown.stdout);
    }
  },
);

create(
  proves('the data that Allium hashed passes the check of libtorrent, in each version', [
    'same verdict on data',
    'libtorrent',
  ]),
  async () => {
    const folder = scratchFolder();
    const { tree } = await makeData(folder);
    for (const kind of ['v1', 'v2', 'hybrid'] as const) {
      const out = join(folder, `${kind}.torrent`);
      await allium(tree, out, `--${kind}`);
      const libtorrent = await Libtorrent.start();
      await libtorrent.add({ torrent: out, folder });
      const status = await libtorrent.complete();
      assert.is(status.failedBytes, 0);
      await libtorrent.stop();
    }
  },
);

create(
  proves('transmission-create agrees on everything but its own habit of writing private 0', [
    'same info-hashes',
    'Transmission',
  ]),
  async () => {
    const folder = scratchFolder();
    const { one, lone } = await makeData(folder);
    for (const path of [one, lone]) {
      const out = join(folder, 't.torrent');
      const made = await runToEnd(peerPath('transmission-create'), ['-s', '32', '-o', out, path]);
      assert.is(made.code, 0, made.stderr);
      const theirs = parseMetainfo(await readFile(out));
      const result = decodeBencode(theirs.rawInfo);
      assert.ok(result.ok);
      const info = new Map<string, BencodeInput>(asDict(result.value));
      info.delete('private');
      const ours = await allium(path, join(folder, 'a.torrent'));
      assert.equal(Buffer.from(ours.rawInfo), Buffer.from(encodeBencode(info)));
    }
  },
);

create.run();
