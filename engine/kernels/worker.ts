import { threadId, workerData } from 'node:worker_threads';
import { AlliumError, type ErrorData } from '../codec/error.ts';
import { openContext, type Task, type TaskContext, type WorkerSetup } from './tasks/context.ts';
import { TASKS, type TaskName } from './tasks.ts';
import { takeSeat } from './worker-seat.ts';

/** Ways to die in the middle of a task, for tests: an exception, or the end of the worker. */
export type PoolFault = 'throw' | 'exit';

/** What the pool sends for each task. */
export interface WorkerRequest {
  readonly task: TaskName;
  readonly payload: unknown;
  readonly fault: PoolFault | undefined;
}

/** What comes back. An `AlliumError` is an answer: only other exceptions are tried again. */
export type WorkerReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData };

const setup = workerData as WorkerSetup;
let seat: number | undefined;
let context: TaskContext | undefined;

/** The worker's entry: does one task. */
export function runTask(request: WorkerRequest): WorkerReply {
  try {
    seat ??= takeSeat(setup.seats, threadId);
    context ??= openContext(setup, seat);
    if (request.fault === 'exit') process.exit(1);
    if (request.fault === 'throw') throw new Error('a fault was asked for');
    const task = TASKS[request.task] as Task<unknown, unknown>;
    return { ok: true, value: task(request.payload, context) };
  } catch (error) {
    // A hasher may have been left in the middle of a message: the next task gets new ones.
    context = undefined;
    if (error instanceof AlliumError) return { ok: false, error: error.toData() };
    throw error;
  }
}
