/**
 * Aim: libtorrent and Allium agree about torrents: what both accept has the same hashes, name, lengths and files, and
 * a spoilt torrent that libtorrent refuses is never accepted by Allium with data that differs.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../engine/bittorrent/metainfo/types.ts';
import { encodeBencode } from '../../engine/codec/bencode.ts';
import { AlliumError } from '../../engine/codec/error.ts';
import { hex } from '../../engine/codec/hex.ts';
import { type MadeTorrent, makeTorrent } from '../bittorrent/metainfo/support/make-torrent.ts';
import { Dice, mutateTorrent } from '../bittorrent/metainfo/support/mutate.ts';
import { Libtorrent, type LibtorrentInfo } from './support/libtorrent.ts';
import { interopSuite } from './support/peers.ts';
import { scratchFolder } from './support/program.ts';
import { proves } from './support/proves.ts';

const metainfo = interopSuite('metainfo', ['libtorrent']);
const SEED = Number(process.env.ALLIUM_FUZZ_SEED ?? 1);
const MUTANTS = 1500;

const files = [
  { path: ['a'], byteLength: 40_000, seed: 1 },
  { path: ['d', 'b'], byteLength: 100, seed: 2 },
  { path: ['d', 'empty'], byteLength: 0 },
  { path: ['grün'], byteLength: 16_384, seed: 3 },
];

const SPECS: readonly MadeTorrent[] = (['v1', 'v2', 'hybrid'] as const).flatMap((version): MadeTorrent[] => [
  { version, name: 'many', pieceLength: 16_384, files, outer: { announce: 'http://127.0.0.1:1/a' } },
  {
    version,
    name: 'one',
    pieceLength: 32_768,
    files: [{ path: [], byteLength: 90_000 }],
    info: { private: 1 },
  },
]);

function ours(bytes: Uint8Array): Metainfo | undefined {
  try {
    return parseMetainfo(bytes, { host: 'posix' });
  } catch (error) {
    if (error instanceof AlliumError) return undefined;
    throw error;
  }
}

function checkSame(mine: Metainfo, theirs: LibtorrentInfo, what: string): void {
  const hashes = [mine.infoHashV1, mine.infoHashV2].map((hash) => (hash === undefined ? null : hex(hash)));
  assert.equal(hashes, [theirs.v1, theirs.v2], what);
  assert.equal(
    [mine.pieceLength, mine.pieceCount, mine.isPrivate],
    [theirs.pieceBytes, theirs.pieces, theirs.private],
    what,
  );
  const listed = mine.files.filter((file) => !file.isPadding);
  const stored = theirs.files.filter((file) => !file.pad);
  assert.equal(
    listed.map((file) => file.byteLength),
    stored.map((file) => file.bytes),
    what,
  );
  for (const [index, file] of listed.entries()) {
    const path = file.path.join('/');
    // libtorrent takes some characters out of names and renames files that differ only in case.
    if (/^[ -~\u00a0-\u024f]*$/.test(path) && !path.includes('\\')) {
      const other = stored[index]?.path ?? '';
      assert.ok(
        other === path ||
          new Set(listed.map((item) => item.path.join('/').toLowerCase())).size < listed.length,
        `${what}: ${other}, ${path}`,
      );
    }
  }
}

metainfo(
  proves('valid torrents of every kind mean the same to both', ['torrents of theirs are read', 'libtorrent']),
  async () => {
    const folder = scratchFolder();
    const libtorrent = await Libtorrent.start();
    for (const spec of SPECS) {
      const bytes = makeTorrent(spec);
      const path = join(folder, 'x.torrent');
      await writeFile(path, bytes);
      const mine = ours(bytes);
      assert.ok(mine !== undefined);
      const theirs = await libtorrent.info(path);
      checkSame(mine, theirs, `${spec.version} ${spec.name}`);
      assert.is(mine.name, theirs.name);
    }
    await libtorrent.stop();
  },
);

metainfo('names that are no UTF-8 become what libtorrent stores them as', async () => {
  const folder = scratchFolder();
  const libtorrent = await Libtorrent.start();
  const dice = new Dice(SEED);
  const names = Array.from({ length: 500 }, () =>
    Uint8Array.from({ length: 1 + dice.below(12) }, () =>
      dice.pick([0x30 + dice.below(10), 0x80 + dice.below(128), 0xc0 + dice.below(64)]),
    ),
  );
  const files = names.map((name, index) => ({ length: 1, path: [String(index), name] }));
  const bytes = encodeBencode({
    info: { name: 'n', 'piece length': 16_384, pieces: new Uint8Array(20), files },
  });
  const path = join(folder, 'names.torrent');
  await writeFile(path, bytes);
  const theirs = await libtorrent.info(path);
  for (const [index, file] of parseMetainfo(bytes).files.entries()) {
    assert.is(file.path.join('/'), theirs.files[index]?.path, hex(names[index]!));
  }
  await libtorrent.stop();
});

metainfo('spoilt torrents that both accept mean the same to both', async () => {
  const folder = scratchFolder();
  const libtorrent = await Libtorrent.start();
  const sources = SPECS.map(makeTorrent);
  const counts = { both: 0, onlyUs: 0, onlyThem: 0, neither: 0 };
  for (let number = 0; number < MUTANTS; number += 1) {
    const dice = new Dice(SEED * 7_000_003 + number);
    const bytes = mutateTorrent(dice.pick(sources), dice);
    const path = join(folder, 'x.torrent');
    await writeFile(path, bytes);
    const mine = ours(bytes);
    const theirs = await libtorrent.info(path).catch(() => undefined);
    if (mine === undefined) {
      counts[theirs === undefined ? 'neither' : 'onlyThem'] += 1;
    } else if (theirs === undefined) {
      counts.onlyUs += 1;
    } else {
      counts.both += 1;
      checkSame(mine, theirs, `ALLIUM_FUZZ_SEED=${SEED}, mutant ${number}`);
    }
  }
  assert.ok(counts.both > MUTANTS / 20, JSON.stringify(counts));
  // Such as a hybrid whose lists differ in a way that only one of the two looks at.
  assert.ok(counts.onlyUs < MUTANTS / 100, JSON.stringify(counts));
  await libtorrent.stop();
});

metainfo.run();
