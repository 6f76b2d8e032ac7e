// Aim: a rotating disk has one reader, flash has many, several disks work side by side, the limit of the rate holds, and
// nothing is handed out after an interruption. The pool is one that only waits.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { ReadHashPayload } from '../../../engine/kernels/tasks/read-hash.ts';
import type { ReadPool } from '../../../engine/node/content/read-pool.ts';
import { CheckRun, type CheckRunOptions } from '../../../engine/node/verify/check-run.ts';
import type { CheckJob } from '../../../engine/node/verify/disk-lane.ts';
import { TorrentCheck } from '../../../engine/node/verify/torrent-check.ts';
import { makeTorrent } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { scratch } from './support/library.ts';

const test = suite('verify: readers and disks');
const folder = scratch();
const MIB = 1024 * 1024;

const TORRENT = parseMetainfo(
  makeTorrent({ version: 'v1', name: 't', pieceLength: 65_536, files: [{ path: [], byteLength: 8 * MIB }] }),
);

/** Torrents of 8 MiB, one folder for each disk. Nobody reads the data, so it is holes. */
function jobsOn(disk: string, isRotating: boolean, count: number, log: string[] = []): CheckJob[] {
  const root = join(folder, disk);
  mkdirSync(root, { recursive: true });
  return Array.from({ length: count }, (_, at): CheckJob => {
    const base = join(root, `t${at}`);
    writeFileSync(base, '');
    truncateSync(base, 8 * MIB);
    return {
      disk: { key: disk, isRotating },
      bytes: 8 * MIB,
      open: () => {
        log.push(`open ${at}`);
        return new TorrentCheck(TORRENT, { base, moved: new Map() }, {});
      },
      finish: (check) => {
        log.push(`finish ${at}`);
        assert.is(check.pendingBytes, 0, 'all has come back');
      },
    };
  });
}

/** Counts who reads at the same time, by folder. */
class WaitingPool implements ReadPool {
  readonly threadCount = 4;
  readonly ready = Promise.resolve();
  readonly peak = new Map<string, number>();
  bytes = 0;
  tasks = 0;
  mostTogether = 0;
  readonly #now = new Map<string, number>();
  readonly #taskMs: number;

  constructor(taskMs = 3) {
    this.#taskMs = taskMs;
  }

