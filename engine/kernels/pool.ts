import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { AlliumError } from '../codec/error.ts';
import { chooseKernels } from './calibrate.ts';
import { chosenLanes, type KernelChoice, kernelPolicy } from './choice.ts';
import type { HashService, HashServiceStats } from './hash-service.ts';
import { type CompiledKernels, compileKernels } from './module.ts';
import { Crew } from './pool-crew.ts';
import { PoolRoom } from './pool-room.ts';
import { Schedule } from './pool-schedule.ts';
import { taskWork, type Work } from './pool-work.ts';
import { HASH_BYTES } from './sha.ts';
import { createSharedChoice, writeChoice } from './shared-choice.ts';
import type { Slab } from './slab.ts';
import { checkMessages } from './tasks/message-list.ts';
import type { TaskName, TaskPayload, TaskResult } from './tasks.ts';
import type { HashName, Message } from './types.ts';
import type { PoolFault } from './worker-session.ts';

/** How often work is tried before its caller hears of it. */
const TRIES_MAX = 5;
const IDLE_TIMEOUT_MS = 60_000;

export interface HashPoolOptions {
  /** Default: one per core. A busy event loop needs a core too. */
  readonly threadCount?: number;
  /** A worker without work for this long ends; the next work starts it again. Default: a minute. */
  readonly idleTimeoutMs?: number;
  /** Slots of each worker's private run, for tasks that read by themselves. Default: none. */
  readonly privateSlots?: number;
  /** The worker's program, for tests. */
  readonly workerFile?: URL;
  /** For tests: what shall go wrong with the nth task sent to a worker, from 1. */
  readonly fault?: (taskNumber: number) => PoolFault | undefined;
}

export interface HashPoolModules {
  readonly slab: Slab;
  /** The kernels, if they are compiled already. Default: compiled when the first worker starts. */
  readonly compiled?: CompiledKernels;
  /** Which twin does what. Default: as `ALLIUM_KERNELS` says, measured when the first worker starts. */
  readonly choice?: KernelChoice;
}

export interface HashPoolStats extends HashServiceStats {
  /** Tasks sent to workers. */
  readonly tasks: number;
  /** Tasks that failed and were done again. */
  readonly retried: number;
  /** Tasks that workers have now: at most two per worker. */
  readonly running: number;
  /** The most that they ever had. */
  readonly runningPeak: number;
  /** Threads there are now. */
  readonly threads: number;
}

/**
 * Hashes on all cores. Calls are cut and joined into tasks of a megabyte and more; only offsets travel. A task that
 * throws or loses its worker is done again by itself, while nothing else runs, so that no one else pays for it;
 * only if it fails time after time does its caller hear of it. The slab's leases stay with the callers throughout.
 */
export class HashPool implements HashService {
  readonly threadCount: number;
  readonly #options: HashPoolOptions;
  readonly #slab: Slab;
  readonly #compiled: CompiledKernels | undefined;
  readonly #choice: KernelChoice | undefined;
  readonly #sharedChoice = createSharedChoice();
  /** Messages that a worker hashes side by side; known before the first task is cut. */
  readonly #lanes: Record<HashName, number> = { sha1: 1, sha256: 1 };
  readonly #room: PoolRoom;
  readonly #schedule: Schedule;
  #crew: Crew | undefined;
  #crewOpening: Promise<void> | undefined;
  #isWarm = false;
  #dispatchScheduled = false;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #calls = 0;
  #pending = 0;
  #messages = 0;
  #bytes = 0;
  #tasks = 0;
  #retried = 0;
  #running = 0;
  #runningPeak = 0;

  /** Starts nothing yet. Throws SLAB_FULL when the slab has no room for its workers. */
  constructor(options: HashPoolOptions, modules: HashPoolModules) {
    this.#options = options;
    this.#slab = modules.slab;
    this.#compiled = modules.compiled;
    this.#choice = modules.choice;
    this.threadCount = options.threadCount ?? availableParallelism();
    const { threadCount } = this;
    this.#room = new PoolRoom({ threadCount, privateSlots: options.privateSlots ?? 0 }, modules);
    this.#schedule = new Schedule({ threadCount, lanes: this.#lanes });
  }

