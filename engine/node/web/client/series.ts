import type { NodeStats } from '../../control/session-options.ts';
import type { HistoryEvent } from '../wire.ts';

/** Columns of a chart: times in Unix seconds, then a list of values for each line. */
export type ChartData = [number[], ...number[][]];

/** Values of the last seconds. */
class Series {
  readonly data: ChartData;
  readonly #lengthMax: number;

  constructor(lines: number, lengthMax: number) {
    this.data = [[], ...Array.from({ length: lines }, (): number[] => [])];
    this.#lengthMax = lengthMax;
  }

  protected add(values: readonly number[]): void {
    for (const [index, list] of this.data.entries()) {
      list.push(values[index]!);
      if (list.length > this.#lengthMax) list.shift();
    }
  }
}

export class SpeedSeries extends Series {
  constructor(lengthMax: number) {
    super(2, lengthMax);
  }

  push(atSec: number, down: number, up: number): void {
    this.add([atSec, down, up]);
  }

  load({ endSec, down, up }: HistoryEvent): void {
    for (const list of this.data) list.length = 0;
    for (const [index, rate] of down.entries()) {
      this.push(endSec - (down.length - 1 - index), rate, up[index] ?? 0);
    }
  }
}

/** What the worker pool and the slab have done: part of the slab in use, and bytes hashed per second. */
export class EngineSeries extends Series {
  /** Views of {@link data} that stay the same lists. */
  readonly slabLine: ChartData = [this.data[0], this.data[1]!];
  readonly hashLine: ChartData = [this.data[0], this.data[2]!];
  #bytes = -1;
  #atSec = 0;

  constructor(lengthMax: number) {
    super(2, lengthMax);
  }

  push(atSec: number, { slab, hashing }: NodeStats): void {
    const seconds = atSec - this.#atSec;
    const isFirst = this.#bytes < 0 || seconds <= 0;
    const rate = isFirst ? 0 : Math.max(0, (hashing.bytes - this.#bytes) / seconds);
    this.#bytes = hashing.bytes;
    this.#atSec = atSec;
    this.add([atSec, slab.slotCount === 0 ? 0 : slab.leasedSlots / slab.slotCount, rate]);
  }

  get hashRate(): number {
    return this.data[2]?.at(-1) ?? 0;
  }
}
