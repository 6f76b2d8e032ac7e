// A worker's program for the tests: answers every task with an error that a user can do something about, and the
// payload `odd` with something that cannot travel.
import { AlliumError } from '../../engine/codec/error.ts';
import { type SessionSetup, serveSession, type WorkerReply } from '../../engine/kernels/worker-session.ts';

export function serve(session: SessionSetup): void {
  serveSession(session, (request): WorkerReply => {
    if (request.payload === 'odd') return { kind: 'value', value: () => 'a function' };
    const error = new AlliumError('FILE_CHANGED', 'it shrank', {
      advice: 'Try again.',
      details: { size: 3 },
    });
    return { kind: 'error', error: error.toData() };
  });
}
