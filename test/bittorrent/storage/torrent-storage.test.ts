// Aim: pieces land in the right bytes of the right files, also across files and padding; reads give back what was
// written; files are sparse; open files are bounded; what the disk refuses comes out as its error.
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { FileCache } from '../../../engine/bittorrent/storage/file-cache.ts';
import { TorrentStorage } from '../../../engine/bittorrent/storage/torrent-storage.ts';
import { blockOffset, pieceIndex } from '../../../engine/bittorrent/units.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';

const test = suite('torrent storage');
const PIECE = 32768;

function setUp(fileBytes: readonly number[], version: 'v1' | 'v2' = 'v1', openFilesMax = 4) {
  const world = new SimWorld({ seed: 1 });
  const host = world.host({ address: '10.0.0.1' });
  const { files, clock } = host.runtime;
  const made = makeTorrent({ name: 't', pieceLength: PIECE, fileBytes, version });
  const cache = new FileCache({ openFilesMax }, { files, clock });
  const layout = new Layout(made.metainfo);
  const storage = new TorrentStorage({ root: '/d' }, { metainfo: made.metainfo, layout, cache, files });
  const play = async <T>(action: Promise<T>): Promise<T> => {
    let settled = false;
    action.then(
      () => (settled = true),
      () => (settled = true),
    );
    await world.run({ until: () => settled });
    return action;
  };
  return { world, host, files, made, cache, layout, storage, play };
}

function whole(made: ReturnType<typeof makeTorrent>): Buffer {
  return Buffer.concat([...made.content.values()]);
}

for (const fileBytes of [[100_000], [1, 32_767, 40_000, 0, 5], [10, 10, 10, 10, 100_000]]) {
  test(`v1 pieces of files of ${fileBytes} bytes are written and read back, in any order`, async () => {
    const { made, layout, storage, files, play } = setUp(fileBytes);
    const content = whole(made);
    for (let piece = layout.pieceCount - 1; piece >= 0; piece--) {
      const bytes = content.subarray(piece * PIECE, (piece + 1) * PIECE);
      await play(storage.write(pieceIndex(piece), blockOffset(0), [bytes.subarray(0, 7), bytes.subarray(7)]));
    }
    await play(storage.prepare());
    for (const [path, bytes] of made.content) {
      const found = await play(files.readFile(`/d/${path}`, bytes.length + 1));
      assert.is(Buffer.compare(found, bytes), 0, path);
    }
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const byteLength = layout.pieceLengthOf(pieceIndex(piece));
      const [a, b] = [Buffer.alloc(5), Buffer.alloc(byteLength - 6)];
      await play(storage.read(pieceIndex(piece), blockOffset(1), [a, b]));
      const expected = content.subarray(piece * PIECE + 1, piece * PIECE + byteLength);
      assert.is(Buffer.compare(Buffer.concat([a, b]), expected), 0, `piece ${piece}`);
    }
  });
}

test('behind the end of a v2 file a read gives zeros', async () => {
  const { made, storage, play } = setUp([40_000, 10], 'v2');
  const first = [...made.content.values()][0]!;
  await play(storage.write(pieceIndex(1), blockOffset(0), [first.subarray(PIECE)]));
  const target = Buffer.alloc(PIECE, 9);
  await play(
    storage.read(pieceIndex(1), blockOffset(0), [target.subarray(0, 16384), target.subarray(16384)]),
  );
  assert.is(Buffer.compare(target.subarray(0, 40_000 - PIECE), first.subarray(PIECE)), 0);
  assert.ok(target.subarray(40_000 - PIECE).every((byte) => byte === 0));
  const behind = Buffer.alloc(16, 9);
  await play(storage.read(pieceIndex(1), blockOffset(20_000), [behind]));
  assert.ok(behind.every((byte) => byte === 0));
});

test('a folder where a file should be is named before anything is written', async () => {
  const { storage, files, play } = setUp([1000, 2000]);
  await play(files.makeDirectory('/d/t/f001'));
  try {
    await play(storage.prepare());
    assert.unreachable();
  } catch (error) {
    assert.is((error as AlliumError).code, 'WRONG_KIND');
    assert.match((error as AlliumError).message, /f001/);
  }
});

test('no more files stay open than the bound', async () => {
  const { made, cache, layout, storage, play } = setUp(
    Array.from({ length: 40 }, () => 5000),
    'v1',
    4,
  );
  const content = whole(made);
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    await play(
      storage.write(pieceIndex(piece), blockOffset(0), [
        content.subarray(piece * PIECE, (piece + 1) * PIECE),
      ]),
    );
    assert.ok(cache.openCount <= 4 + 8, `${cache.openCount} files are open`);
  }
  await play(storage.sync());
  await play(storage.close());
  assert.is(cache.openCount, 0);
});

test('files that were in use at once are closed down to the bound when they are idle', async () => {
  const { cache, storage, files, play } = setUp(
    Array.from({ length: 20 }, () => 1000),
    'v1',
    4,
  );
  await play(files.makeDirectory('/d/t'));
  // One piece over all files: they are open side by side.
  await play(storage.write(pieceIndex(0), blockOffset(0), [Buffer.alloc(20_000)]));
  assert.is(cache.openCount, 4);
});

