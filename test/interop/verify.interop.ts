/**
 * Aim: torrents that other people's programs made are good on the data they were made of, and of damaged data the same
 * pieces are good for us as for libtorrent.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { openReadPool } from '../../engine/node/content/read-pool.ts';
import { verifyLibrary } from '../../engine/node/verify/verify-library.ts';
import { contentOf, type MadeFile } from '../bittorrent/metainfo/support/make-torrent.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';

const test = interopSuite('verify with other programs', ['libtorrent', 'mktorrent', 'transmission-create']);
const folder = scratchFolder();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());

const FILES: readonly MadeFile[] = [
  { path: ['big.bin'], byteLength: 3_000_017, seed: 1 },
  { path: ['a', 'small.txt'], byteLength: 11, seed: 2 },
  { path: ['a', 'piece.bin'], byteLength: 65_536, seed: 3 },
  { path: ['a', 'b', 'odd.bin'], byteLength: 130_000, seed: 4 },
  { path: ['z.bin'], byteLength: 700_001, seed: 5 },
];
const BYTES = FILES.reduce((sum, file) => sum + file.byteLength, 0);

function write(root: string): string {
  const base = join(root, 'content');
  for (const file of FILES) {
    const path = join(base, ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contentOf(file));
  }
  return base;
}

async function check(torrent: string, root: string) {
  const { torrents } = await verifyLibrary({ torrents: [torrent], roots: [root] }, { pool });
  return torrents[0]!;
}

test(
  proves('libtorrent’s v1, v2 and hybrid torrents, of one file and of many', [
    'torrents of theirs are read',
    'libtorrent',
  ]),
  async () => {
    const root = join(folder, 'whole');
    const base = write(root);
    const maker = await Libtorrent.start();
    for (const kind of ['v1', 'v2', 'hybrid'] as const) {
      for (const path of [base, join(base, 'big.bin')]) {
        const out = join(folder, `${kind}.torrent`);
        const info = await maker.create({ path, out, kind, pieceBytes: 65_536 });
        const report = await check(out, dirname(path));
        assert.is(report.outcome, 'good', `${kind} ${path}`);
        assert.is(report.version, kind);
        assert.is(report.infoHashV1, info.v1 ?? undefined);
        assert.is(report.infoHashV2, info.v2 ?? undefined);
        assert.is(report.bytesRead, path === base ? BYTES : 3_000_017);
      }
    }
    await maker.stop();
  },
);

test(
  proves(
    'mktorrent’s and transmission’s torrents',
    ['torrents of theirs are read', 'mktorrent'],
    ['torrents of theirs are read', 'Transmission'],
  ),
  async () => {
    const root = join(folder, 'makers');
    const base = write(root);
    const made = { mktorrent: join(folder, 'mk.torrent'), transmission: join(folder, 'tr.torrent') };
    const mk = await runToEnd(peerPath('mktorrent'), [
      '-l',
      '16',
      '-a',
      'http://127.0.0.1:1/announce',
      '-o',
      made.mktorrent,
      base,
    ]);
    assert.is(mk.code, 0, mk.stderr);
    const tr = await runToEnd(peerPath('transmission-create'), ['-s', '64', '-o', made.transmission, base]);
    assert.is(tr.code, 0, tr.stderr);
    for (const [maker, torrent] of Object.entries(made)) {
      assert.is((await check(torrent, root)).outcome, 'good', maker);
    }
  },
);

test(
  proves('of damaged data the same pieces are good for libtorrent', ['same verdict on data', 'libtorrent']),
  async () => {
    const session = await Libtorrent.start();
    for (const [number, kind] of (['v1', 'v2', 'hybrid'] as const).entries()) {
      const root = join(folder, `hurt-${kind}`);
      const base = write(root);
      const torrent = join(folder, `hurt-${kind}.torrent`);
      await session.create({ path: base, out: torrent, kind, pieceBytes: 65_536 });
      const big = readFileSync(join(base, 'big.bin'));
      for (const at of [0, 999_999, 1_000_000, 2_999_999]) big[at]! ^= 0x55;
      writeFileSync(join(base, 'big.bin'), big);
      rmSync(join(base, 'a', 'piece.bin'));
      truncateSync(join(base, 'z.bin'), 300_000);
      appendFileSync(join(base, 'a', 'small.txt'), 'more');

      const ours = await check(torrent, root);
      assert.is(ours.outcome, 'damaged');
      assert.is(await session.add({ torrent, folder: root }), number);
      const theirs = await until('libtorrent has checked', async () => {
        const status = await session.status(number);
        return !/checking|allocating|queued/.test(status.state) && status;
      });
      assert.is(ours.pieces.good, theirs.pieces, kind);
      assert.ok(ours.pieces.bad >= 2 && ours.pieces.blocked >= 6, kind);
    }
    await session.stop();
  },
);

test.run();
