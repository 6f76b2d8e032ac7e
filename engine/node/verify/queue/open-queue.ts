import { openReadPool, type ReadPool } from '../../content/read-pool.ts';
import { connectError, connectQueue, inTime, queueHost } from './connection.ts';
import { JobWorker } from './job-worker.ts';
import type { PathMapping } from './path-map.ts';
import { QueuePool } from './queue-pool.ts';

export interface SharedVerifyOptions {
  /** `redis://…` */
  readonly url: string;
  readonly threadCount: number;
  /** Only hands out: other processes do the reading. Default: this one does its part. */
  readonly onlyCoordinate?: boolean | undefined;
  readonly retakeMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** A pool whose tasks are done by all that work on the queue. Closing it lets go of everything. Throws as {@link connectQueue}. */
export async function openQueuePool(
  options: SharedVerifyOptions,
): Promise<ReadPool & Pick<QueuePool, 'crew'>> {
  const { url, threadCount, retakeMs, signal, onNotice } = options;
  const redis = await connectQueue(url);
  const local = openReadPool({ threadCount });
  const worker =
    options.onlyCoordinate === true ? undefined : new JobWorker({ retakeMs }, { redis, pool: local });
  const pool = new QueuePool({ host: queueHost(url), signal, onNotice }, { redis, local });
  const close = async (): Promise<void> => {
    await pool.close();
    await worker?.close();
    redis.disconnect();
    await local.close();
  };
  try {
    await inTime(Promise.all([pool.started, worker?.start()]));
  } catch {
    await close();
    throw connectError(url, []);
  }
  return {
    threadCount: pool.threadCount,
    ready: pool.ready,
    run: (payload) => pool.run(payload),
    get taskCountMax() {
      return pool.taskCountMax;
    },
    get crew() {
      return pool.crew;
    },
    close,
  };
}

export interface WorkOptions {
  readonly url: string;
  readonly threadCount: number;
  readonly mappings: readonly PathMapping[];
  readonly retakeMs?: number | undefined;
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** It takes jobs from now on. */
  readonly onReady?: ((name: string) => void) | undefined;
  readonly onDone?: ((work: WorkDone) => void) | undefined;
}

/** What a worker has done. */
export interface WorkDone {
  readonly jobs: number;
  readonly bytesRead: number;
}

/** Works on the queue until the signal comes. Throws as {@link connectQueue}, and NOT_FOUND when the data of the jobs is not here. */
export async function workOnQueue(options: WorkOptions): Promise<WorkDone> {
  const { url, threadCount, mappings, retakeMs, signal, onReady, onDone } = options;
  const redis = await connectQueue(url);
  const pool = openReadPool({ threadCount });
  const worker = new JobWorker({ mappings, retakeMs, onDone }, { redis, pool });
  try {
    await inTime(worker.start()).catch(() => {
      throw connectError(url, []);
    });
    onReady?.(worker.name);
    await Promise.race([worker.failed, aborted(signal)]);
  } finally {
    await worker.close();
    redis.disconnect();
    await pool.close();
  }
  return { jobs: worker.jobs, bytesRead: worker.bytesRead };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
