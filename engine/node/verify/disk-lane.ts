import type { BatchSize } from '../../bittorrent/verify/batch.ts';
import type { HashedRun } from '../../bittorrent/verify/checkpoint.ts';
import type { ReadPlan } from '../../bittorrent/verify/read-plan.ts';
import { EXTENT_NUMBERS, PADDING } from '../../kernels/tasks/piece-source.ts';
import type { Disk } from './disk.ts';
import type { TorrentCheck } from './torrent-check.ts';

/** One torrent to check. Nothing of it is in memory before its turn. */
export interface CheckJob {
  readonly disk: Disk;
  /** A guess at the bytes to read, for the time left. */
  readonly bytes: number;
  /** Its turn has come. Undefined when there is nothing to check after all. */
  open(): TorrentCheck | undefined;
  /** Pieces were hashed. */
  readonly onHashed?: ((check: TorrentCheck, runs: readonly HashedRun[]) => void) | undefined;
  /** Everything has come back. */
  finish(check: TorrentCheck): void;
}

/** What one reader is to do. */
export interface Share {
  readonly job: CheckJob;
  readonly check: TorrentCheck;
  readonly plan: ReadPlan;
  /** That the plan reads. */
  readonly bytes: number;
}

interface Open {
  readonly job: CheckJob;
  readonly check: TorrentCheck;
  /** Shares that are out. */
  out: number;
  isHandedOut: boolean;
}

/** The torrents on one disk, one after the other; the next one starts while the last shares of the one before are out. */
export class DiskLane {
  /** Readers at one time. */
  readonly readersMax: number;
  /** Torrents that are finished. */
  doneCount = 0;
  /** Bytes that readers are at now. */
  outBytes = 0;
  #remainingBytes = 0;
  readonly #waiting: CheckJob[] = [];
  #next = 0;
  #current: Open | undefined;
  readonly #open = new Map<TorrentCheck, Open>();
  #readers = 0;

  constructor(readersMax: number) {
    this.readersMax = readersMax;
  }

  add(job: CheckJob): void {
    this.#waiting.push(job);
    this.#remainingBytes += job.bytes;
  }

  /** One reader at a time. */
  get isSlow(): boolean {
    return this.readersMax === 1;
  }

  get mayRead(): boolean {
    return this.#readers < this.readersMax;
  }

  get isDone(): boolean {
    return this.#next === this.#waiting.length && this.#open.size === 0;
  }

  /** Bytes that nobody reads yet. */
  get remainingBytes(): number {
    return Math.max(0, this.#remainingBytes);
  }

  /**
   * The next share; `opened` when a torrent was prepared or left behind instead, so that the caller can look at the
   * clock; undefined when all is handed out.
   */
  take(sizeOf: (pieceLength: number) => BatchSize): Share | 'opened' | undefined {
    const open = this.#current;
    if (open === undefined) return this.#openNext();
    const { job, check } = open;
    const size = sizeOf(check.torrent.pieceLength);
    const plan = check.take(size.bytes, size.piecesMin);
    if (plan === undefined) {
      open.isHandedOut = true;
      this.#current = undefined;
      this.#finishIfDone(open);
      return 'opened';
    }
    const bytes = bytesIn(plan);
    this.#readers += 1;
    this.#remainingBytes -= bytes;
    this.outBytes += bytes;
    open.out += 1;
    return { job, check, plan, bytes };
  }

  /** A share is done, well or not. */
  giveBack(share: Share): void {
    this.#readers -= 1;
    const open = this.#open.get(share.check)!;
    open.out -= 1;
    this.outBytes -= share.bytes;
    this.#finishIfDone(open);
  }

  #openNext(): 'opened' | undefined {
    const job = this.#waiting[this.#next];
    if (job === undefined) return undefined;
    this.#next += 1;
    const check = job.open();
    this.#remainingBytes += (check?.pendingBytes ?? 0) - job.bytes;
    if (check === undefined) {
      this.doneCount += 1;
      return 'opened';
    }
    this.#current = { job, check, out: 0, isHandedOut: false };
    this.#open.set(check, this.#current);
    return 'opened';
  }

  #finishIfDone(open: Open): void {
    if (!open.isHandedOut || open.out > 0) return;
    this.#open.delete(open.check);
    this.doneCount += 1;
    open.job.finish(open.check);
  }
}

function bytesIn(plan: ReadPlan): number {
  const { extents } = plan.payload;
  let bytes = 0;
  for (let at = 0; at < extents.length; at += EXTENT_NUMBERS) {
    if (extents[at] !== PADDING) bytes += extents[at + 2]!;
  }
  return bytes;
}
