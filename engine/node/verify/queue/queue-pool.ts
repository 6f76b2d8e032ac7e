import { randomUUID } from 'node:crypto';
import { Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { AlliumError } from '../../../codec/error.ts';
import type { ReadHashPayload, ReadHashResult } from '../../../kernels/tasks/read-hash.ts';
import type { ReadPool } from '../../content/read-pool.ts';
import { FileStates } from '../file-state.ts';
import { asAnswer, decodeResult, encodeJob, type JobAnswer, type PieceJob, type SeenFile } from './job.ts';
import {
  ANSWERS_KEPT,
  JOB_BYTES_ALL_MAX,
  JOB_BYTES_MAX,
  JOBS_MAX,
  NOTICES_MAX,
  QUEUE_NAME,
  QUEUE_PREFIX,
  threadsOf,
} from './names.ts';

export interface QueuePoolOptions {
  /** For messages; without a password. */
  readonly host: string;
  readonly signal?: AbortSignal | undefined;
  /** Something the user should know, one sentence; each is said once. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** How often to look for workers and for answers whose notice was lost. Default: 2 s. */
  readonly lookEveryMs?: number | undefined;
  /** A queue that is away for longer ends the run. Default: 30 s. */
  readonly awayMs?: number | undefined;
}

export interface QueuePoolModules {
  readonly redis: Redis;
  /** Does what cannot be given to others, and what they could not do. */
  readonly local: ReadPool;
}

/** What works on the queue. */
export interface Crew {
  readonly processes: number;
  readonly threads: number;
}

interface Pending {
  readonly data: PieceJob;
  readonly bytes: number;
  readonly sinceMs: number;
  settle(answer: JobAnswer | undefined): void;
  reject(error: unknown): void;
}

const LOOK_EVERY_MS = 2_000;
const AWAY_MS = 30_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** In work and at hand: one more for each thread than it has in work, so that none waits for the next job. */
const JOBS_PER_THREAD = 3;
const STRANGERS_TOLD_MAX = 100;

/**
 * Threads on any number of machines that look like threads of this one: each task goes into the queue as a job, and
 * comes back as hashes. A job whose worker dies is taken by another; one that fails, or whose files are different where
 * it was taken, is done here. So the caller gets what a pool of its own would have given it.
 */
export class QueuePool implements ReadPool {
  /** Of this machine. */
  readonly threadCount: number;
  readonly ready: Promise<void>;
  /** The queue can be used. */
  readonly started: Promise<void>;
  crew: Crew = { processes: 0, threads: 0 };
  readonly #options: QueuePoolOptions;
  readonly #local: ReadPool;
  readonly #redis: Redis;
  readonly #eventsRedis: Redis;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #states = new FileStates();
  readonly #run = randomUUID();
  readonly #pending = new Map<string, Pending>();
  readonly #told = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #pendingBytes = 0;
  #count = 0;
  #aloneSinceMs = performance.now();
  #awaySinceMs: number | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: QueuePoolOptions, modules: QueuePoolModules) {
    this.#options = options;
    this.#local = modules.local;
    this.#redis = modules.redis;
    this.threadCount = modules.local.threadCount;
    this.#queue = new Queue(QUEUE_NAME, {
      connection: modules.redis,
      prefix: QUEUE_PREFIX,
      streams: { events: { maxLen: NOTICES_MAX } },
    });
    // Waiting for notices blocks a connection.
    this.#eventsRedis = modules.redis.duplicate({ lazyConnect: false });
    this.#eventsRedis.on('error', () => {});
    this.#events = new QueueEvents(QUEUE_NAME, { connection: this.#eventsRedis, prefix: QUEUE_PREFIX });
    this.#queue.on('error', () => {});
    this.#events.on('error', () => {});
    this.#events.on('completed', ({ jobId, returnvalue }) => {
      this.#pending.get(jobId)?.settle(asAnswer(returnvalue as unknown));
    });
    this.#events.on('failed', ({ jobId }) => this.#pending.get(jobId)?.settle(undefined));
    this.ready = modules.local.ready;
    this.started = this.#start();
    this.#timer = setInterval(() => void this.#look(), options.lookEveryMs ?? LOOK_EVERY_MS);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Tasks that have something to do now; more when more workers come. */
  get taskCountMax(): number {
    const threads = Math.max(this.crew.threads, this.threadCount);
    return Math.min(JOBS_MAX, JOBS_PER_THREAD * threads);
  }

  async run(payload: ReadHashPayload): Promise<ReadHashResult> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const data = this.#jobOf(payload);
    const bytes = data === undefined ? 0 : JSON.stringify(data).length;
    if (data === undefined || !this.#hasRoom(bytes)) return this.#local.run(payload);
    const answer = await this.#ask(data, bytes);
    const result = answer === undefined ? undefined : decodeResult(answer, payload);
    if (result !== undefined) return result;
    const own = await this.#local.run(payload);
    // Trouble that we have as well is damage; else it is the other machine that is different.
    if (answer !== undefined && 'trouble' in answer && own.faults.length === 0) this.#tellOf(answer);
    return own;
  }

  /** Takes back what nobody has begun, and lets go of the queue; the pool of this machine stays. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#failAll(new AlliumError('INTERRUPTED', 'stopped'));
    // It waits for notices for seconds on end, and closing would wait with it.
    this.#eventsRedis.disconnect();
    const closing = Promise.all([this.#events.close(), this.#queue.close()]).catch(() => {});
    await Promise.race([closing, wait(CLOSE_TIMEOUT_MS)]);
  }

  readonly #onAbort = (): void => this.#failAll(this.#options.signal?.reason);

  async #start(): Promise<void> {
    await Promise.all([this.#queue.waitUntilReady(), this.#events.waitUntilReady()]);
    await this.#look();
  }

  #hasRoom(bytes: number): boolean {
    const isSmall = bytes <= JOB_BYTES_MAX && this.#pendingBytes + bytes <= JOB_BYTES_ALL_MAX;
    return isSmall && this.#pending.size < JOBS_MAX;
  }

  /** Undefined when a file is not what it was planned as: whoever looks here will see. */
  #jobOf(payload: ReadHashPayload): PieceJob | undefined {
    const files: SeenFile[] = [];
    for (const path of payload.paths) {
      const state = this.#states.at(path);
      if (state.kind !== 'file') return undefined;
      files.push([path, state.byteLength, state.modifiedMs]);
    }
    return encodeJob(payload, files);
  }

  #ask(data: PieceJob, bytes: number): Promise<JobAnswer | undefined> {
    const id = `${this.#run}-${this.#count}`;
    this.#count += 1;
    this.#pendingBytes += bytes;
    const answer = new Promise<JobAnswer | undefined>((resolve, reject) => {
      this.#pending.set(id, { data, bytes, sinceMs: performance.now(), settle: resolve, reject });
    });
    void this.#add(id, data);
    return answer.finally(() => {
      this.#pending.delete(id);
      this.#pendingBytes -= bytes;
      // It has been read, or is of no use any more. One in work cannot be removed; its answer expires.
      void this.#queue.remove(id).catch(() => {});
    });
  }

  async #add(id: string, data: PieceJob): Promise<void> {
    const keep = { removeOnComplete: ANSWERS_KEPT, removeOnFail: ANSWERS_KEPT };
    try {
      await this.#queue.add('pieces', data, { jobId: id, attempts: 1, ...keep });
    } catch {
      // A queue that is full or may only be read: what it does not take is done here.
      this.#pending.get(id)?.settle(undefined);
    }
  }

  /** Looks who is there, and after jobs whose notice has not come: the queue may have been restarted, even emptied. */
  async #look(): Promise<void> {
    if (!this.#checkConnection()) return;
    try {
      const workers = await this.#queue.getWorkers();
      const threads = workers.reduce((sum, { rawname = '' }) => sum + threadsOf(rawname), 0);
      this.crew = { processes: workers.length, threads };
      this.#checkCrew();
      const lookEveryMs = this.#options.lookEveryMs ?? LOOK_EVERY_MS;
      for (const [id, { sinceMs }] of this.#pending) {
        if (performance.now() - sinceMs > lookEveryMs) await this.#lookAfter(id);
      }
    } catch {
      // It is away: the next look will tell.
    }
  }

  async #lookAfter(id: string): Promise<void> {
    const state = await this.#queue.getJobState(id);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (state === 'unknown') await this.#add(id, pending.data);
    else if (state === 'failed') pending.settle(undefined);
    else if (state === 'completed') {
      const job = await this.#queue.getJob(id);
      if (job !== undefined) pending.settle(asAnswer(job.returnvalue as unknown));
    }
  }

  /** False while the queue is away; too long, and everything that waits for it fails. */
  #checkConnection(): boolean {
    if (this.#redis.status === 'ready') {
      this.#awaySinceMs = undefined;
      return true;
    }
    const nowMs = performance.now();
    this.#awaySinceMs ??= nowMs;
    const awayMs = this.#options.awayMs ?? AWAY_MS;
    if (nowMs - this.#awaySinceMs > awayMs) {
      const { host } = this.#options;
      this.#failAll(
        new AlliumError('NETWORK_FAILED', `the queue at ${host} has been away for ${awayMs / 1000} s`, {
          advice: 'Start it again and repeat the command; with --checkpoint it goes on where it stopped.',
          details: { host },
        }),
      );
    }
    return false;
  }

  #checkCrew(): void {
    const nowMs = performance.now();
    if (this.crew.processes > 0 || this.#pending.size === 0) this.#aloneSinceMs = nowMs;
    const { host, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    if (nowMs - this.#aloneSinceMs < 2 * lookEveryMs) return;
    this.#tell(
      'alone',
      `nobody works on the queue at ${host}; start “allium verify --queue … --worker” somewhere`,
    );
  }

  #tellOf({ by, trouble }: { readonly by: string; readonly trouble: string }): void {
    const advice = 'if the data lies elsewhere there, start its worker with --map';
    this.#tell(by, `${by} cannot help: ${trouble}; ${advice}`);
  }

  #tell(key: string, text: string): void {
    if (this.#told.has(key) || this.#told.size >= STRANGERS_TOLD_MAX) return;
    this.#told.add(key);
    this.#options.onNotice?.(text);
  }

  #failAll(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of [...this.#pending.values()]) reject(error);
  }
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}
