/**
 * The worker pool and the slab: what a trip to a worker costs, how much one and two workers hash compared with the
 * calling thread, and what a lease costs.
 *
 *   npm run build && node dist/bench/kernels/pool.bench.js
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { InlineHashService } from '../../engine/kernels/hash-service.ts';
import { HashPool } from '../../engine/kernels/pool.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { Message } from '../../engine/kernels/types.ts';

const MEBIBYTE = 1 << 20;
/** Hashed by one call of the throughput cases. */
const CALL_MEBIBYTES = 32;
const PIECE_COUNTS: Readonly<Record<string, number>> = {
  'pieces of 1 MiB': CALL_MEBIBYTES,
  'blocks of 16 KiB': CALL_MEBIBYTES * 64,
};
const NOTHING = { name: 'sha1', packed: new Uint32Array(0), messageCount: 0 } as const;

/** Adds the cases to `bench`; the function returned ends the threads. */
export async function addPoolCases(bench: Bench): Promise<() => Promise<void>> {
  const slab = new Slab({ slotCount: 4096, threadCountMax: 4 });
  const inline = new InlineHashService({}, { slab });
  const pools = [1, 2].map((threadCount) => new HashPool({ threadCount }, { slab }));
  const lease = slab.tryLease((CALL_MEBIBYTES * MEBIBYTE) / 16384, 'bench')!;
  lease.bytes.fill(1);

  const workers = (pool: HashPool): string =>
    pool.threadCount === 1 ? '1 worker' : `${pool.threadCount} workers`;
  for (const pool of pools) {
    await Promise.all(Array.from({ length: 4 }, () => pool.run('hash', NOTHING)));
    bench.add(
      `${workers(pool)}: an empty task, one at a time`,
      async () => void (await pool.run('hash', NOTHING)),
    );
    bench.add(`${workers(pool)}: 100 empty tasks at once`, async () => {
      await Promise.all(Array.from({ length: 100 }, () => pool.run('hash', NOTHING)));
    });
  }
  for (const [shape, count] of Object.entries(PIECE_COUNTS)) {
    const byteLength = (CALL_MEBIBYTES * MEBIBYTE) / count;
    const messages = Array.from(
      { length: count },
      (_, at): Message => [{ offset: lease.offset + at * byteLength, byteLength }],
    );
    for (const name of ['sha1', 'sha256'] as const) {
      const title = `${name}, ${CALL_MEBIBYTES} MiB in ${shape}`;
      bench.add(`${title}: the calling thread`, async () => void (await inline.digest(name, messages)));
      for (const pool of pools) {
        bench.add(`${title}: ${workers(pool)}`, async () => void (await pool.digest(name, messages)));
      }
    }
  }
  for (const slots of [1, 17, 64]) {
    bench.add(`1,000 leases of ${slots} slots`, () => {
      for (let round = 0; round < 1000; round += 1) slab.tryLease(slots, 'bench')?.release();
    });
  }
  return async () => {
    for (const pool of pools) await pool.close();
    lease.release();
    slab.assertAllReturned();
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bench = new Bench({ name: 'pool and slab', time: 1000 });
  const close = await addPoolCases(bench);
  await bench.run();
  await close();
  for (const task of bench.tasks) {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${task.name} gave no result`);
    const medianMs = result.latency.p50;
    const rate = task.name.includes('MiB in')
      ? `${((CALL_MEBIBYTES * MEBIBYTE) / 1e6 / medianMs).toFixed(2)} GB/s`
      : '';
    process.stdout.write(
      `${task.name.padEnd(62)} ${(medianMs * 1000).toFixed(1).padStart(10)} µs  ${rate}\n`,
    );
  }
}
