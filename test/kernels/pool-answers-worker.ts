// A worker's program for the tests: answers every task with an error that a user can do something about.
import { AlliumError } from '../../engine/codec/error.ts';
import type { WorkerReply } from '../../engine/kernels/worker.ts';

export function runTask(): WorkerReply {
  const error = new AlliumError('FILE_CHANGED', 'it shrank', { advice: 'Try again.', details: { size: 3 } });
  return { ok: false, error: error.toData() };
}
