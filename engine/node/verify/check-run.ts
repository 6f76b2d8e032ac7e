import { type BatchSize, nextBatch } from '../../bittorrent/verify/batch.ts';
import { RateLimit } from '../../bittorrent/verify/rate-limit.ts';
import type { ReadPool } from '../content/read-pool.ts';
import { type CheckJob, DiskLane, type Share } from './disk-lane.ts';

export interface CheckRunOptions {
  /** Infinity for no limit. */
  readonly rateBytesPerSec: number;
  /** Readers on one disk: overrides what is known of the disk. */
  readonly readersPerDisk?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every task. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

export interface RunProgress {
  /** Bytes read in this run. */
  readonly doneBytes: number;
  /** Bytes read and yet to be read in this run. */
  readonly totalBytes: number;
  /** Torrents that are finished. */
  readonly doneTorrents: number;
}

/** Tasks each thread has in work or at hand. */
const TASKS_PER_THREAD = 2;
/** After a pause no more than this much of the rate goes at once. */
const BURST_MS = 250;
/** How long to prepare torrents before others (a signal, say) get a turn. */
const TURN_MS = 50;

/** Runs checks: each disk with as many readers as suit it, all disks side by side, one pool for all of them. */
export class CheckRun {
  readonly #options: CheckRunOptions;
  readonly #pool: ReadPool;
  readonly #lanes: DiskLane[] = [];
  readonly #rate: RateLimit;
  #running = 0;
  #doneBytes = 0;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    options: CheckRunOptions,
    modules: { readonly pool: ReadPool; readonly jobs: readonly CheckJob[] },
  ) {
    this.#options = options;
    this.#pool = modules.pool;
    this.#rate = new RateLimit({
      rateBytesPerSec: options.rateBytesPerSec,
      burstMs: BURST_MS,
      nowMs: performance.now(),
    });
    const lanes = new Map<string, DiskLane>();
    for (const job of modules.jobs) {
      let lane = lanes.get(job.disk.key);
      if (lane === undefined) {
        lane = new DiskLane(this.#readersOn(job));
        lanes.set(job.disk.key, lane);
      }
      lane.add(job);
    }
    // Slow disks are asked first: they shall never wait.
    this.#lanes = [...lanes.values()].sort((a, b) => a.readersMax - b.readersMax);
  }

  /** Until all jobs are done. Rejects with the first failure, or the signal's reason, when nothing runs any more. */
  async run(): Promise<void> {
    const onAbort = (): void => this.#fail(this.#options.signal?.reason);
    this.#options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#options.signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#pump();
      });
    } finally {
      this.#options.signal?.removeEventListener('abort', onAbort);
      clearTimeout(this.#timer);
    }
  }

  #readersOn(job: CheckJob): number {
    const { readersPerDisk } = this.#options;
    if (readersPerDisk !== undefined) return readersPerDisk;
    // As many as there are tasks at all, which may be more later.
    return job.disk.isRotating ? 1 : Number.MAX_SAFE_INTEGER;
  }

  get #tasksMax(): number {
    return this.#pool.taskCountMax ?? this.#pool.threadCount * TASKS_PER_THREAD;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#pump();
  }

  /** Hands out work until everyone has enough, then comes back when something is done. */
  #pump(): void {
    clearTimeout(this.#timer);
    const startedMs = performance.now();
    try {
      while (this.#failure === undefined) {
        const delayMs = this.#rate.delayMs(performance.now());
        if (delayMs > 0) {
          this.#timer = setTimeout(() => this.#pump(), delayMs);
          break;
        }
        if (performance.now() - startedMs > TURN_MS) {
          this.#timer = setTimeout(() => this.#pump(), 0);
          break;
        }
        if (!this.#handOut()) break;
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#settleIfDone();
  }

  #settleIfDone(): void {
    if (this.#running > 0) return;
    if (this.#failure !== undefined) this.#settle?.reject(this.#failure.error);
    else if (this.#lanes.every((lane) => lane.isDone)) this.#settle?.resolve();
  }

  /** One step: false when nothing can be handed out now. */
  #handOut(): boolean {
    for (let step = 0; step < this.#lanes.length; step += 1) {
      const lane = this.#lanes[(this.#turn + step) % this.#lanes.length]!;
      if (!lane.mayRead || (!lane.isSlow && this.#running >= this.#tasksMax)) continue;
      const share = lane.take((pieceLength) => this.#sizeOf(pieceLength));
      if (share === undefined) continue;
      if (lane.isSlow) this.#turn = 0;
      else this.#turn = (this.#turn + step + 1) % this.#lanes.length;
      if (share !== 'opened') void this.#read(lane, share);
      return true;
    }
    return false;
  }

  /** How much the next task should hold; under a limit less, so that the stream stays even. */
  #sizeOf(pieceLength: number): BatchSize {
    const remaining = this.#sum((lane) => lane.remainingBytes);
    const size = nextBatch(remaining, pieceLength, this.#tasksMax / TASKS_PER_THREAD);
    const { sliceBytes } = this.#rate;
    return sliceBytes > size.bytes ? size : { bytes: sliceBytes, piecesMin: 1 };
  }

  #sum(value: (lane: DiskLane) => number): number {
    return this.#lanes.reduce((total, lane) => total + value(lane), 0);
  }

  async #read(lane: DiskLane, share: Share): Promise<void> {
    this.#running += 1;
    this.#rate.spend(share.bytes);
    try {
      const result = await this.#pool.run(share.plan.payload);
      const hashed = share.check.accept(share.plan, result);
      this.#doneBytes += result.bytesRead;
      share.job.onHashed?.(share.check, hashed);
      lane.giveBack(share);
      this.#report();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#running -= 1;
    this.#pump();
  }

  #report(): void {
    this.#options.onProgress?.({
      doneBytes: this.#doneBytes,
      totalBytes: this.#doneBytes + this.#sum((lane) => lane.outBytes + lane.remainingBytes),
      doneTorrents: this.#sum((lane) => lane.doneCount),
    });
  }
}
