// Aim: tasks that throw and workers that die lose no work and no lease; only who cannot be helped hears of it.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { HashPool, type HashPoolOptions } from '../../engine/kernels/pool.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { HashPayload } from '../../engine/kernels/tasks/hash.ts';
import type { Message } from '../../engine/kernels/types.ts';
import { chance, expected, noise, randomMessages } from './pool-support.ts';

const suite = uvuSuite('hash pool under faults');
const slab = new Slab({ slotCount: 256, threadCountMax: 4 });
const lease = noise(slab, 96, 5);

async function withPool(options: HashPoolOptions, action: (pool: HashPool) => Promise<void>): Promise<void> {
  const pool = new HashPool({ privateSlots: 8, ...options }, { slab });
  try {
    await action(pool);
  } finally {
    await pool.close();
  }
}

async function check(pool: HashPool, messages: readonly Message[]): Promise<void> {
  assert.equal(Buffer.from(await pool.digest('sha1', messages)), expected(slab, 'sha1', messages));
}

async function failureOf(promise: Promise<unknown>): Promise<AlliumError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, AlliumError);
    return error as AlliumError;
  }
  return assert.unreachable('nothing thrown') as never;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const fault of ['throw', 'exit'] as const) {
  suite(`after a ${fault} the work is done again`, async () => {
    await withPool({ threadCount: 2, fault: (task) => (task === 2 ? fault : undefined) }, async (pool) => {
      await check(pool, [[]]);
      await check(pool, randomMessages(lease, 20, 10_000, 6));
      assert.is(pool.stats.retried, 1);
      await check(pool, randomMessages(lease, 20, 10_000, 7));
      assert.is(pool.stats.retried, 1);
    });
  });

  // LIMITS.md: POOL, tries.
  suite(`a ${fault} every time reaches the caller after five tries`, async () => {
    await withPool({ threadCount: 2, fault: () => fault }, async (pool) => {
      const error = await failureOf(pool.digest('sha1', randomMessages(lease, 5, 1000, 8)));
      assert.is(error.code, 'POOL_FAILED');
      assert.is(error.details.tries, 5);
      assert.is(pool.stats.tasks, 5);
      assert.is(pool.stats.pending, 0);
    });
  });

  suite(`of calls joined into one task, only the one with the ${fault} in it fails`, async () => {
    // Task 1 holds both. Then each goes by itself: the bad one is 2, the good one 3, the bad one again 4, 5, 6.
    const bad = new Set([1, 2, 4, 5, 6]);
    await withPool({ threadCount: 2, fault: (task) => (bad.has(task) ? fault : undefined) }, async (pool) => {
      const first = failureOf(pool.digest('sha1', randomMessages(lease, 5, 1000, 9)));
      await check(pool, randomMessages(lease, 5, 1000, 10));
      assert.is((await first).code, 'POOL_FAILED');
      await check(pool, randomMessages(lease, 5, 1000, 11));
    });
  });
}

suite('when one part of a long call fails for good, the rest of it is not done', async () => {
  await withPool({ threadCount: 1, fault: (task) => (task > 1 ? 'throw' : undefined) }, async (pool) => {
    await check(pool, [[]]);
    const long = Array.from({ length: 60 }, () => [{ offset: lease.offset, byteLength: 1 << 20 }]);
    assert.is((await failureOf(pool.digest('sha1', long))).code, 'POOL_FAILED');
    assert.ok(pool.stats.tasks <= 15, `${pool.stats.tasks} tasks`);
  });
});

suite('faults at random, in tasks of all callers: everything is hashed', async () => {
  const random = chance(12);
  const fault = (): 'throw' | 'exit' | undefined =>
    random() < 0.15 ? 'throw' : random() < 0.1 ? 'exit' : undefined;
  await withPool({ threadCount: 2, fault }, async (pool) => {
    const calls = Array.from({ length: 40 }, (_, index) => randomMessages(lease, 25, 80_000, 100 + index));
    await Promise.all(calls.map((messages) => check(pool, messages)));
    assert.ok(pool.stats.retried > 0);
    assert.is(pool.stats.messages, 1000);
  });
});

