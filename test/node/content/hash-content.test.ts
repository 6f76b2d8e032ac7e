// Aim: the hashes of content are those that torrents made by the plain oracle have, for every version; what cannot be
// read is one clear error.
import { mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { HashPool } from '../../../engine/kernels/pool.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import { READ_HASH_SLOTS } from '../../../engine/kernels/tasks/read-hash.ts';
import { hashContent } from '../../../engine/node/content/hash-content.ts';
import { asReadPool, openReadPool } from '../../../engine/node/content/read-pool.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { sample, scratch, writeData } from '../verify/support/library.ts';

const test = suite('hash content');
const folder = scratch();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());

function hashes(
  made: MadeTorrent,
  base: string,
  extra: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
) {
  const torrent = parseMetainfo(makeTorrent(made));
  const pathOf = (file: number): string => join(base, ...torrent.files[file]!.path.slice(1));
  return { torrent, result: hashContent({ layout: torrent, pathOf, ...extra }, pool) };
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: pieces, layers and roots, from one reading`, async () => {
    const made = { ...sample(version, version), pieceLength: 16_384 * (version === 'v1' ? 2 : 4) };
    const { torrent, result } = hashes(made, writeData(folder, made));
    const { pieces, pieceLayers, piecesRoots, bytesRead } = await result;
    assert.is(bytesRead, torrent.contentBytes);
    assert.is(Buffer.compare(pieces, torrent.pieces), 0);
    assert.equal([...pieceLayers.keys()], [...torrent.pieceLayers.keys()]);
    for (const [file, layer] of torrent.pieceLayers)
      assert.ok(same(pieceLayers.get(file), layer), `layer ${file}`);
    for (const [index, file] of torrent.files.entries()) {
      const root = piecesRoots.get(index as never);
      assert.ok(
        file.piecesRoot === undefined ? root === undefined : same(root, file.piecesRoot),
        `root ${index}`,
      );
    }
  });
}

test('progress grows to the whole', async () => {
  const made: MadeTorrent = {
    version: 'v1',
    name: 'p',
    pieceLength: 65_536,
    files: [{ path: [], byteLength: 5_000_000 }],
  };
  const seen: number[] = [];
  await hashes(made, writeData(folder, made), { onProgress: (bytes) => seen.push(bytes) }).result;
  assert.ok(seen.length > 2);
  assert.is(seen.at(-1), 5_000_000);
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
  );
});

test('content without a byte has no pieces', async () => {
  const layout = {
    version: 'hybrid' as const,
    pieceLength: 16_384,
    totalBytes: 0,
    files: [{ offset: 0, byteLength: 0, isPadding: false }],
  };
  const { pieces, pieceLayers, piecesRoots } = await hashContent({ layout, pathOf: () => 'nowhere' }, pool);
  assert.equal([pieces.length, pieceLayers.size, piecesRoots.size], [0, 0, 0]);
});

test('a shorter file, a missing one and a folder are errors that name the path', async () => {
  const made = sample('v2', 'trouble');
  const base = writeData(folder, made);
  truncateSync(join(base, 'e.bin'), 100_000);
  const short = await hashes(made, base).result.catch((error: AlliumError) => error);
  assert.is((short as AlliumError).code, 'FILE_CHANGED');
  assert.match((short as AlliumError).message, join(base, 'e.bin'));
  const missing = await hashes(made, join(folder, 'gone')).result.catch((error: AlliumError) => error.code);
  assert.is(missing, 'NOT_FOUND');
  mkdirSync(join(folder, 'folders', 'e.bin'), { recursive: true });
  const one: MadeTorrent = {
    version: 'v1',
    name: 'folders',
    pieceLength: 16_384,
    files: [{ path: ['e.bin'], byteLength: 9 }],
  };
  const kind = await hashes(one, join(folder, 'folders')).result.catch((error: AlliumError) => error.code);
  assert.is(kind, 'WRONG_KIND');
});

test('an abort ends it with the signal’s reason', async () => {
  const made = sample('v1', 'abort');
  const signal = AbortSignal.abort(new Error('enough'));
  const outcome = await hashes(made, writeData(folder, made), { signal }).result.catch(
    (error: Error) => error.message,
  );
  assert.is(outcome, 'enough');
});

test('a pool that serves others too will do, and closing gives everything back', async () => {
  const slab = new Slab({ slotCount: 2 * READ_HASH_SLOTS + 10, threadCountMax: 2 });
  const shared = asReadPool(new HashPool({ threadCount: 2, privateSlots: READ_HASH_SLOTS }, { slab }));
  const made = sample('hybrid', 'pooled');
  const torrent = parseMetainfo(makeTorrent(made));
  const base = writeData(folder, made);
  const pathOf = (file: number): string => join(base, ...torrent.files[file]!.path.slice(1));
  const { pieces } = await hashContent({ layout: torrent, pathOf }, shared);
  assert.is(Buffer.compare(pieces, torrent.pieces), 0);
  await shared.close();
  slab.assertAllReturned();
});

test.run();
