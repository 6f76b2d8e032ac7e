import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import {
  CLOSED,
  nextCount,
  READY,
  type SessionSetup,
  type WorkerReply,
  type WorkerRequest,
} from './worker-session.ts';

/** A request, and who waits for its reply. */
export interface Errand {
  readonly request: WorkerRequest;
  readonly resolve: (reply: WorkerReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Has Piscina run the worker's side; settles when the session is over. */
export type RunSession = (setup: SessionSetup) => Promise<unknown>;

type Message = typeof READY | WorkerReply;

/** What the owner of a session hears. */
export interface SessionOwner {
  /** The worker has come, or has replied: it could do with more. */
  onRoom(): void;
  /** It is over. With an error if it failed; those who waited have been told. */
  onEnd(session: Session, error: unknown): void;
}

/** The pool's side of a session with one worker, see {@link SessionSetup}. */
export class Session {
  readonly #counter = new Int32Array(new SharedArrayBuffer(4));
  readonly #port: MessagePort;
  readonly #owner: SessionOwner;
  /** In the order they were sent, which is the order of the replies. */
  readonly #errands: Errand[] = [];
  #ready = false;

  constructor(run: RunSession, owner: SessionOwner) {
    this.#owner = owner;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: Message) => {
      this.#take(message);
      owner.onRoom();
    });
    run({ port: port2, counter: this.#counter }).then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(error),
    );
  }

  /** Whether the worker has come. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Requests without a reply. */
  get load(): number {
    return this.#errands.length;
  }

  /** False when the worker has just left: the request is as it was. */
  send(errand: Errand): boolean {
    const count = Atomics.load(this.#counter, 0);
    if (count === CLOSED) return false;
    try {
      this.#port.postMessage(errand.request);
    } catch (error) {
      errand.reject(error);
      return true;
    }
    if (Atomics.compareExchange(this.#counter, 0, count, nextCount(count)) !== count) return false;
    this.#errands.push(errand);
    Atomics.notify(this.#counter, 0);
    return true;
  }

  #take(message: Message): void {
    if (message === READY) this.#ready = true;
    else this.#errands.shift()?.resolve(message);
  }

  #end(error: unknown): void {
    this.#port.removeAllListeners('message');
    // Piscina's message may have overtaken the last replies.
    for (;;) {
      const entry = receiveMessageOnPort(this.#port) as { readonly message: Message } | undefined;
      if (entry === undefined) break;
      this.#take(entry.message);
    }
    this.#port.close();
    for (const errand of this.#errands.splice(0)) errand.reject(error);
    this.#owner.onEnd(this, error);
  }
}
