import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ErrorData } from '../codec/error.ts';
import type { TaskName } from './tasks.ts';

/** Ways to die in the middle of a task, for tests: an exception, or the end of the worker. */
export type PoolFault = 'throw' | 'exit';

/** What the pool sends for each task. */
export interface WorkerRequest {
  readonly task: TaskName;
  readonly payload: unknown;
  readonly fault: PoolFault | undefined;
}

/** What comes back: a result, an `AlliumError`, which is an answer too, or what else was thrown. */
export type WorkerReply =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: ErrorData }
  | { readonly kind: 'thrown'; readonly cause: unknown };

/** The first thing that comes back: the worker is there. */
export const READY = 'ready';

/**
 * A session is one Piscina task in which a worker does many tasks of ours: requests and replies go through `port`, in
 * order, and the worker sleeps on `counter` in between. A trip costs the calling thread a quarter of what a Piscina
 * task costs it (15 to 40 µs against 60 to 120).
 */
export interface SessionSetup {
  readonly port: MessagePort;
  /** Of one number, shared: requests sent, see {@link nextCount}, or {@link CLOSED}. */
  readonly counter: Int32Array;
}

/**
 * The worker has left the session: what was sent but not counted by then is not done. A session that begins so is
 * over at once.
 */
export const CLOSED = -1;
/** How long a worker waits for the next request before it leaves the session. Asleep: it costs nothing. */
const LINGER_MS = 100;

/** Counts in a circle of numbers ≥ 0. */
export function nextCount(count: number): number {
  return (count + 1) & 0x3fffffff;
}

/** The worker's side: does requests until none has come for `lingerMs`. */
export function serveSession(
  session: SessionSetup,
  runTask: (request: WorkerRequest) => WorkerReply,
  lingerMs = LINGER_MS,
): void {
  const { port, counter } = session;
  if (Atomics.load(counter, 0) === CLOSED) return;
  port.postMessage(READY);
  let seen = 0;
  for (;;) {
    while (Atomics.load(counter, 0) === seen) {
      if (Atomics.wait(counter, 0, seen, lingerMs) !== 'timed-out') continue;
      // A request may be counted just now: then the exchange fails, and the request is done.
      if (Atomics.compareExchange(counter, 0, seen, CLOSED) !== seen) continue;
      port.close();
      return;
    }
    const entry = receiveMessageOnPort(port) as { readonly message: WorkerRequest } | undefined;
    if (entry === undefined) throw new Error('a request was counted but not sent');
    reply(port, runTask(entry.message));
    seen = nextCount(seen);
  }
}

function reply(port: MessagePort, answer: WorkerReply): void {
  try {
    port.postMessage(answer);
  } catch (cause) {
    // It holds something that cannot travel.
    port.postMessage({ kind: 'thrown', cause: new Error(String(cause)) } satisfies WorkerReply);
  }
}
