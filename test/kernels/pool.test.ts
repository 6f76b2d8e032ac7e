// Aim: the pool starts threads when there is work, joins and cuts calls into tasks worth a trip, keeps its bounds,
// and gives everything back.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { HashPool, type HashPoolOptions } from '../../engine/kernels/pool.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { HashName, Message } from '../../engine/kernels/types.ts';
import { expected, noise, randomMessages } from './pool-support.ts';

const suite = uvuSuite('hash pool');
const slab = new Slab({ slotCount: 256, threadCountMax: 4 });
const lease = noise(slab, 96, 2);

async function withPool(options: HashPoolOptions, action: (pool: HashPool) => Promise<void>): Promise<void> {
  const pool = new HashPool(options, { slab });
  try {
    await action(pool);
  } finally {
    await pool.close();
  }
}

function block(index: number, byteLength = 16_384): Message {
  return [{ offset: lease.offset + index * 16_384, byteLength }];
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, AlliumError);
    return (error as AlliumError).code;
  }
  return 'nothing thrown';
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

suite('a thousand messages of several parts, in calls of all sizes at once, hash like node:crypto', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    const messages = randomMessages(lease, 1000, 100_000, 3);
    const answers: Promise<void>[] = [];
    for (let at = 0, step = 1; at < messages.length; at += step, step = (step * 3) % 101) {
      const name: HashName = step % 2 === 0 ? 'sha1' : 'sha256';
      const part = messages.slice(at, at + step);
      answers.push(
        pool
          .digest(name, part)
          .then((digests) => assert.equal(Buffer.from(digests), expected(slab, name, part))),
      );
    }
    assert.is(pool.stats.pending, 1000);
    await Promise.all(answers);
    assert.is(pool.stats.pending, 0);
    assert.is(pool.stats.messages, 1000);
  });
});

suite('a pool that is warmed up has all its threads before there is work', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    pool.warmUp();
    for (let waits = 0; pool.stats.threads < 2 && waits < 5000; waits += 1) await pause(2);
    assert.is(pool.stats.threads, 2);
    assert.is(pool.stats.tasks, 0);
    const messages = [block(0)];
    assert.equal(Buffer.from(await pool.digest('sha1', messages)), expected(slab, 'sha1', messages));
  });
});

suite('no thread before there is work, one for a little, and all when there is enough', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    assert.is(pool.stats.threads, 0);
    await pool.digest('sha1', [block(0)]);
    assert.is(pool.stats.threads, 1);
    const mebibytes = Array.from({ length: 8 }, () => block(0, 1 << 20));
    await pool.digest('sha1', mebibytes);
    assert.is(pool.stats.threads, 2);
  });
});

suite('calls made in one go are joined', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    await Promise.all(Array.from({ length: 64 }, (_, index) => pool.digest('sha1', [block(index)])));
    assert.is(pool.stats.tasks, 1);
  });
});

suite('a long call is cut for all workers, into tasks of a mebibyte at least', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    const messages = Array.from({ length: 24 * 64 }, (_, index) => block(index % 64));
    assert.equal(Buffer.from(await pool.digest('sha1', messages)), expected(slab, 'sha1', messages));
    assert.ok(pool.stats.tasks >= 6 && pool.stats.tasks <= 24, `${pool.stats.tasks} tasks for 24 MiB`);
  });
});

suite('small calls are collected while the workers are busy', async () => {
  await withPool({ threadCount: 1 }, async (pool) => {
    await pool.digest('sha1', [block(0)]);
    const before = pool.stats.tasks;
    const long = pool.digest(
      'sha1',
      Array.from({ length: 32 }, () => block(0, 1 << 20)),
    );
    const small: Promise<unknown>[] = [];
    while (small.length < 50) {
      await pause(0);
      small.push(pool.digest('sha256', [block(small.length)]));
    }
    await Promise.all([long, ...small]);
    assert.ok(pool.stats.tasks - before < 8 + 50, `${pool.stats.tasks - before} tasks`);
  });
});

// LIMITS.md: POOL, tasks.
suite('workers have at most two tasks each; the callers of the rest just wait', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    const part = randomMessages(lease, 10, 300_000, 4);
    const right = expected(slab, 'sha1', part);
    const answers = Array.from({ length: 100 }, () => pool.digest('sha1', part));
    const tasks = Array.from({ length: 100 }, () =>
      pool.run('hash', { name: 'sha1', packed: new Uint32Array([0]), messageCount: 1 }),
    );
    for (const digests of await Promise.all(answers)) assert.equal(Buffer.from(digests), right);
    for (const digest of await Promise.all(tasks))
      assert.equal(Buffer.from(digest), expected(slab, 'sha1', [[]]));
    assert.is(pool.stats.runningPeak, 4);
    assert.is(pool.stats.running, 0);
  });
});

suite('threads without work end, and come back with the next work, time and again', async () => {
  await withPool({ threadCount: 2, idleTimeoutMs: 1, privateSlots: 4 }, async (pool) => {
    for (let round = 0; round < 4; round += 1) {
      const messages = Array.from({ length: 8 }, () => block(round, 1 << 20));
      assert.equal(Buffer.from(await pool.digest('sha1', messages)), expected(slab, 'sha1', messages));
      for (let waits = 0; pool.stats.threads > 0 && waits < 5000; waits += 1) await pause(2);
      assert.is(pool.stats.threads, 0);
    }
    assert.is(pool.stats.retried, 0);
  });
});

suite('close waits for what is under way, and refuses what comes after', async () => {
  const pool = new HashPool({ threadCount: 2 }, { slab });
  const messages = Array.from({ length: 64 }, (_, index) => block(index));
  const answer = pool.digest('sha256', messages);
  const closed = pool.close();
  assert.is(await codeOf(pool.digest('sha1', [block(0)])), 'POOL_FAILED');
  assert.is(
    await codeOf(pool.run('hash', { name: 'sha1', packed: new Uint32Array(0), messageCount: 0 })),
    'POOL_FAILED',
  );
  assert.equal(Buffer.from(await answer), expected(slab, 'sha256', messages));
  await closed;
  await pool.close();
  assert.is(pool.stats.threads, 0);
});

suite('a pool that was never used closes at once', async () => {
  await new HashPool({ threadCount: 4, privateSlots: 8 }, { slab }).close();
});

// LIMITS.md: POOL, room.
suite('a pool for which the slab has no room is refused, and leaves nothing behind', () => {
  const before = slab.leasedSlots;
  for (const options of [{ threadCount: 4, privateSlots: 60 }, { threadCount: 5 }]) {
    assert.throws(
      () => new HashPool(options, { slab }),
      (error: unknown) => error instanceof AlliumError && error.code === 'SLAB_FULL',
    );
  }
  assert.is(slab.leasedSlots, before);
  assert.is(slab.takeThread(), 0);
  slab.returnThread(0);
});

suite.after(() => {
  lease.release();
  slab.assertAllReturned();
});

suite.run();
