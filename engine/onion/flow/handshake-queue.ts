import { type ConsensusParams, PARAM_MAX, readParam } from './consensus-param.ts';

/** What of handshakes a relay answers; each kind takes a time of its own. */
export type HandshakeKind = 'ntor' | 'ntor3';

/** Settings of {@link HandshakeQueue}. */
export interface HandshakeQueueOptions {
  /** A handshake that would have to wait for longer is refused. */
  readonly waitMaxMs: number;
  /** One that has waited for longer is not worth answering any more: its client has given up. */
  readonly staleMs: number;
  /** Entries at most, whatever the estimate says. */
  readonly lengthMax: number;
  /** Threads that work on it. */
  readonly workerCount: number;
}

/** From the consensus, clamped. */
export function handshakeQueueOptions(params: ConsensusParams, workerCount: number): HandshakeQueueOptions {
  const waitMaxMs = readParam(params, 'onion_queue_max_delay', { fallback: 1750, min: 1, max: PARAM_MAX });
  const staleSec = readParam(params, 'onion_queue_wait_cutoff', { fallback: 5, min: 1, max: PARAM_MAX });
  return { waitMaxMs, staleMs: staleSec * 1000, lengthMax: 65_536, workerCount };
}

/** Time for a handshake before any was measured, and how much of the old estimate stays with each measurement. */
const COST_FIRST_MS = 0.3;
const COST_KEPT = 0.95;

interface Entry<Task> {
  readonly task: Task;
  readonly kind: HandshakeKind;
  readonly queuedMs: number;
}

/**
 * The CREATE cells that wait to be answered. A relay that is flooded answers those that it can answer in time and
 * refuses the others at once, instead of answering all of them too late. dos-spec; C tor MaxOnionQueueDelay.
 */
export class HandshakeQueue<Task> {
  readonly #options: HandshakeQueueOptions;
  readonly #costMs: Record<HandshakeKind, number> = { ntor: COST_FIRST_MS, ntor3: COST_FIRST_MS };
  readonly #waiting: Record<HandshakeKind, number> = { ntor: 0, ntor3: 0 };
  #entries: Entry<Task>[] = [];
  #first = 0;
  /** Refused, and given up for having waited too long; for metrics and overload-general. */
  readonly dropped: Record<HandshakeKind, number> = { ntor: 0, ntor3: 0 };

  constructor(options: HandshakeQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#entries.length - this.#first;
  }

  /** How long a handshake that comes now would have to wait, milliseconds. */
  get waitMs(): number {
    const work = this.#waiting.ntor * this.#costMs.ntor + this.#waiting.ntor3 * this.#costMs.ntor3;
    return work / this.#options.workerCount;
  }

  /** False: no room in time; answer with DESTROY, reason 5 (resource limit). */
  push(task: Task, kind: HandshakeKind, nowMs: number): boolean {
    if (this.waitMs > this.#options.waitMaxMs || this.length >= this.#options.lengthMax) {
      this.dropped[kind] += 1;
      return false;
    }
    this.#entries.push({ task, kind, queuedMs: nowMs });
    this.#waiting[kind] += 1;
    return true;
  }

  /** Up to `countMax` handshakes to answer now. `drop` hears of those that have waited for too long. */
  take(countMax: number, nowMs: number, drop: (task: Task) => void): readonly Task[] {
    const tasks: Task[] = [];
    while (tasks.length < countMax && this.#first < this.#entries.length) {
      const { task, kind, queuedMs } = this.#entries[this.#first++]!;
      this.#waiting[kind] -= 1;
      if (nowMs - queuedMs <= this.#options.staleMs) {
        tasks.push(task);
        continue;
      }
      this.dropped[kind] += 1;
      drop(task);
    }
    if (this.#first > 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return tasks;
  }

  /** `count` handshakes of this kind took `elapsedMs` of one thread. */
  noteDone(kind: HandshakeKind, count: number, elapsedMs: number): void {
    if (count <= 0 || !(elapsedMs >= 0)) return;
    const kept = COST_KEPT ** count;
    this.#costMs[kind] = this.#costMs[kind] * kept + (elapsedMs / count) * (1 - kept);
  }
}
