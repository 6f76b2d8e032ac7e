import { MessageChannel, type Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { AlliumError } from '../codec/error.ts';
import { type Errand, Session } from './pool-session.ts';
import type { WorkerSetup } from './tasks/context.ts';
import { freeSeat } from './worker-seat.ts';
import { CLOSED, type SessionSetup, type WorkerReply, type WorkerRequest } from './worker-session.ts';

/** Threads lost one after the other while they started: then something is wrong with the machine. */
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

/**
 * The threads of a pool: started when there is work, replaced when they die. Piscina has the threads and runs a
 * session on each that is needed; requests go to the sessions.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #setup: WorkerSetup;
  readonly #piscina: Piscina;
  /** The threads that have not ended. */
  readonly #alive = new Map<Worker, Promise<void>>();
  readonly #sessions = new Set<Session>();
  /** What no session has room for yet. */
  readonly #backlog: Errand[] = [];
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
    const piscina = new Piscina({
      filename: options.workerFile.href,
      name: 'serve',
      workerData: setup,
      ...(process.allowedNodeEnvironmentFlags.has(NO_REQUIRE_MODULE)
        ? { execArgv: [NO_REQUIRE_MODULE] }
        : {}),
      minThreads: 0,
      maxThreads: options.threadCount,
      idleTimeout: options.idleTimeoutMs,
      concurrentTasksPerWorker: 1,
      // Idle workers sleep on a futex and use no CPU.
      atomics: 'sync',
      recordTiming: false,
      trackUnmanagedFds: false,
    });
    return new Crew(options, setup, piscina);
  }

  /** The threads there are now. */
  get workers(): readonly Worker[] {
    return this.#piscina.threads;
  }

  /**
   * Has a worker do it. Rejects with an AlliumError POOL_FAILED when no worker can be started, and with anything else
   * when the request cannot travel or its worker died.
   */
  run(request: WorkerRequest): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      this.#backlog.push({ request, resolve, reject });
      this.#assign();
    });
  }

  /** Starts that many threads, at most the number of the crew: work is on its way. */
  prepare(threadCount: number): void {
    while (this.#sessions.size < Math.min(threadCount, this.#options.threadCount)) this.#startSession();
  }

  /** Ends all threads and waits until they are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#adopt();
    await this.#piscina.destroy();
    await Promise.all(this.#alive.values());
  }

  /** Gives the backlog to the sessions, and starts sessions for what is left. */
  #assign(): void {
    if (this.#isBroken()) this.#failBacklog();
    for (;;) {
      const coming = this.#coming();
      const best = this.#leastBusy();
      const backlog = this.#backlog.length;
      if (backlog === 0) return;
      const idle = best?.load === 0;
      if (!idle && coming < backlog && this.#sessions.size < this.#options.threadCount) {
        this.#startSession();
        continue;
      }
      // What a coming worker will do at once is not put behind the work of another.
      if (best === undefined || (!idle && backlog <= coming)) return;
      if (best.send(this.#backlog[0]!)) this.#backlog.shift();
      else this.#sessions.delete(best);
    }
  }

  /** How many workers are on their way. */
  #coming(): number {
    let count = 0;
    for (const session of this.#sessions) if (!session.ready) count += 1;
    return count;
  }

  /** The session to give the next request to, if any has room. */
  #leastBusy(): Session | undefined {
    let best: Session | undefined;
    for (const session of this.#sessions) {
      if (!session.ready || session.load >= TASKS_PER_WORKER) continue;
      if (best === undefined || session.load < best.load) best = session;
    }
    return best;
  }

  #startSession(): void {
    this.#sessions.add(new Session((setup) => this.#runSession(setup), this));
  }

  #runSession(setup: SessionSetup): Promise<unknown> {
    const over = this.#piscina.run(setup, { transferList: [setup.port] }) as Promise<unknown>;
    this.#adopt();
    return over;
  }

  /** For {@link Session} only. */
  onRoom(): void {
    this.#strikes = 0;
    this.#assign();
  }

  /** For {@link Session} only. */
  onEnd(session: Session, error: unknown): void {
    this.#sessions.delete(session);
    if (this.#closing) return;
    if (error !== undefined && !session.ready) this.#strike();
    this.#assign();
  }

  /**
   * Piscina starts threads only for new tasks: a session in its queue would wait for ever for a thread that died
   * while it started. So it gets one more task, that does nothing.
   */
  #onLoss(): void {
    // Sessions for which no thread is starting.
    if (this.#closing || this.#piscina.queueSize === 0) return;
    this.#strike();
    if (this.#isBroken() || this.#piscina.threads.length >= this.#options.threadCount) return;
    const counter = new Int32Array(new SharedArrayBuffer(4)).fill(CLOSED);
    this.#runSession({ port: new MessageChannel().port1, counter }).catch(() => {});
  }

  /** One more thread was lost before it was of any use. */
  #strike(): void {
    this.#strikes += 1;
    if (this.#strikes <= STRIKES_MAX) return;
    this.#strikes = 0;
    this.#brokenUntilMs = performance.now() + BROKEN_MS;
    this.#failBacklog();
    // Ends all sessions; it can be used again afterwards.
    void this.#piscina.destroy();
  }

  #isBroken(): boolean {
    return performance.now() < this.#brokenUntilMs;
  }

  #failBacklog(): void {
    for (const errand of this.#backlog.splice(0)) {
      errand.reject(
        new AlliumError('POOL_FAILED', 'the worker threads cannot be started', {
          advice:
            'Check that the machine has memory and threads to spare, and that the installation is whole.',
          details: { threadCount: this.#options.threadCount },
        }),
      );
    }
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
}
