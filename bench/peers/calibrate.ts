import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HashPool } from '../../engine/kernels/pool.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { HashName, Message } from '../../engine/kernels/types.ts';
import { median } from '../support/statistics.ts';
import type { CalibrationJob } from './calibrate-worker.ts';
import type { Payload } from './payload.ts';
import type { Calibration } from './types.ts';

const MEBIBYTE = 1 << 20;
const TRIES = 3;
const HASH_PIECES = 256;
const READ_BYTES_MAX = 2 ** 30;
const COPY_BYTES = 64 * MEBIBYTE;
const COPY_ROUNDS = 8;
const POOL_PIECES = 64;

/** What the machine can do now: hashing only, reading only, copying only. Takes about two seconds. */
export async function calibrate(payload: Payload): Promise<Calibration> {
  const crew = new CalibrationCrew(availableParallelism());
  try {
    await crew.time(() => ({ job: 'hash', name: 'sha1', pieces: 1 }));
    const native = { sha1: await crew.hash('sha1'), sha256: await crew.hash('sha256') };
    const read = await crew.read(payload.files[0] ?? '', Math.min(payload.totalBytes, READ_BYTES_MAX));
    const kernels = await kernelRates();
    return {
      takenAt: new Date().toISOString(),
      workers: crew.size,
      sha1: Math.max(native.sha1, kernels.sha1),
      sha256: Math.max(native.sha256, kernels.sha256),
      read,
      copy: copyRate(),
    };
  } finally {
    await crew.end();
  }
}

/**
 * The rate of doing several things to every byte one after the other, each of which alone would run at its rate:
 * what a reader that hashes can reach when it wastes nothing.
 */
export function combinedRate(rates: readonly number[]): number {
  return 1 / rates.reduce((sum, rate) => sum + 1 / rate, 0);
}

/** Threads that do the same thing at the same time. */
class CalibrationCrew {
  readonly #workers: readonly Worker[];

  constructor(size: number) {
    const file = new URL('./calibrate-worker.js', import.meta.url);
    this.#workers = Array.from({ length: size }, () => new Worker(file));
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Seconds until the last thread has done its job. */
  async time(jobOf: (index: number) => CalibrationJob): Promise<number> {
    const beganMs = performance.now();
    await Promise.all(
      this.#workers.map(
        (worker, index) =>
          new Promise<void>((resolve, reject) => {
            worker.once('message', () => resolve());
            worker.once('error', reject);
            worker.postMessage(jobOf(index));
          }),
      ),
    );
    return (performance.now() - beganMs) / 1000;
  }

  async hash(name: HashName): Promise<number> {
    const seconds = await this.#tries(() => ({ job: 'hash', name, pieces: HASH_PIECES }));
    return (this.size * HASH_PIECES * MEBIBYTE) / seconds;
  }

  async read(path: string, totalBytes: number): Promise<number> {
    const share = Math.floor(totalBytes / this.size);
    const seconds = await this.#tries((index) => ({
      ...{ job: 'read', path },
      from: index * share,
      to: (index + 1) * share,
    }));
    return (share * this.size) / seconds;
  }

  async #tries(jobOf: (index: number) => CalibrationJob): Promise<number> {
    const seconds: number[] = [];
    for (let round = 0; round < TRIES; round += 1) seconds.push(await this.time(jobOf));
    return median(seconds);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** The same with the engine's own pool, whose kernels may be the faster ones. */
async function kernelRates(): Promise<Readonly<Record<HashName, number>>> {
  const threadCount = availableParallelism();
  const slab = new Slab({ slotCount: POOL_PIECES * 64 + 64, threadCountMax: threadCount });
  const pool = new HashPool({ threadCount }, { slab });
  const lease = slab.tryLease(POOL_PIECES * 64, 'calibration');
  if (lease === undefined) throw new Error('the slab is too small for the calibration');
  const messages = Array.from(
    { length: POOL_PIECES },
    (_, index): Message => [{ offset: lease.offset + index * MEBIBYTE, byteLength: MEBIBYTE }],
  );
  const rate = async (name: HashName): Promise<number> => {
    const seconds: number[] = [];
    for (let round = 0; round <= TRIES; round += 1) {
      const beganMs = performance.now();
      for (let turn = 0; turn < 4; turn += 1) await pool.digest(name, messages);
      if (round > 0) seconds.push((performance.now() - beganMs) / 1000);
    }
    return (4 * POOL_PIECES * MEBIBYTE) / median(seconds);
  };
  try {
    return { sha1: await rate('sha1'), sha256: await rate('sha256') };
  } finally {
    await pool.close();
    lease.release();
  }
}

function copyRate(): number {
  const [from, to] = [Buffer.alloc(COPY_BYTES, 1), Buffer.alloc(COPY_BYTES, 2)];
  const seconds = Array.from({ length: TRIES }, () => {
    const beganMs = performance.now();
    for (let round = 0; round < COPY_ROUNDS; round += 1) from.copy(to);
    return (performance.now() - beganMs) / 1000;
  });
  return (COPY_ROUNDS * COPY_BYTES) / median(seconds);
}
