import type net from 'node:net';
import { Worker } from 'node:worker_threads';
import { AlliumError } from '../../../codec/error.ts';
import { type HandOver, type HandOverPlace, openHandOver } from '../hand-over.ts';
import { type FileBlocks, type FromSender, OUTCOME, type SenderSetup, type ToSender } from './messages.ts';

/** How long a thread may take to end by itself. */
const STOP_MS = 2_000;
/** Connections on their way to the thread: so few that the system takes each at once. */
const UNDER_WAY_MAX = 32;

/** What a stream hears of the thread that sends for it. */
export interface SenderOwner {
  /** The oldest of what was to be sent is; or could not be read, and was not. */
  onSent(isRead: boolean): void;
  /** The connection is broken. */
  onFailed(code: string): void;
}

/** The sending half of a connection, in another thread. */
export interface StreamSender {
  write(bytes: Uint8Array): void;
  /** Reads, where `file` is there, and sends; `bytes` lie in the shared memory. */
  sendMemory(bytes: Uint8Array, file: FileBlocks | undefined): void;
  /** Whether bytes over this buffer need not be copied. */
  shares(buffer: ArrayBufferLike): boolean;
  /** Sends what is left and ends the connection's sending half. */
  end(): void;
  /** Closes it; `gone` is called once when nothing is read into or sent from anybody's memory any more. */
  close(gone: () => void): void;
}

interface Lent {
  readonly owner: SenderOwner;
  gone: (() => void) | undefined;
}

/** A thread of the crew, as the loop sees it. */
export class SenderThread {
  private readonly worker: Worker;
  private readonly memory: SharedArrayBuffer;
  private readonly lent = new Map<number, Lent>();
  private readonly ended: Promise<void>;
  private handOver: HandOver | undefined;
  private underWay = 0;
  private nextId = 1;
  private isEnded = false;

  private constructor(worker: Worker, memory: SharedArrayBuffer, onEnd: () => void) {
    this.worker = worker;
    this.memory = memory;
    worker.on('error', () => {}); // it ends, which is told below
    this.ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.isEnded = true;
        this.handOver?.close();
        onEnd();
        this.loseAll();
        resolve();
      });
    });
  }

  /** Rejects with POOL_FAILED when it cannot work, or with the file system's errors. */
  static async start(memory: SharedArrayBuffer, onEnd: () => void): Promise<SenderThread> {
    const place = await openHandOver();
    const workerData: SenderSetup = { memory, handOverPath: place.path };
    const worker = new Worker(new URL('./sender-thread.js', import.meta.url), { workerData });
    const thread = new SenderThread(worker, memory, onEnd);
    await thread.begin(place);
    return thread;
  }

  get streamCount(): number {
    return this.lent.size;
  }

  adopt(socket: net.Socket, owner: SenderOwner): StreamSender | undefined {
    if (this.isEnded || this.underWay >= UNDER_WAY_MAX) return undefined;
    const id = this.nextId++;
    if (this.handOver?.share(socket, String(id)) !== true) return undefined;
    this.underWay++;
    const lent: Lent = { owner, gone: undefined };
    this.lent.set(id, lent);
    return {
      write: (bytes) => this.post({ kind: 'bytes', id, bytes }),
      sendMemory: ({ byteOffset: offset, byteLength }, file) =>
        this.post({ kind: 'memory', id, offset, byteLength, file }),
      shares: (buffer) => buffer === this.memory,
      end: () => this.post({ kind: 'end', id }),
      close: (gone) => {
        if (!this.lent.has(id)) return queueMicrotask(gone);
        lent.gone = gone;
        this.post({ kind: 'close', id });
      },
    };
  }

  async stop(): Promise<void> {
    if (this.isEnded) return;
    this.post({ kind: 'stop' });
    const timer = setTimeout(() => void this.worker.terminate(), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it as a fault would. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  private async begin(place: HandOverPlace): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.worker.on('message', (message: FromSender) => {
        if (message.kind === 'ready') resolve();
        else this.onMessage(message);
      });
    });
    const started = Promise.all([ready, place.ready]).then(([, handOver]) => {
      this.handOver = handOver;
    });
    await Promise.race([started, this.ended]);
    if (this.handOver !== undefined) {
      // It works for others, and keeps no process alive by itself.
      this.worker.unref();
      return;
    }
    place.close();
    throw new AlliumError('POOL_FAILED', 'a thread that sends to peers did not start');
  }

  private post(message: ToSender): void {
    this.worker.postMessage(message);
  }

  private onMessage(message: Exclude<FromSender, { readonly kind: 'ready' }>): void {
    switch (message.kind) {
      case 'here':
        this.underWay--;
        return;
      case 'did':
        for (let at = 0; at < message.results.length; at += 2) {
          const lent = this.lent.get(message.results[at]!);
          // One that is closing answers everything at once, when it is closed.
          if (lent?.gone === undefined) lent?.owner.onSent(message.results[at + 1] === OUTCOME.sent);
        }
        return;
      case 'failed':
        this.lent.get(message.id)?.owner.onFailed(message.code);
        return;
      case 'closed': {
        const lent = this.lent.get(message.id);
        this.lent.delete(message.id);
        lent?.gone?.();
      }
    }
  }

  private loseAll(): void {
    const all = [...this.lent.values()];
    this.lent.clear();
    for (const { owner, gone } of all) {
      if (gone === undefined) owner.onFailed('');
      else gone();
    }
  }
}