test('a read or write that fails settles only when nothing uses its buffers any more', async () => {
  const { host, storage, files, play } = setUp([16_384, 16_384]);
  await play(storage.write(pieceIndex(0), blockOffset(0), [Buffer.alloc(PIECE, 7)]));
  host.disk.addFault((operation) => (operation.path.endsWith('f000') ? 'EIO' : undefined));
  // The second file answers late, long after the first has failed.
  const slow = files.open;
  files.open = async (path, mode) => {
    const handle = await slow.call(files, path, mode);
    const late = <T>(action: () => Promise<T>) =>
      new Promise<T>((resolve, reject) =>
        host.runtime.clock.setTimer(1000, () => action().then(resolve, reject)),
      );
    return {
      ...handle,
      readv: (buffers, position) => late(() => handle.readv(buffers, position)),
      writev: (buffers, position) => late(() => handle.writev(buffers, position)),
      close: () => handle.close(),
    };
  };
  await play(storage.close());
  const target = Buffer.alloc(PIECE);
  for (const action of ['read', 'write'] as const) {
    const startMs = host.runtime.clock.now();
    await play(storage[action](pieceIndex(0), blockOffset(0), [target]).catch(() => {}));
    assert.ok(
      host.runtime.clock.now() - startMs >= 1000,
      `${action} settled while a file still used the buffer`,
    );
  }
});

test('what is written during a sync is synced by the next one', async () => {
  const { host, storage, play } = setUp([PIECE]);
  const actions: string[] = [];
  await play(storage.write(pieceIndex(0), blockOffset(0), [Buffer.alloc(10)]));
  host.disk.addFault(({ action }) => {
    if (action === 'write' || action === 'sync') actions.push(action);
    return undefined;
  });
  const writing = storage.write(pieceIndex(0), blockOffset(0), [Buffer.alloc(PIECE)]);
  await Promise.resolve();
  await Promise.resolve();
  await play(Promise.all([storage.sync(), writing]));
  await play(storage.sync());
  assert.is(actions.lastIndexOf('sync') > actions.lastIndexOf('write'), true, actions.join(' '));
  assert.is(actions.filter((action) => action === 'sync').length, 2);
});

test('what the disk refuses comes out as its error, and a later try may work', async () => {
  const { host, made, storage, play } = setUp([100_000]);
  const remove = host.disk.addFault((operation) => (operation.action === 'write' ? 'EIO' : undefined));
  const bytes = whole(made).subarray(0, PIECE);
  try {
    await play(storage.write(pieceIndex(0), blockOffset(0), [bytes]));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AlliumError);
    assert.is((error as AlliumError).code, 'IO_FAILED');
  }
  remove();
  await play(storage.write(pieceIndex(0), blockOffset(0), [bytes]));
  const target = Buffer.alloc(PIECE);
  await play(storage.read(pieceIndex(0), blockOffset(0), [target]));
  assert.is(Buffer.compare(target, bytes), 0);
});

test('a file that ends too early is told from one that cannot be read', async () => {
  const { made, storage, files, play } = setUp([100_000]);
  await play(files.makeDirectory('/d'));
  await play(files.writeFile('/d/t', whole(made).subarray(0, 40_000)));
  for (const [piece, code] of [
    [1, 'FILE_CHANGED'],
    [2, 'FILE_CHANGED'],
  ] as const) {
    try {
      await play(
        storage.read(
          pieceIndex(piece),
          blockOffset(0),
          [Buffer.alloc(1000), Buffer.alloc(20_000)].slice(0, piece === 2 ? 1 : 2),
        ),
      );
      assert.unreachable();
    } catch (error) {
      assert.is((error as AlliumError).code, code);
    }
  }
});

test('what is open and in memory is read at once, across files and padding; the rest is left to others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-storage-'));
  try {
    const made = makeTorrent({ name: 't', pieceLength: PIECE, fileBytes: [40_000, 30_000], version: 'v1' });
    const { files, clock } = createRealRuntime();
    const cache = new FileCache({ openFilesMax: 4 }, { files, clock });
    const layout = new Layout(made.metainfo);
    const storage = new TorrentStorage({ root: folder }, { metainfo: made.metainfo, layout, cache, files });
    const content = whole(made);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const bytes = content.subarray(piece * PIECE, (piece + 1) * PIECE);
      await storage.write(pieceIndex(piece), blockOffset(0), [bytes]);
    }
    await storage.close();
    const [a, b] = [Buffer.alloc(20_000), Buffer.alloc(12_000)];
    const readNow = (): boolean => storage.readNow(pieceIndex(1), blockOffset(7), [a, b]);
    assert.not.ok(readNow(), 'no file is open');
    await storage.read(pieceIndex(1), blockOffset(7), [Buffer.alloc(32_000)]);
    // A machine that is busy may be too slow for once.
    for (let tries = 0; tries < 100 && !readNow(); tries++) await new Promise((go) => setTimeout(go, 50));
    assert.ok(readNow());
    assert.is(Buffer.compare(Buffer.concat([a, b]), content.subarray(PIECE + 7, PIECE + 32_007)), 0);
    const [beyond] = [Buffer.alloc(16_384)];
    assert.not.ok(storage.readNow(pieceIndex(2), blockOffset(0), [beyond]), 'beyond the end of the torrent');
    truncateSync(
      join(folder, 't', Object.keys(Object.fromEntries(made.content))[0]!.split('/').at(-1)!),
      100,
    );
    assert.not.ok(readNow(), 'a file that was cut short');
    await storage.close();
    assert.not.ok(readNow(), 'closed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
