import type net from 'node:net';
import { Worker } from 'node:worker_threads';
import { AlliumError } from '../../../codec/error.ts';
import { type HandOver, type HandOverPlace, openHandOver } from '../../../runtime/real/hand-over.ts';
import type { FromShard, ShardReport, ShardSetup, ToShard } from './messages.ts';
import type { ShardLoad } from './shard-plan.ts';

/** How long a shard may take to close its connections before it is ended. */
const STOP_MS = 2_000;
/** How much of the old figure stays with each report. */
const RATE_KEPT = 0.7;

export interface ShardThreadModules {
  readonly onReport: (report: ShardReport) => void;
  /** A directory request; the answer goes back by {@link ShardThread.post}. */
  readonly onDirectory: (number: number, bytes: Uint8Array) => void;
  /** Once, after {@link ShardThread.start} has come back: the thread is gone, and all of its connections. */
  readonly onEnd: (why: string) => void;
}

/** A shard as the main thread sees it: a thread that is given connections and told things. */
export class ShardThread {
  readonly #worker: Worker;
  readonly #modules: ShardThreadModules;
  readonly #ended: Promise<void>;
  #handOver: HandOver | undefined;
  #report: ShardReport | undefined;
  #reportMs = 0;
  #bytesPerSec = 0;
  /** Connections since the last report. */
  #given = 0;
  #why = 'it ended';
  #isEnded = false;

  private constructor(worker: Worker, modules: ShardThreadModules) {
    this.#worker = worker;
    this.#modules = modules;
    worker.on('error', (error) => {
      this.#why = error.message;
    });
    worker.on('messageerror', (error) => {
      this.#why = error.message;
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#isEnded = true;
        this.#handOver?.close();
        resolve();
      });
    });
  }

  /** Rejects with an AlliumError when it cannot work, as for lack of memory; then nothing of it is left. */
  static async start(
    setup: Omit<ShardSetup, 'handOverPath'>,
    modules: ShardThreadModules,
  ): Promise<ShardThread> {
    const place = await openHandOver();
    const workerData: ShardSetup = { ...setup, handOverPath: place.path };
    const worker = new Worker(new URL('./relay-shard.js', import.meta.url), { workerData });
    const thread = new ShardThread(worker, modules);
    await thread.#begin(place);
    return thread;
  }

  get load(): ShardLoad {
    return {
      isReady: this.#handOver !== undefined && !this.#isEnded,
      links: (this.#report?.stats.channels ?? 0) + this.#given,
      bytesPerSec: this.#bytesPerSec,
    };
  }

  /** The last one; undefined: there is none yet. */
  get report(): ShardReport | undefined {
    return this.#report;
  }

  /** The connection is the shard's from now on. */
  give(socket: net.Socket): void {
    this.#given += 1;
    this.#handOver!.send(socket);
  }

  post(message: ToShard): void {
    this.#worker.postMessage(message);
  }

  /** Closes its circuits and links and ends it. Nothing is told about it any more. */
  async stop(): Promise<void> {
    if (this.#isEnded) return;
    this.post({ kind: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Ends it as a fault would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  async #begin(place: HandOverPlace): Promise<void> {
    let failed: AlliumError | undefined;
    const ready = new Promise<void>((resolve) => {
      this.#worker.on('message', (message: FromShard) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed') failed = AlliumError.fromData(message.error);
        else this.#onMessage(message);
      });
    });
    const started = Promise.all([ready, place.ready]).then(([, handOver]) => {
      this.#handOver = handOver;
    });
    await Promise.race([started, this.#ended]);
    if (this.#handOver === undefined) {
      place.close();
      throw failed ?? new AlliumError('POOL_FAILED', `a shard of the relay did not start: ${this.#why}`);
    }
    this.#ended.then(() => this.#modules.onEnd(this.#why)).catch(() => {});
  }

  #onMessage(message: Exclude<FromShard, { readonly kind: 'ready' | 'failed' }>): void {
    if (message.kind === 'directory') {
      this.#modules.onDirectory(message.number, message.bytes);
      return;
    }
    this.#noteRate(message);
    this.#report = message;
    this.#given = 0;
    this.#modules.onReport(message);
  }

  #noteRate({ traffic }: ShardReport): void {
    const nowMs = performance.now();
    const before = this.#report?.traffic;
    const moved =
      traffic.receivedBytes + traffic.sentBytes - (before?.receivedBytes ?? 0) - (before?.sentBytes ?? 0);
    const seconds = Math.max(0.001, (nowMs - this.#reportMs) / 1000);
    this.#reportMs = nowMs;
    this.#bytesPerSec = RATE_KEPT * this.#bytesPerSec + (1 - RATE_KEPT) * (moved / seconds);
  }
}
