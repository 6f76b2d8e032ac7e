import { failure, type Result, success } from '../directory/result.ts';
import { BUILD_BIN_MS, BUILD_TIMES_MAX, type BuildTimeoutParams } from './build-timeout-params.ts';

/**
 * The least time-out, whatever is learned. On loopback or a local network a circuit takes 20 ms, the fit says 60, and
 * every pause of a busy process would cost a fifth of all circuits. A second and a half is still far below what a
 * person notices as broken, and above what a pause of such a machine takes.
 */
export const BUILD_TIMEOUT_FLOOR_MS = 1500;

/** What is kept on disk: a histogram, as pairs of bin number and count. */
export interface BuildTimeoutState {
  readonly version: 1;
  readonly bins: readonly (readonly [bin: number, count: number])[];
}

/** A bin beyond this (an hour) in a saved state is a sign of damage. */
const BIN_MAX = 3_600_000 / BUILD_BIN_MS;

/**
 * Learns how long building a circuit of three hops may take: a Pareto curve is fitted to the last 1000 build times
 * and the time-out is the quantile that lets 80 % of circuits through (path-spec 2.4). Circuits beyond the time-out
 * are not used, but may come to their end until {@link closeMs}, because the fit needs the tail.
 */
export class BuildTimeouts {
  readonly #params: BuildTimeoutParams;
  readonly #floorMs: number;
  /** The last times as bin numbers, a ring. */
  readonly #bins: Uint32Array = new Uint32Array(BUILD_TIMES_MAX);
  #next = 0;
  #count = 0;
  /** Outcomes of late: true for a time-out. A ring. */
  readonly #recent: boolean[] = [];
  #recentNext = 0;
  #timeoutMs: number;
  #closeMs: number;

  /** `floorMs`: the least time-out; {@link BUILD_TIMEOUT_FLOOR_MS} where none is given. */
  constructor(params: BuildTimeoutParams, options: { readonly floorMs?: number } = {}) {
    this.#params = params;
    this.#floorMs = options.floorMs ?? BUILD_TIMEOUT_FLOOR_MS;
    this.#timeoutMs = params.initialMs;
    this.#closeMs = params.initialMs;
  }

  /** Whether enough is known for a time-out of its own. */
  get isLearned(): boolean {
    return !this.#params.isDisabled && this.#count >= this.#params.circuitsMin;
  }

  /** Times that are remembered, at most 1000. */
  get count(): number {
    return this.#count;
  }

