import type { AlliumError } from '../codec/error.ts';
import { TASKS_PER_WORKER } from './pool-crew.ts';
import { BATCH_BYTES_MIN, batchBytes, type HashCall, HashQueue } from './pool-queue.ts';
import { failCall, HashWork, type Work } from './pool-work.ts';
import type { HashName } from './types.ts';

export interface ScheduleOptions {
  readonly threadCount: number;
  /** How many messages the workers hash side by side. */
  readonly lanes: Readonly<Record<HashName, number>>;
}

/** Everything that waits for a worker, and what comes next. Decides only; the pool acts. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #queues: Readonly<Record<HashName, HashQueue>> = {
    sha1: new HashQueue('sha1'),
    sha256: new HashQueue('sha256'),
  };
  readonly #tasks: Work[] = [];
  readonly #retries: Work[] = [];
  /** The sources take turns. */
  readonly #sources: readonly ((byteLengthMin: number) => Work | undefined)[] = [
    (byteLengthMin) => this.#takeBatch('sha1', byteLengthMin),
    (byteLengthMin) => this.#takeBatch('sha256', byteLengthMin),
    () => this.#tasks.shift(),
  ];
  #turn = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  addCall(call: HashCall): void {
    this.#queues[call.name].add(call);
  }

  addTask(work: Work): void {
    this.#tasks.push(work);
  }

  /** Work that failed once: from now on each caller's part goes by itself. */
  addRetry(work: Work, tries: number): void {
    for (const part of work.split()) {
      part.tries = tries;
      this.#retries.push(part);
    }
  }

  /** How many workers would have something to do now. */
  get demand(): number {
    let count = this.#tasks.length + this.#retries.length;
    for (const queue of Object.values(this.#queues)) {
      if (!queue.empty) count += Math.ceil(Math.max(queue.byteLength, 1) / BATCH_BYTES_MIN);
    }
    return Math.min(count, this.#options.threadCount);
  }

  /** What to send while workers have `running` tasks, if anything. */
  next(running: number): Work | undefined {
    while (this.#retries[0]?.obsolete) this.#retries.shift();
    // What may kill a worker runs alone, so that it is the only suspect.
    if (this.#retries.length > 0) return running === 0 ? this.#retries.shift() : undefined;
    const { threadCount } = this.#options;
    if (running >= threadCount * TASKS_PER_WORKER) return undefined;
    // A worker without work gets whatever there is; one that has work gets more only if it is worth a trip.
    const byteLengthMin = running < threadCount ? 0 : BATCH_BYTES_MIN;
    for (let step = 0; step < this.#sources.length; step += 1) {
      const turn = (this.#turn + step) % this.#sources.length;
      const work = this.#sources[turn]!(byteLengthMin);
      if (work === undefined) continue;
      this.#turn = turn + 1;
      return work;
    }
    return undefined;
  }

  /** Fails everything that waits. */
  fail(error: AlliumError): void {
    for (const queue of Object.values(this.#queues)) for (const call of queue.drain()) failCall(call, error);
    for (const work of this.#tasks.splice(0)) work.fail(error);
    for (const work of this.#retries.splice(0)) work.fail(error);
  }

  #takeBatch(name: HashName, byteLengthMin: number): Work | undefined {
    const { lanes, threadCount } = this.#options;
    const queue = this.#queues[name];
    if (queue.byteLength < byteLengthMin) return undefined;
    const batch = queue.take({
      byteLengthMin: batchBytes(queue.byteLength, threadCount),
      lanes: lanes[name],
    });
    return batch === undefined ? undefined : new HashWork(batch);
  }
}