  async run(payload: ReadHashPayload) {
    const disk = payload.paths[0]!.split('/').at(-2)!;
    this.#count(disk, 1);
    this.tasks += 1;
    await sleep(this.#taskMs);
    this.#count(disk, -1);
    const bytesRead = payload.extents.reduce((sum, number, at) => sum + (at % 3 === 2 ? number : 0), 0);
    this.bytes += bytesRead;
    const digests = new Uint8Array(payload.extentCounts.length * 20);
    return { digests, roots: new Uint8Array(0), faults: [], bytesRead };
  }

  async close(): Promise<void> {}

  #count(disk: string, change: number): void {
    const now = (this.#now.get(disk) ?? 0) + change;
    this.#now.set(disk, now);
    this.peak.set(disk, Math.max(this.peak.get(disk) ?? 0, now));
    this.mostTogether = Math.max(
      this.mostTogether,
      [...this.#now.values()].filter((count) => count > 0).length,
    );
  }
}

async function run(
  jobs: readonly CheckJob[],
  pool: WaitingPool,
  options: Partial<CheckRunOptions> = {},
): Promise<void> {
  await new CheckRun({ rateBytesPerSec: Number.POSITIVE_INFINITY, ...options }, { pool, jobs }).run();
}

test('one reader on a rotating disk, many on flash, all disks side by side', async () => {
  const pool = new WaitingPool();
  const jobs = [...jobsOn('spin1', true, 2), ...jobsOn('flash', false, 3), ...jobsOn('spin2', true, 2)];
  await run(jobs, pool);
  assert.is(pool.peak.get('spin1'), 1);
  assert.is(pool.peak.get('spin2'), 1);
  assert.ok(pool.peak.get('flash')! > 4, `${pool.peak.get('flash')} readers on flash`);
  assert.ok(pool.peak.get('flash')! <= 8, 'two tasks for each thread');
  assert.is(pool.mostTogether, 3);
  assert.is(pool.bytes, 7 * 8 * MIB);
});

test('a slow disk does not wait because the fast one has so much to do', async () => {
  const pool = new WaitingPool();
  const order: string[] = [];
  const jobs = [...jobsOn('fast', false, 6), ...jobsOn('slow', true, 1, order)];
  let fastDone = 0;
  const fast = jobs.slice(0, 6).map(
    (job): CheckJob => ({
      ...job,
      finish: () => {
        fastDone += 1;
        if (fastDone === 1) order.push('a fast one is done');
      },
    }),
  );
  await run([...fast, jobs[6]!], pool);
  assert.is(order[0], 'open 0', 'the slow disk is asked first');
});

test('readers can be set by hand', async () => {
  for (const readersPerDisk of [1, 3]) {
    const pool = new WaitingPool();
    await run([...jobsOn('spin', true, 2), ...jobsOn('solid', false, 2)], pool, { readersPerDisk });
    assert.is(pool.peak.get('spin'), readersPerDisk);
    assert.is(pool.peak.get('solid'), readersPerDisk);
  }
});

test('a torrent is opened at its turn, and finished when all of it has come back', async () => {
  const log: string[] = [];
  await run(jobsOn('order', true, 3, log), new WaitingPool());
  assert.equal(log, ['open 0', 'finish 0', 'open 1', 'finish 1', 'open 2', 'finish 2']);
});

test('a job that has nothing to check is passed over', async () => {
  const [first, second] = jobsOn('skipped', false, 2);
  const pool = new WaitingPool();
  const seen: number[] = [];
  const onProgress = ({ doneTorrents }: { doneTorrents: number }): void => void seen.push(doneTorrents);
  await run([{ ...first!, open: () => undefined }, second!], pool, { onProgress });
  assert.is(pool.bytes, 8 * MIB);
  assert.is(seen.at(-1), 2);
  await run([{ ...first!, open: () => undefined }], pool);
  await run([], pool);
});

test('progress grows to the whole and never beyond', async () => {
  const seen: [number, number][] = [];
  await run(jobsOn('progress', false, 3), new WaitingPool(), {
    onProgress: ({ doneBytes, totalBytes }) => seen.push([doneBytes, totalBytes]),
  });
  assert.ok(seen.every(([done, total]) => done <= total && total === 24 * MIB));
  assert.equal(seen.at(-1), [24 * MIB, 24 * MIB]);
});

test('tasks get smaller towards the end, so that all threads finish together', async () => {
  const sizes: number[] = [];
  const pool = new WaitingPool();
  const original = pool.run.bind(pool);
  pool.run = (payload) => {
    sizes.push(payload.extentCounts.length);
    return original(payload);
  };
  await run(jobsOn('tail', false, 6), pool);
  assert.ok(sizes[0]! >= 4 * sizes.at(-1)!, sizes.join(' '));
  assert.ok(sizes.at(-1)! <= 16, sizes.join(' '));
});

test('the rate holds, in small steps', async () => {
  const pool = new WaitingPool(0);
  const startMs = performance.now();
  await run(jobsOn('rate', false, 1), pool, { rateBytesPerSec: 16 * MIB });
  const seconds = (performance.now() - startMs) / 1000;
  assert.ok(seconds > 0.2, `${seconds} s`);
  assert.ok(pool.tasks > 2);
});

test('an interruption: nothing new is handed out, what is under way comes back, then it rejects', async () => {
  const pool = new WaitingPool(20);
  const stop = new AbortController();
  const running = run(jobsOn('stop', false, 6), pool, { signal: stop.signal });
  await sleep(10);
  const before = pool.tasks;
  stop.abort(new Error('enough'));
  const message = await running.catch((error: Error) => error.message);
  assert.is(message, 'enough');
  assert.is(pool.tasks, before);
  const late = run(jobsOn('stop', false, 1), pool, { signal: stop.signal });
  assert.is(await late.catch((error: Error) => error.message), 'enough');
});

test('a failure of a job ends the run with it', async () => {
  const [job] = jobsOn('fail', false, 1);
  for (const broken of [
    { ...job!, open: () => assert.unreachable('open') },
    { ...job!, finish: () => assert.unreachable('finish') },
  ] as CheckJob[]) {
    const message = await run([broken], new WaitingPool()).catch((error: Error) => error.message);
    assert.match(String(message), /open|finish/);
  }
});

test.run();
