import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { AlliumError } from '../codec/error.ts';
import type { WorkerSetup } from './tasks/context.ts';
import type { WorkerReply, WorkerRequest } from './worker.ts';
import { freeSeat } from './worker-seat.ts';

/** Workers that end one after the other before they did anything: then something is wrong with the machine. */
const STRIKES_MAX = 16;
/** How long nobody is asked to try again after that. */
const BROKEN_MS = 1000;
/** One task in work and one at hand, so that a worker does not wait for the trip of the next one. */
export const TASKS_PER_WORKER = 2;

/**
 * Piscina first tries to `require` the worker's program. Node (20.20 seen) aborts the whole process when a worker is
 * ended while it instantiates a required ES module; the `import` that follows a refusal has no such fault.
 */
const NO_REQUIRE_MODULE = '--no-experimental-require-module';

export interface CrewOptions {
  readonly threadCount: number;
  /** A worker without work for this long ends. */
  readonly idleTimeoutMs: number;
  /** The worker's program. */
  readonly workerFile: URL;
}

/** The smallest task there is. */
const NOTHING: WorkerRequest = {
  task: 'hash',
  payload: { name: 'sha1', packed: new Uint32Array(0), messageCount: 0 },
  fault: undefined,
};

/**
 * The threads of a pool: started when there is work, replaced when they die. Piscina carries the tasks; this adds
 * who sits where in the slab, and that no task waits for ever for a worker that died while it started.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #setup: WorkerSetup;
  readonly #piscina: Piscina;
  /** The threads that have not ended. */
  readonly #alive = new Map<Worker, Promise<void>>();
  #strikes = 0;
  #brokenUntilMs = 0;
  #closing = false;

  private constructor(options: CrewOptions, setup: WorkerSetup, piscina: Piscina) {
    this.#options = options;
    this.#setup = setup;
    this.#piscina = piscina;
    piscina.on('workerCreate', () => this.#adopt());
    piscina.on('workerDestroy', () => queueMicrotask(() => this.#onLoss()));
    // A worker that fails while it starts. Its end is seen in 'workerDestroy'.
    piscina.on('error', () => {});
  }

  /** Loads Piscina; starts no thread yet. */
  static async open(options: CrewOptions, setup: WorkerSetup): Promise<Crew> {
    const { Piscina } = await import('piscina');
    const { threadCount } = options;
    const piscina = new Piscina({
      filename: options.workerFile.href,
      name: 'runTask',
      workerData: setup,
      ...(process.allowedNodeEnvironmentFlags.has(NO_REQUIRE_MODULE)
        ? { execArgv: [NO_REQUIRE_MODULE] }
        : {}),
      minThreads: 0,
      maxThreads: threadCount,
      idleTimeout: options.idleTimeoutMs,
      concurrentTasksPerWorker: TASKS_PER_WORKER,
      // Idle workers sleep on a futex; woken from there they were as fast as any other way, and use no CPU.
      atomics: 'sync',
      recordTiming: false,
      trackUnmanagedFds: false,
      loadBalancer: (_task, workers) => {
        let best: (typeof workers)[number] | null = null;
        for (const worker of workers) {
          if (best === null || worker.currentUsage < best.currentUsage) best = worker;
        }
        if (best === null || best.currentUsage === 0) return best;
        // Rather a new thread than a second task for one that is busy.
        return workers.length < threadCount || best.currentUsage >= TASKS_PER_WORKER ? null : best;
      },
    });
    return new Crew(options, setup, piscina);
  }

  /** The threads there are now. */
  get workers(): readonly Worker[] {
    return this.#piscina.threads;
  }

  /**
   * Has a worker do it. Rejects with an AlliumError POOL_FAILED when no worker can be started, and with anything else
   * when the task threw or its worker died.
   */
  async run(request: WorkerRequest): Promise<WorkerReply> {
    if (performance.now() < this.#brokenUntilMs) throw this.#brokenError();
    const reply = this.#piscina.run(request) as Promise<WorkerReply>;
    this.#adopt();
    try {
      const value = await reply;
      this.#strikes = 0;
      return value;
    } catch (error) {
      if (performance.now() < this.#brokenUntilMs) throw this.#brokenError();
      throw error;
    }
  }

  /** Ends all threads and waits until they are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#adopt();
    await this.#piscina.destroy();
    await Promise.all(this.#alive.values());
  }

  /** Keeps book of threads that are new. Their seats come free when they have really ended. */
  #adopt(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#alive.has(worker)) continue;
      const { threadId } = worker;
      const ended = new Promise<void>((resolve) => {
        worker.once('exit', () => {
          freeSeat(this.#setup.seats, threadId);
          this.#alive.delete(worker);
          resolve();
        });
      });
      this.#alive.set(worker, ended);
    }
  }

  /** Piscina starts threads only for new tasks: those in its queue would wait for one that is gone. */
  #onLoss(): void {
    if (this.#closing || this.#piscina.queueSize === 0) return;
    this.#strikes += 1;
    if (this.#strikes > STRIKES_MAX) {
      this.#strikes = 0;
      this.#brokenUntilMs = performance.now() + BROKEN_MS;
      // Rejects everything it has; it can be used again afterwards.
      void this.#piscina.destroy();
      return;
    }
    if (this.#piscina.threads.length < this.#options.threadCount) this.run(NOTHING).catch(() => {});
  }

  #brokenError(): AlliumError {
    return new AlliumError('POOL_FAILED', 'the worker threads cannot be started', {
      advice: 'Check that the machine has memory and threads to spare, and that the installation is whole.',
      details: { threadCount: this.#options.threadCount },
    });
  }
}
