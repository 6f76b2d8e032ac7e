// Aim: data is found by the length of files and one piece that fits, whatever files and folders are called; what only
// has the right length is not taken; a torrent whose files lie together as it has them is saved where they are.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openReadPool, type ReadPool } from '../../../engine/node/content/read-pool.ts';
import { findData } from '../../../engine/node/cross-seed/find-data.ts';
import { FILES_MAX, PER_SIZE_MAX, SizeIndex } from '../../../engine/node/cross-seed/size-index.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';

const test = suite<{ pool: ReadPool; close: () => Promise<void>; folder: string }>('find data');
const SIZES = [200_000, 100_000, 5_000, 70_000];

test.before((context) => {
  const pool = openReadPool({ threadCount: 1 });
  // One for all: threads take long to start.
  context.pool = { ...pool, close: async () => {} };
  context.close = () => pool.close();
});
test.after(({ close }) => close());
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-cross-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function lay(path: string, bytes: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

const filesOf = (made: MadeTorrent): Uint8Array[] => [...made.content.values()];

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: files of other names in other folders`, async ({ pool, folder }) => {
    const made = makeTorrent({ name: 'season', pieceLength: 32_768, fileBytes: SIZES, version });
    const [a, b, c, d] = filesOf(made) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const laid = [
      lay(join(folder, 'x', 'first.mkv'), a),
      lay(join(folder, 'x', 'second.mkv'), b),
      lay(join(folder, 'y', 'z', 'small.nfo'), c),
      lay(join(folder, 'y', 'third.mkv'), d),
    ];
    lay(join(folder, 'y', 'wrong.mkv'), new Uint8Array(200_000));
    const found = await findData(
      { metainfo: made.metainfo, places: [folder], root: join(folder, 'new') },
      { openPool: () => pool },
    );
    assert.is(found?.foundFiles, 4);
    assert.is(found?.root, join(folder, 'new'));
    const paths = found!.paths.map(([, path]) => resolve(found!.root, path)).toSorted();
    assert.equal(paths, laid.toSorted());
  });
}

test('files that lie together as the torrent has them: their folder is its root, and nothing is named', async ({
  pool,
  folder,
}) => {
  const made = makeTorrent({ name: 'season', pieceLength: 32_768, fileBytes: SIZES });
  for (const [path, bytes] of made.content) lay(join(folder, 'deep', 'down', path), bytes);
  const found = await findData(
    { metainfo: made.metainfo, places: [folder], root: '/elsewhere' },
    { openPool: () => pool },
  );
  assert.equal([found?.root, found?.paths, found?.foundFiles], [join(folder, 'deep', 'down'), [], 4]);
});

test('a torrent of one file, found under another name, and its place given as a file', async ({
  pool,
  folder,
}) => {
  const made = makeTorrent({ name: 'movie.mkv', pieceLength: 16_384, fileBytes: [150_000] });
  const path = lay(join(folder, 'a', 'other.mkv'), filesOf(made)[0]!);
  const found = await findData(
    { metainfo: made.metainfo, places: [path], root: join(folder, 'r') },
    { openPool: () => pool },
  );
  assert.is(resolve(found!.root, found!.paths[0]![1]), path);
});

test('the right length alone is nothing', async ({ pool, folder }) => {
  const made = makeTorrent({ name: 'season', pieceLength: 32_768, fileBytes: SIZES });
  for (const size of SIZES) lay(join(folder, 'season', `${size}`), new Uint8Array(size).fill(3));
  const options = { metainfo: made.metainfo, places: [folder, join(folder, 'absent')], root: folder };
  assert.is(await findData(options, { openPool: () => pool }), undefined);
});

test('a search ends: links are not followed, files and files of one length are bounded, and it can be called off', async ({
  folder,
}) => {
  symlinkSync(folder, join(folder, 'loop'));
  for (let at = 0; at < 50; at += 1) lay(join(folder, `f${at}`), new Uint8Array(10));
  const all = await SizeIndex.of([folder], new Set([10]));
  assert.is(all.filesOf(10).length, PER_SIZE_MAX);
  assert.ok(all.isComplete && FILES_MAX > 50);
  const few = await SizeIndex.of([folder], new Set([10]), { filesMax: 20 });
  assert.ok(few.filesOf(10).length <= 20 && !few.isComplete);
  const signal = AbortSignal.abort();
  const stopped = await SizeIndex.of([folder], new Set([10]), { signal, turnMs: 0 }).catch(
    (error) => error.name,
  );
  assert.is(stopped, 'AbortError');
});

test.run();