  get stats(): HashPoolStats {
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      pending: this.#pending,
      tasks: this.#tasks,
      retried: this.#retried,
      running: this.#running,
      runningPeak: this.#runningPeak,
      threads: this.workers.length,
    };
  }

  /** The threads there are now, for reports and tests. */
  get workers(): readonly Worker[] {
    return this.#crew?.workers ?? [];
  }

  async digest(name: HashName, messages: readonly Message[]): Promise<Uint8Array> {
    const byteLength = checkMessages(messages, this.#slab.bytes.length);
    const out = new Uint8Array(messages.length * HASH_BYTES[name]);
    if (messages.length === 0) return out;
    const unanswered = messages.length;
    this.#pending += unanswered;
    try {
      await this.#call((resolve, reject) => {
        this.#schedule.addCall({
          name,
          messages,
          byteLength,
          out,
          resolve,
          reject,
          unanswered,
          failed: false,
        });
      });
    } finally {
      this.#pending -= unanswered;
    }
    this.#messages += unanswered;
    this.#bytes += byteLength;
    return out;
  }

  /**
   * Has a worker do a task of the registry. It may be done twice when a worker dies. Rejects with the AlliumError
   * that the task threw, or with POOL_FAILED when it threw something else or took its worker along every time.
   */
  async run<Name extends TaskName>(task: Name, payload: TaskPayload<Name>): Promise<TaskResult<Name>> {
    const value = await this.#call((resolve, reject) => {
      this.#schedule.addTask(taskWork(task, payload, { resolve, reject }));
    });
    return value as TaskResult<Name>;
  }

  /** Starts all threads now: work will come. What hinders them is told to that work. */
  warmUp(): void {
    this.#isWarm = true;
    if (this.#closed === undefined) this.#crewOpening ??= this.#openCrew();
  }

  /** Waits for what is under way, ends the threads, gives back what it has of the slab. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#crewOpening;
    await this.#crew?.close();
    this.#room.giveBack();
  }

  /** Lets `enqueue` put something in line, and waits for it. */
  async #call(
    enqueue: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
  ): Promise<unknown> {
    if (this.#closed !== undefined) {
      throw new AlliumError('POOL_FAILED', 'the pool is closed', { advice: 'Close it after its last use.' });
    }
    this.#calls += 1;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        enqueue(resolve, reject);
        this.#scheduleDispatch();
      });
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#onIdle?.();
    }
  }

  /** In a microtask, so that calls made in one go are joined. */
  #scheduleDispatch(): void {
    if (this.#dispatchScheduled) return;
    this.#dispatchScheduled = true;
    queueMicrotask(() => {
      this.#dispatchScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const crew = this.#crew;
    if (crew === undefined) {
      this.#crewOpening ??= this.#openCrew();
      return;
    }
    for (;;) {
      const work = this.#schedule.next(this.#running);
      if (work === undefined) return;
      void this.#send(crew, work);
    }
  }

  async #openCrew(): Promise<void> {
    try {
      const policy = kernelPolicy(process.env);
      const compiled = this.#compiled ?? compileKernels();
      const crew = await this.#startCrew(compiled);
      try {
        const choice = this.#choice ?? chooseKernels(policy, compiled, this.threadCount);
        writeChoice(this.#sharedChoice, choice);
        Object.assign(this.#lanes, chosenLanes(choice, compiled.flavour));
      } catch (error) {
        await crew.close();
        throw error;
      }
      this.#crew = crew;
      this.#dispatch();
    } catch (error) {
      this.#crewOpening = undefined;
      this.#schedule.fail(error instanceof AlliumError ? error : poolFailed('start', 1, error));
    }
  }

  /** The first threads start while the kernels are still being chosen. */
  async #startCrew(compiled: CompiledKernels): Promise<Crew> {
    const { threadCount } = this;
    const idleTimeoutMs = this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
    const workerFile = this.#options.workerFile ?? new URL('./worker.js', import.meta.url);
    const { seats, threads, privateRuns } = this.#room;
    const sharedChoice = this.#sharedChoice;
    const setup = { memory: this.#slab.memory, compiled, sharedChoice, seats, threads, privateRuns };
    const crew = await Crew.open({ threadCount, idleTimeoutMs, workerFile }, setup);
    crew.prepare(this.#isWarm ? threadCount : this.#schedule.demand);
    return crew;
  }

  async #send(crew: Crew, work: Work): Promise<void> {
    this.#running += 1;
    this.#runningPeak = Math.max(this.#runningPeak, this.#running);
    this.#tasks += 1;
    const fault = this.#options.fault?.(this.#tasks);
    try {
      const reply = await crew.run({ task: work.task, payload: work.payload, fault });
      if (reply.kind === 'value') work.done(reply.value);
      else if (reply.kind === 'error') work.fail(AlliumError.fromData(reply.error));
      else this.#onFailure(work, reply.cause);
    } catch (error) {
      this.#onFailure(work, error);
    }
    this.#running -= 1;
    this.#dispatch();
  }

  #onFailure(work: Work, error: unknown): void {
    const tries = work.tries + 1;
    if (error instanceof AlliumError) work.fail(error);
    else if (tries >= TRIES_MAX) work.fail(poolFailed(work.task, tries, error));
    else {
      this.#retried += 1;
      this.#schedule.addRetry(work, tries);
    }
  }
}

function poolFailed(task: string, tries: number, cause: unknown): AlliumError {
  return new AlliumError('POOL_FAILED', `the workers could not do “${task}”, tried ${tries} times`, {
    advice: 'Look at the cause; if it comes again, please report it.',
    details: { task, tries },
    cause,
  });
}
