// A worker's program for the tests: sends back what it gets, and leaves its session after a fifth of a millisecond.
import { type SessionSetup, serveSession } from '../../engine/kernels/worker-session.ts';

export function serve(session: SessionSetup): void {
  serveSession(session, (request) => ({ kind: 'value', value: request.payload }), 0.2);
}
