// Aim: what happens to files while they are read is reported and never a crash: they shrink, vanish, turn into
// something else, or the system refuses to read.
import { existsSync, mkdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TorrentReport } from '../../../engine/bittorrent/verify/report.ts';
import type { ReadFault } from '../../../engine/kernels/tasks/piece-source.ts';
import { openReadPool, type ReadPool } from '../../../engine/node/content/read-pool.ts';
import { verifyLibrary } from '../../../engine/node/verify/verify-library.ts';
import type { MadeTorrent } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { scratch, writeData, writeTorrent } from './support/library.ts';

const test = suite('verify: trouble while reading');
const folder = scratch();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());

const MIB = 1024 * 1024;
const MADE: MadeTorrent = {
  version: 'v2',
  name: 'data',
  pieceLength: 64 * 1024,
  files: [
    { path: ['a'], byteLength: 3 * MIB, seed: 1 },
    { path: ['b'], byteLength: 3 * MIB, seed: 2 },
  ],
};
const torrent = writeTorrent(join(folder, 'data.torrent'), MADE);
let count = 0;

/** A pool that calls `disturb` right before it first reads of file `b`. */
function disturbing(disturb: () => void): ReadPool {
  let isDone = false;
  return {
    threadCount: pool.threadCount,
    ready: pool.ready,
    close: async () => {},
    run: (payload) => {
      if (!isDone && payload.paths.some((path) => basename(path) === 'b')) {
        isDone = true;
        disturb();
      }
      return pool.run(payload);
    },
  };
}

/** Checks fresh data, in the folder that `poolFor` is told. */
async function checked(poolFor: (base: string) => ReadPool): Promise<TorrentReport> {
  count += 1;
  const root = join(folder, String(count));
  const base = writeData(root, MADE);
  const { torrents } = await verifyLibrary({ torrents: [torrent], roots: [root] }, { pool: poolFor(base) });
  return torrents[0]!;
}

const disturbed = (disturb: (base: string) => void): Promise<TorrentReport> =>
  checked((base) => disturbing(() => disturb(base)));

test('a file that shrinks is said to have changed, and where', async () => {
  const report = await disturbed((base) => truncateSync(join(base, 'b'), MIB + 5));
  assert.is(report.outcome, 'damaged');
  const [file, ...others] = report.files;
  assert.is(others.length, 0);
  assert.is(file?.path, 'data/b');
  assert.is(file?.status, 'changed');
  assert.is(file?.foundByteLength, MIB + 5);
  assert.equal(file?.lost, [{ from: MIB + 5, to: 3 * MIB }]);
  assert.equal(file?.unchecked, [{ from: MIB, to: MIB + 5 }]);
  assert.is(report.pieces.good, 64);
});

test('a file that vanishes is missing', async () => {
  const report = await disturbed((base) => rmSync(join(base, 'b')));
  assert.equal(
    report.files.map(({ path, status }) => [path, status]),
    [['data/b', 'missing']],
  );
  assert.equal(report.files[0]?.lost, [{ from: 0, to: 3 * MIB }]);
  assert.is(report.pieces.bad, 0);
});

test('a folder in place of a file', async () => {
  const report = await disturbed((base) => {
    renameSync(join(base, 'b'), join(base, 'was-b'));
    mkdirSync(join(base, 'b'));
  });
  assert.equal(
    report.files.map(({ path, status, foundKind }) => [path, status, foundKind]),
    [['data/b', 'wrong-kind', 'directory']],
  );
});

/** A pool that has trouble with some bytes of file `b`. */
function withTrouble(kind: ReadFault['kind'], code: string, from: number, to: number): ReadPool {
  return {
    threadCount: pool.threadCount,
    ready: pool.ready,
    close: async () => {},
    run: async (payload) => {
      const result = await pool.run(payload);
      const faults: ReadFault[] = [];
      for (let piece = 0; piece < payload.extentCounts.length; piece += 1) {
        const [path, position, byteLength] = payload.extents.subarray(3 * piece, 3 * piece + 3);
        const end = position! + byteLength!;
        if (!payload.paths[path!]!.endsWith('/b') || position! >= to || end <= from) continue;
        const range = { from: Math.max(from, position!), to: Math.min(to, end) };
        faults.push({ piece, path: path!, kind, code, ...range });
      }
      return { ...result, faults: [...result.faults, ...faults] };
    },
  };
}

const withBadSectors = (from: number, to: number): ReadPool => withTrouble('unreadable', 'EIO', from, to);

test('a file that may not be opened: all of it is lost, and nobody tries for every piece', async () => {
  let tasks = 0;
  const denied = withTrouble('unopened', 'EACCES', 0, 3 * MIB);
  const counting: ReadPool = {
    ...denied,
    run: (payload) => {
      if (payload.paths.some((path) => path.endsWith('/b'))) tasks += 1;
      return denied.run(payload);
    },
  };
  const report = await checked(() => counting);
  assert.is(report.outcome, 'unreadable');
  assert.is(report.files[0]?.systemCode, 'EACCES');
  assert.equal(report.files[0]?.lost, [{ from: 0, to: 3 * MIB }]);
  assert.is(report.pieces.good, 48);
  assert.ok(tasks <= 4, `${tasks} tasks for a file that cannot be opened`);
});

test('bad sectors: these bytes are lost, their pieces unchecked around them, all else is checked', async () => {
  const report = await checked(() => withBadSectors(100_000, 300_000));
  assert.is(report.outcome, 'unreadable');
  const [file, ...others] = report.files;
  assert.is(others.length, 0);
  assert.is(file?.status, 'unreadable');
  assert.is(file?.systemCode, 'EIO');
  assert.equal(file?.lost, [{ from: 100_000, to: 300_000 }]);
  assert.equal(file?.unchecked, [
    { from: 65_536, to: 100_000 },
    { from: 300_000, to: 327_680 },
  ]);
  assert.equal(report.pieces.blockedSpans, [[49, 52]]);
  assert.is(report.pieces.good, 92);
});

test('a checkpoint is kept when something could not be read, and only that is read again', async () => {
  const root = join(folder, 'again');
  writeData(root, MADE);
  const checkpoint = join(folder, 'again.ck');
  const options = { torrents: [torrent], roots: [root], checkpoint };
  const first = await verifyLibrary(options, { pool: withBadSectors(0, 1) });
  assert.is(first.outcome, 'unreadable');
  assert.ok(existsSync(checkpoint));
  const second = await verifyLibrary(options, { pool });
  assert.is(second.outcome, 'good');
  assert.is(second.bytesRead, 65_536);
  assert.not.ok(existsSync(checkpoint));
});

test('a pool that fails ends the run with its error, after what is under way', async () => {
  const root = join(folder, 'failing');
  writeData(root, MADE);
  let running = 0;
  const failing: ReadPool = {
    threadCount: 2,
    ready: pool.ready,
    close: async () => {},
    run: async (payload) => {
      running += 1;
      try {
        await pool.run(payload);
        throw new RangeError('broken');
      } finally {
        running -= 1;
      }
    },
  };
  const outcome = await verifyLibrary({ torrents: [torrent], roots: [root] }, { pool: failing }).catch(
    (error) => error,
  );
  assert.is(outcome.message, 'broken');
  assert.is(running, 0);
});

test.run();
