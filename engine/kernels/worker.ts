import { threadId, workerData } from 'node:worker_threads';
import { AlliumError } from '../codec/error.ts';
import { readChoice } from './shared-choice.ts';
import { openContext, type Task, type TaskContext, type WorkerSetup } from './tasks/context.ts';
import { TASKS } from './tasks.ts';
import { takeSeat } from './worker-seat.ts';
import { type SessionSetup, serveSession, type WorkerReply, type WorkerRequest } from './worker-session.ts';

const setup = workerData as WorkerSetup;
let seat: number | undefined;
let context: TaskContext | undefined;

/** The worker's entry. */
export function serve(session: SessionSetup): void {
  serveSession(session, runTask);
}

function runTask(request: WorkerRequest): WorkerReply {
  try {
    seat ??= takeSeat(setup.seats, threadId);
    context ??= openContext({ ...setup, choice: readChoice(setup.sharedChoice) }, seat);
    if (request.fault === 'exit') process.exit(1);
    if (request.fault === 'throw') throw new Error('a fault was asked for');
    const task = TASKS[request.task] as Task<unknown, unknown>;
    return { kind: 'value', value: task(request.payload, context) };
  } catch (error) {
    // A hasher may have been left in the middle of a message: the next task gets new ones.
    context = undefined;
    if (error instanceof AlliumError) return { kind: 'error', error: error.toData() };
    return { kind: 'thrown', cause: error };
  }
}