suite('workers killed from outside at random moments: everything is hashed', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    const random = chance(13);
    const answers: Promise<void>[] = [];
    let kills = 0;
    for (let index = 0; index < 40; index += 1) {
      answers.push(check(pool, randomMessages(lease, 25, 80_000, 200 + index)));
      if (index % 4 === 3) {
        await pause(random() * 40);
        const victim = pool.workers[Math.floor(random() * pool.workers.length)];
        if (victim !== undefined) {
          kills += 1;
          void victim.terminate();
        }
      }
    }
    await Promise.all(answers);
    assert.ok(kills > 0);
    assert.is(pool.stats.messages, 1000);
  });
});

suite('workers killed while they start hold nobody up', async () => {
  await withPool({ threadCount: 2 }, async (pool) => {
    const answer = check(pool, randomMessages(lease, 10, 10_000, 14));
    let kills = 0;
    for (let waits = 0; kills < 3 && waits < 10_000; waits += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const worker of pool.workers) {
        kills += 1;
        await worker.terminate();
      }
    }
    assert.ok(kills >= 3);
    await answer;
  });
});

suite('an error that a user can do something about is an answer: it is not tried again', async () => {
  const workerFile = new URL('./pool-answers-worker.js', import.meta.url);
  await withPool({ threadCount: 1, workerFile }, async (pool) => {
    const error = await failureOf(pool.digest('sha1', randomMessages(lease, 3, 100, 15)));
    assert.equal(
      [error.code, error.message, error.advice, error.details],
      ['FILE_CHANGED', 'it shrank', 'Try again.', { size: 3 }],
    );
    assert.equal([pool.stats.tasks, pool.stats.retried], [1, 0]);
  });
});

suite('what cannot travel, there or back, is an error to its caller alone', async () => {
  const workerFile = new URL('./pool-answers-worker.js', import.meta.url);
  await withPool({ threadCount: 1, workerFile }, async (pool) => {
    for (const payload of ['odd', () => {}]) {
      const error = await failureOf(pool.run('hash', payload as unknown as HashPayload));
      assert.is(error.code, 'POOL_FAILED');
    }
    assert.is((await failureOf(pool.digest('sha1', [[]]))).code, 'FILE_CHANGED');
  });
});

suite('requests that come just when the worker leaves its session are all answered, once and in order', async () => {
  const workerFile = new URL('./pool-brief-worker.js', import.meta.url);
  await withPool({ threadCount: 1, workerFile }, async (pool) => {
    const random = chance(16);
    for (let index = 0; index < 1500; index += 1) {
      const numbers = [2 * index, 2 * index + 1];
      const replies = numbers.map(
        (number) => pool.run('hash', number as unknown as HashPayload) as Promise<unknown>,
      );
      assert.equal(await Promise.all(replies), numbers);
      // The worker leaves after 0.2 ms; a wait of up to 0.4 ms must not sleep, as timers are too coarse.
      const until = performance.now() + random() * 0.4;
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.is(pool.stats.retried, 0);
  });
});

suite('a pool that cannot even be set up is an error to each who waits', async () => {
  await withPool({ threadCount: 1, idleTimeoutMs: -1 }, async (pool) => {
    for (let round = 0; round < 2; round += 1) {
      const both = await Promise.all([
        failureOf(pool.digest('sha1', [[]])),
        failureOf(pool.digest('sha256', [[]])),
      ]);
      for (const error of both) assert.is(error.code, 'POOL_FAILED');
    }
  });
});

suite('workers that cannot start at all are an error and not a wait', async () => {
  const workerFile = new URL('./no-such-file.js', import.meta.url);
  await withPool({ threadCount: 2, workerFile }, async (pool) => {
    const failures = await Promise.all(
      Array.from({ length: 20 }, () =>
        failureOf(pool.digest('sha1', [[{ offset: 0, byteLength: 1 << 20 }]])),
      ),
    );
    for (const error of failures) assert.is(error.code, 'POOL_FAILED');
    const task = pool.run('hash', { name: 'sha1', packed: new Uint32Array(0), messageCount: 0 });
    assert.is((await failureOf(task)).code, 'POOL_FAILED');
  });
});

suite.after(() => {
  lease.release();
  slab.assertAllReturned();
});

suite.run();