  /** After which time a circuit of `hopCount` hops is not used any more. Work grows with n(n+1)/2 (path-spec 2.4.3). */
  timeoutMs(hopCount = 3): number {
    return Math.max(this.#floorMs, this.#params.timeoutMinMs, this.#timeoutMs * hopFactor(hopCount));
  }

  /** After which time a circuit is closed and forgotten. */
  closeMs(hopCount = 3): number {
    return Math.max(this.#closeMs * hopFactor(hopCount), this.timeoutMs(hopCount));
  }

  /** A circuit was complete (its first three hops) after `elapsedMs`; also one that was past its time-out. */
  noteBuilt(elapsedMs: number): void {
    if (this.#params.isDisabled || !(elapsedMs >= 0)) return;
    // Those that were too late have been noted by noteTimeout.
    if (elapsedMs <= this.timeoutMs()) this.#noteOutcome(false);
    this.#remember(Math.min(Math.floor(elapsedMs / BUILD_BIN_MS), BIN_MAX));
    this.#learn();
  }

  /**
   * A circuit with at least one hop reached its time-out. True: so many did of late that the network must have
   * changed; all is forgotten and learning begins anew.
   */
  noteTimeout(): boolean {
    if (this.#params.isDisabled) return false;
    this.#noteOutcome(true);
    const timeouts = this.#recent.filter((isTimeout) => isTimeout).length;
    if (timeouts < this.#params.recentTimeoutsMax) return false;
    const { initialMs } = this.#params;
    const isDoubled = this.#timeoutMs >= initialMs;
    this.#timeoutMs = isDoubled ? Math.min(this.#timeoutMs * 2, TIMEOUT_MAX_MS) : initialMs;
    this.#closeMs = this.#timeoutMs;
    this.#count = 0;
    this.#next = 0;
    this.#recent.length = 0;
    this.#recentNext = 0;
    return true;
  }

  save(): BuildTimeoutState {
    return { version: 1, bins: [...this.#histogram()].sort((a, b) => a[0] - b[0]) };
  }

  /** Takes a saved state over; what is wrong with one that is not taken. `shuffle` gives 0 ≤ n < bound by chance. */
  restore(state: unknown, shuffle: (bound: number) => number): Result<undefined> {
    const bins = readBins(state);
    if (!bins.ok) return bins;
    const times = bins.value.flatMap(([bin, count]) => new Array<number>(count).fill(bin));
    // A histogram has no order, and old times shall not go out in order of length (path-spec 2.4.2).
    for (let i = times.length - 1; i > 0; i--) {
      const k = shuffle(i + 1);
      [times[i], times[k]] = [times[k]!, times[i]!];
    }
    this.#count = 0;
    this.#next = 0;
    for (const bin of times) this.#remember(bin);
    this.#learn();
    return success(undefined);
  }

  #remember(bin: number): void {
    this.#bins[this.#next] = bin;
    this.#next = (this.#next + 1) % BUILD_TIMES_MAX;
    this.#count = Math.min(this.#count + 1, BUILD_TIMES_MAX);
  }

  #noteOutcome(isTimeout: boolean): void {
    this.#recent[this.#recentNext] = isTimeout;
    this.#recentNext = (this.#recentNext + 1) % this.#params.recentCount;
  }

  #histogram(): Map<number, number> {
    const histogram = new Map<number, number>();
    for (let i = 0; i < this.#count; i++) {
      const bin = this.#bins[i]!;
      histogram.set(bin, (histogram.get(bin) ?? 0) + 1);
    }
    return histogram;
  }

  #learn(): void {
    if (!this.isLearned) return;
    const { modeCount, quantile, closeQuantile, initialMs } = this.#params;
    const histogram = this.#histogram();
    const startMs = paretoStart(histogram, modeCount);
    let logs = 0;
    let longestMs = 0;
    for (const [bin, count] of histogram) {
      const timeMs = middleOf(bin);
      logs += count * Math.log(Math.max(startMs, timeMs));
      longestMs = Math.max(longestMs, timeMs);
    }
    const slope = logs - this.#count * Math.log(startMs);
    const at = (part: number): number =>
      slope <= 0 ? startMs : startMs / (1 - part) ** (slope / this.#count);
    this.#timeoutMs = Math.min(at(quantile), longestMs);
    this.#closeMs = Math.max(Math.min(at(closeQuantile), 2 * longestMs), initialMs);
  }
}

/** Doubling ends here. */
const TIMEOUT_MAX_MS = 600_000;

function hopFactor(hopCount: number): number {
  return (hopCount * (hopCount + 1)) / 12;
}

function middleOf(bin: number): number {
  return bin * BUILD_BIN_MS + BUILD_BIN_MS / 2;
}

/** Xm: the mean of the most frequent bins, by their counts; among equals the shorter time. path-spec 2.4.3. */
function paretoStart(histogram: ReadonlyMap<number, number>, modeCount: number): number {
  const modes = [...histogram].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, modeCount);
  let sum = 0;
  let count = 0;
  for (const [bin, times] of modes) {
    sum += middleOf(bin) * times;
    count += times;
  }
  return sum / count;
}

function readBins(state: unknown): Result<readonly (readonly [number, number])[]> {
  const { version, bins } = (typeof state === 'object' && state !== null ? state : {}) as Record<
    string,
    unknown
  >;
  if (version !== 1) return failure('the saved circuit build times are of a version that is not known');
  if (!Array.isArray(bins)) return failure('the saved circuit build times are damaged: no list');
  const read: [number, number][] = [];
  let total = 0;
  for (const entry of bins as readonly unknown[]) {
    const [bin, count] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    const isGood = isCount(bin, BIN_MAX) && isCount(count, BUILD_TIMES_MAX);
    if (!isGood) return failure('the saved circuit build times are damaged: a bin that cannot be');
    total += count as number;
    if (total > BUILD_TIMES_MAX) return failure('the saved circuit build times are damaged: too many');
    read.push([bin as number, count as number]);
  }
  return success(read);
}

function isCount(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
