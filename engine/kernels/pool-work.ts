import type { AlliumError } from '../codec/error.ts';
import type { HashBatch, HashCall, HashJob } from './pool-queue.ts';
import { HASH_BYTES } from './sha.ts';
import type { HashPayload } from './tasks/hash.ts';
import { packMessages } from './tasks/message-list.ts';
import type { TaskName } from './tasks.ts';

/** One task for a worker, and whom it concerns. */
export interface Work {
  readonly task: TaskName;
  readonly payload: unknown;
  /** How often it was tried in vain. */
  tries: number;
  /** Nobody waits for it any more. */
  readonly obsolete: boolean;
  done(value: unknown): void;
  fail(error: AlliumError): void;
  /** The same work in the smallest parts that concern one caller each. */
  split(): readonly Work[];
}

/** A task that a caller asked for by name. */
export function taskWork(
  task: TaskName,
  payload: unknown,
  settle: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void },
): Work {
  const work: Work = {
    task,
    payload,
    tries: 0,
    obsolete: false,
    done: settle.resolve,
    fail: settle.reject,
    split: () => [work],
  };
  return work;
}

/** Parts of several `digest` calls, hashed in one go. */
export class HashWork implements Work {
  readonly task = 'hash';
  tries = 0;
  readonly #batch: HashBatch;

  constructor(batch: HashBatch) {
    this.#batch = batch;
  }

  get payload(): HashPayload {
    const messages = this.#batch.jobs.flatMap((job) =>
      job.call.messages.slice(job.first, job.first + job.count),
    );
    return { name: this.#batch.name, packed: packMessages(messages), messageCount: messages.length };
  }

  get obsolete(): boolean {
    return this.#batch.jobs.every((job) => job.call.failed);
  }

  /** `value`: the digests of all jobs one behind the other. */
  done(value: unknown): void {
    const digests = value as Uint8Array;
    const digestBytes = HASH_BYTES[this.#batch.name];
    let at = 0;
    for (const job of this.#batch.jobs) {
      const end = at + job.count * digestBytes;
      answer(job, digests.subarray(at, end), digestBytes);
      at = end;
    }
  }

  fail(error: AlliumError): void {
    for (const job of this.#batch.jobs) failCall(job.call, error);
  }

  split(): readonly Work[] {
    const { name, jobs } = this.#batch;
    return jobs.length === 1 ? [this] : jobs.map((job) => new HashWork({ name, jobs: [job] }));
  }
}

function answer(job: HashJob, digests: Uint8Array, digestBytes: number): void {
  const { call } = job;
  if (call.failed) return;
  call.out.set(digests, job.first * digestBytes);
  call.unanswered -= job.count;
  if (call.unanswered === 0) call.resolve(call.out);
}

/** Rejects a call, once. */
export function failCall(call: HashCall, error: AlliumError): void {
  if (call.failed) return;
  call.failed = true;
  call.reject(error);
}
