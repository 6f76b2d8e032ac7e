import type { Lease } from '../../kernels/lease.ts';
import { CELL_BYTES } from '../cell/command.ts';
import { RUN_BYTES } from './cell-memory.ts';
import type { CellBatch } from './types.ts';

/** Cells that fit a run. */
const CELLS_MAX = Math.floor(RUN_BYTES / CELL_BYTES);

/**
 * The one {@link CellBatch} of a receiver, filled and handed out again and again. It holds its run while there are
 * cells in it.
 */
export class FilledBatch implements CellBatch {
  readonly offsets = new Int32Array(CELLS_MAX);
  count = 0;
  #lease: Lease | undefined;

  /** Only while there are cells in it. */
  get lease(): Lease {
    return this.#lease!;
  }

  /** Whether a cell of that run can be added without handing out the batch first. */
  takes(lease: Lease): boolean {
    return this.count === 0 || (this.#lease === lease && this.count < CELLS_MAX);
  }

  add(lease: Lease, offset: number): void {
    if (this.#lease === undefined) this.#lease = lease.retain();
    this.offsets[this.count++] = offset;
  }

  clear(): void {
    this.count = 0;
    this.#lease?.release();
    this.#lease = undefined;
  }
}
