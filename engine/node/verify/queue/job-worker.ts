import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { AlliumError } from '../../../codec/error.ts';
import type { ReadPool } from '../../content/read-pool.ts';
import { fileStateAt } from '../file-state.ts';
import { decodeJob, encodeResult, type JobAnswer, type SeenFile } from './job.ts';
import { ANSWERS_KEPT, QUEUE_NAME, QUEUE_PREFIX, RETAKE_MS, workerName } from './names.ts';
import { mapPath, type PathMapping } from './path-map.ts';

export interface JobWorkerOptions {
  readonly mappings?: readonly PathMapping[] | undefined;
  /** Default: {@link RETAKE_MS}. */
  readonly retakeMs?: number | undefined;
  readonly onDone?: ((progress: { readonly jobs: number; readonly bytesRead: number }) => void) | undefined;
}

/** Jobs that a thread has at hand. */
const JOBS_PER_THREAD = 2;
/** So many jobs one after the other whose files are not here: this is the wrong place for all of them. */
export const STRANGE_JOBS_MAX = 16;
/** A job that was lost so often is done where it was planned: it may be what ends the workers. */
const LOST_MAX = 3;
const RUN_AGAIN_MS = 1_000;
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * Takes jobs out of the queue, reads and hashes the pieces, and leaves the hashes there. Judges nothing: it knows
 * neither torrents nor what the hashes should be. The connection stays its caller's.
 */
export class JobWorker {
  jobs = 0;
  bytesRead = 0;
  /** `HOST/PID/THREADS`. */
  readonly name: string;
  /** Rejects with NOT_FOUND when the files of all jobs are somewhere else. Never resolves. */
  readonly failed: Promise<never>;
  readonly #options: JobWorkerOptions;
  readonly #pool: ReadPool;
  readonly #worker: Worker;
  #strangeInARow = 0;
  #isClosed = false;
  #fail: (error: AlliumError) => void = () => {};

  constructor(options: JobWorkerOptions, modules: { readonly redis: Redis; readonly pool: ReadPool }) {
    this.#options = options;
    this.#pool = modules.pool;
    this.name = workerName(modules.pool.threadCount);
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever is not interested need not listen.
    this.failed.catch(() => {});
    const retakeMs = options.retakeMs ?? RETAKE_MS;
    this.#worker = new Worker(QUEUE_NAME, async (job) => this.#answer(job.data as unknown), {
      connection: modules.redis,
      prefix: QUEUE_PREFIX,
      name: this.name,
      concurrency: JOBS_PER_THREAD * modules.pool.threadCount,
      // A lost job is found at the second look after its lock has run out.
      lockDuration: Math.ceil(retakeMs / 2),
      stalledInterval: Math.ceil(retakeMs / 4),
      maxStalledCount: LOST_MAX,
      removeOnComplete: ANSWERS_KEPT,
      removeOnFail: ANSWERS_KEPT,
      runRetryDelay: RUN_AGAIN_MS,
      autorun: false,
    });
    // The connection is made again by itself, and jobs that fail are told to whoever planned them.
    this.#worker.on('error', () => {});
  }

  /** Begins to take jobs; comes back when it does. */
  async start(): Promise<void> {
    await this.#worker.waitUntilReady();
    void this.#keepRunning();
  }

  /** Takes no more jobs; those in work are finished, if the queue is there to be told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const late = setTimeout(() => void this.#worker.close(true).catch(() => {}), CLOSE_TIMEOUT_MS);
    await Promise.race([
      this.#worker.close().catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 2 * CLOSE_TIMEOUT_MS).unref()),
    ]);
    clearTimeout(late);
  }

  /** The worker gives up when the queue goes away at certain moments. */
  async #keepRunning(): Promise<void> {
    while (!this.#isClosed) {
      await this.#worker.run().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, RUN_AGAIN_MS).unref());
    }
  }

  async #answer(data: unknown): Promise<JobAnswer> {
    const by = this.name;
    const task = decodeJob(data);
    if (task === undefined) return { by, trouble: 'a job of another version of Allium' };
    const { mappings = [] } = this.#options;
    const paths = task.payload.paths.map((path) => mapPath(path, mappings));
    const strange = strangeness(task.files, paths);
    if (strange !== undefined) {
      this.#countStrange(strange);
      return { by, trouble: strange };
    }
    this.#strangeInARow = 0;
    const result = await this.#pool.run({ ...task.payload, paths });
    const [fault] = result.faults;
    if (fault !== undefined) {
      const what = fault.code === '' ? 'ended early' : fault.code;
      return { by, trouble: `${task.payload.paths[fault.path] ?? 'a file'}: ${what}` };
    }
    this.jobs += 1;
    this.bytesRead += result.bytesRead;
    this.#options.onDone?.({ jobs: this.jobs, bytesRead: this.bytesRead });
    return encodeResult(result, by);
  }

  #countStrange(strange: string): void {
    this.#strangeInARow += 1;
    if (this.#strangeInARow < STRANGE_JOBS_MAX) return;
    this.#fail(
      new AlliumError('NOT_FOUND', `the data of the jobs is not on this machine: ${strange}`, {
        advice: 'If it lies elsewhere here, say so with --map THERE=HERE, such as --map /data=/mnt/nas.',
      }),
    );
  }
}

/** What is different here, so that these are hardly the files the job means. */
function strangeness(files: readonly SeenFile[], paths: readonly string[]): string | undefined {
  for (const [at, [path, byteLength, modifiedMs]] of files.entries()) {
    const here = paths[at]!;
    const name = here === path ? path : `${path} (here ${here})`;
    const state = fileStateAt(here);
    if (state.kind === 'missing') return `${name} is not there`;
    if (state.kind === 'unreadable') return `${name} cannot be looked at: ${state.code}`;
    if (state.kind === 'wrong-kind') return `${name} is no file`;
    if (state.byteLength !== byteLength) return `${name} has another length`;
    // Network file systems may keep whole seconds only.
    if (Math.abs(state.modifiedMs - modifiedMs) > 1_000) return `${name} has another time of change`;
  }
  return undefined;
}
