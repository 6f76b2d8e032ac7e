/**
 * Aim: a library that several processes check over a queue gets the very report of a local run, also when one of them is
 * killed in the middle, when the queue loses its memory, when data lies elsewhere, and when files are damaged.
 */
import { truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import * as assert from 'uvu/assert';
import type { VerifyReport } from '../../engine/bittorrent/verify/report.ts';
import { connectQueue } from '../../engine/node/verify/queue/connection.ts';
import { JOBS_MAX } from '../../engine/node/verify/queue/names.ts';
import { QueuePool } from '../../engine/node/verify/queue/queue-pool.ts';
import { sample, scratch, writeData, writeTorrent } from '../node/verify/support/library.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';

const test = interopSuite('verify over a queue', ['redis-server']);
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const PASSWORD = 'hush-hush';
const folder = scratch();
const library = writeLibrary();

function writeLibrary(): { readonly torrents: string; readonly data: string } {
  const [torrents, data] = [join(folder, 'torrents'), join(folder, 'data')];
  for (let at = 0; at < 9; at += 1) {
    const small = sample((['v1', 'v2', 'hybrid'] as const)[at % 3]!, `show${at}`, 10 * at + 1);
    const long = { path: ['f.bin'], byteLength: 4_000_000 + 100_000 * at, seed: 10 * at + 9 };
    const made = { ...small, files: [...small.files, long] };
    writeTorrent(join(torrents, `show${at}.torrent`), made);
    const base = writeData(data, made);
    if (at === 3) truncateSync(join(base, 'f.bin'), 3_200_000);
    if (at === 5) writeFileSync(join(base, 'a.bin'), 'x'.repeat(100_000));
    if (at === 7) unlinkSync(join(base, 'dir', 'b.bin'));
  }
  return { torrents, data };
}

async function startQueue(port: number): Promise<RunningProgram> {
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--requirepass', PASSWORD];
  const store = new RunningProgram(peerPath('redis-server'), words, { cwd: scratchFolder() });
  await until('the queue is ready', () => store.stdout.includes('Ready to accept connections'));
  return store;
}

const clients = new Set<Redis>();
test.after(() => {
  for (const client of clients) client.disconnect();
});

function clientOf(port: number): Redis {
  const client = new Redis(urlOf(port));
  // While the server is away it says so again and again.
  client.on('error', () => {});
  clients.add(client);
  return client;
}

const urlOf = (port: number): string => `redis://:${PASSWORD}@127.0.0.1:${port}`;

async function startWorker(port: number, ...words: readonly string[]): Promise<RunningProgram> {
  const common = [
    MAIN,
    'verify',
    '--worker',
    '--queue',
    urlOf(port),
    '--retake-after',
    '2',
    '--threads',
    '1',
  ];
  const worker = new RunningProgram(process.execPath, [...common, ...words]);
  await until('the worker is ready', () => {
    if (!worker.running) throw new Error(`the worker has ended: ${worker.stderr}`);
    return worker.stderr.includes('takes work from');
  });
  return worker;
}

const verifyWords = (...words: readonly string[]): readonly string[] => [
  ...[MAIN, 'verify', library.torrents, library.data, '--json', '--threads', '2', ...words],
];

/** All of a report but the times. */
function withoutTimes(stdout: string): string {
  const { startedAt, elapsedMs, startupMs, ...report } = JSON.parse(stdout) as VerifyReport;
  assert.type(startedAt, 'string');
  assert.ok(elapsedMs >= startupMs);
  return JSON.stringify(report);
}

let localReport: Promise<string> | undefined;
function local(): Promise<string> {
  localReport ??= runToEnd(process.execPath, verifyWords()).then(({ stdout }) => withoutTimes(stdout));
  return localReport;
}

/** Whether a worker holds a job just now. */
async function isAtWork(redis: Redis, pid: number): Promise<boolean> {
  for (const id of await redis.lrange('allium:verify:active', 0, -1)) {
    if ((await redis.hget(`allium:verify:${id}`, 'pb'))?.includes(`/${pid}/`) === true) return true;
  }
  return false;
}

/** Ends a worker with SIGKILL while it holds a job, which nobody else can have finished. */
async function killAtWork(redis: Redis, worker: RunningProgram): Promise<void> {
  const pid = worker.child.pid!;
  await until('the worker dies with a job in its hands', async () => {
    if (!(await isAtWork(redis, pid))) return false;
    worker.child.kill('SIGSTOP');
    await sleep(20);
    const isHeld = await isAtWork(redis, pid);
    worker.child.kill(isHeld ? 'SIGKILL' : 'SIGCONT');
    return isHeld;
  });
}

test(
  proves('three workers, one killed in the middle: the report is that of a local run', [
    'verification over a queue',
    'Redis',
  ]),
  async () => {
    const port = await freePort();
    const queue = await startQueue(port);
    const redis = clientOf(port);
    const workers = await Promise.all([startWorker(port), startWorker(port), startWorker(port)]);
    const run = new RunningProgram(
      process.execPath,
      verifyWords('--queue', urlOf(port), '--only-coordinate', '--rate', '12M'),
    );
    await killAtWork(redis, workers[1]!);
    assert.is(await run.ended, 1, run.stderr);
    assert.is(withoutTimes(run.stdout), await local());
    assert.is(run.stderr, '');
    const left = (await redis.keys('allium:*')).filter((key) => !key.endsWith(':stalled-check'));
    assert.equal(left.sort(), ['allium:verify:events', 'allium:verify:id', 'allium:verify:meta']);
    assert.equal([await workers[0]!.stop(), await workers[2]!.stop('SIGINT')], [0, 0]);
    const done = workers.map(({ stdout }) => Number(/^(\d+) jobs done/.exec(stdout)?.[1] ?? 0));
    assert.ok(done[0]! > 0 && done[2]! > 0, `both have worked: ${done}`);
    await queue.stop();
  },
);

test('the queue is killed and comes back with nothing: nothing is lost', async () => {
  const port = await freePort();
  const queue = await startQueue(port);
  const run = new RunningProgram(process.execPath, verifyWords('--queue', urlOf(port), '--rate', '24M'));
  const redis = clientOf(port);
  await until('it works', async () => Number(await redis.get('allium:verify:id')) >= 0 && run.running);
  await until('jobs are there', async () => (await redis.keys('allium:verify:*-*')).length > 0);
  await queue.stop('SIGKILL');
  const again = await startQueue(port);
  assert.is(await run.ended, 1, run.stderr);
  assert.is(withoutTimes(run.stdout), await local());
  redis.disconnect();
  await again.stop();
});

test('data that lies elsewhere: found with --map, and told and done here without', async () => {
  const port = await freePort();
  const queue = await startQueue(port);
  const elsewhere = join(folder, 'mounted');
  // The run knows the data by a name that the workers do not have.
  const { symlinkSync, renameSync } = await import('node:fs');
  renameSync(library.data, elsewhere);
  symlinkSync(elsewhere, library.data);
  try {
    const helped = await startWorker(port, '--map', `${library.data}=${elsewhere}`);
    const lost = await startWorker(port, '--map', `${library.data}=${join(folder, 'nowhere')}`);
    const words = verifyWords('--queue', urlOf(port), '--only-coordinate', '--rate', '32M');
    const { code, stdout, stderr } = await runToEnd(process.execPath, words);
    assert.is(code, 1, stderr);
    assert.is(withoutTimes(stdout), await local());
    assert.match(
      stderr,
      /cannot help: .*show.*\(here .*nowhere.*\) is not there; if the data lies elsewhere/,
    );
    assert.match(stderr, /start its worker with --map\.\n/);
    assert.is(await lost.ended, 3, 'it ends by itself');
    assert.match(lost.stderr, /the data of the jobs is not on this machine: .* --map THERE=HERE/);
    assert.is(await helped.stop(), 0);
    assert.match(helped.stdout, /^[1-9]\d* jobs done/);
  } finally {
    unlinkSync(library.data);
    renameSync(elsewhere, library.data);
    await queue.stop();
  }
});

test('interrupted: exit 130 at once, nothing waits in the queue, and a checkpoint goes on from there', async () => {
  const port = await freePort();
  const queue = await startQueue(port);
  const redis = clientOf(port);
  const checkpoint = join(folder, 'shared.ck');
  const words = verifyWords('--queue', urlOf(port), '--rate', '16M', '--checkpoint', checkpoint);
  const run = new RunningProgram(process.execPath, words);
  await until('jobs are done', async () => Number(await redis.xlen('allium:verify:events')) > 80);
  assert.is(await run.stop('SIGINT'), 130);
  assert.match(run.stderr, /what is hashed so far is kept in .*shared\.ck/);
  assert.is(await redis.llen('allium:verify:wait'), 0);
  const { stdout, code } = await runToEnd(process.execPath, verifyWords('--checkpoint', checkpoint));
  assert.is(code, 1);
  assert.ok((JSON.parse(stdout) as VerifyReport).pieces.restored > 0);
  await queue.stop();
});

test('what has no room in the queue is done here, and a queue that stays away ends the run', async () => {
  const port = await freePort();
  const queue = await startQueue(port);
  const redis = clientOf(port);
  const own = await connectQueue(urlOf(port));
  let local = 0;
  const nothing = { digests: new Uint8Array(20), roots: new Uint8Array(0), faults: [], bytesRead: 0 };
  const pool = new QueuePool(
    { host: 'here', lookEveryMs: 100, awayMs: 300 },
    {
      redis: own,
      local: {
        ...{ threadCount: 1, ready: Promise.resolve(), close: async () => {} },
        run: async () => {
          local += 1;
          return nothing;
        },
      },
    },
  );
  await pool.started;
  assert.is(pool.taskCountMax, 3);
  const path = join(library.data, 'show0', 'a.bin');
  const task = (paths: readonly string[]) => ({
    ...{ paths, extents: new Float64Array([0, 0, 1]), extentCounts: new Uint32Array([1]) },
    ...{ sha1: true, trees: undefined },
  });
  await pool.run(task(Array.from({ length: 20_000 }, () => path)));
  assert.is(local, 1, 'one that is too large');
  await pool.run(task([join(folder, 'gone')]));
  assert.is(local, 2, 'one whose files have gone');
  const waiting = Array.from({ length: JOBS_MAX + 5 }, () => pool.run(task([path])).catch(String));
  await until('all have a place', async () => (await redis.llen('allium:verify:wait')) === JOBS_MAX);
  assert.is(local, 7, 'those beyond');
  await queue.stop('SIGKILL');
  assert.match((await Promise.all(waiting))[0] as string, /the queue at here has been away for 0\.3 s/);
  await pool.close();
  own.disconnect();
});

test('a queue that is not there, a wrong password, no password: one line, exit 3, and never the password', async () => {
  const port = await freePort();
  const queue = await startQueue(port);
  const nobody = await freePort();
  const cases: readonly (readonly [url: string, line: RegExp])[] = [
    [`redis://:secret@127.0.0.1:${nobody}`, /the queue at 127\.0\.0\.1:\d+ cannot be reached\. Is Valkey/],
    [`redis://:secret@127.0.0.1:${port}/1`, /does not take this user and password/],
    [`redis://127.0.0.1:${port}`, /wants a password/],
    [`redis://:${PASSWORD}@127.0.0.1:${port}/99`, /no database of that number/],
  ];
  const check = async (words: readonly string[], line: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await runToEnd(process.execPath, words);
    assert.is(code, 3, stderr);
    assert.match(stderr, line);
    assert.is(stderr.split('\n').length, 2, stderr);
    assert.not.match(stdout + stderr, /secret|hush/);
  };
  await Promise.all(cases.map(([url, line]) => check(verifyWords('--queue', url), line)));
  const [url, line] = cases[1]!;
  await check([MAIN, 'verify', '--worker', '--queue', url], line);
  await queue.stop();
});

test.run();
