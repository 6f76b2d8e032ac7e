import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import { CELL_BYTES, VARIABLE_HEADER_BYTES } from '../cell/command.ts';
import { GatherBuffers } from './gather-buffers.ts';

/** A run that one channel reads into: 64 KiB, 127 cells and a bit. */
export const RUN_SLOTS = 4;
/** The longest variable cell that is kept; CERTS of C tor has about 2,000 bytes. */
export const VARIABLE_BODY_BYTES_MAX = 8192;
/** What is left of a cell at the end of a read. */
export const CARRY_BYTES_MAX = VARIABLE_HEADER_BYTES + VARIABLE_BODY_BYTES_MAX;
/** TLS hands out a record at a time. */
const SCRATCH_BYTES = 16384;

/**
 * The memory that the channels of one event loop read into. Busy channels have runs of their own, which TLS fills
 * directly. All others share one scratch buffer, so that an idle peer costs no memory: what it sends is copied from
 * there into a run that they share as well, and fill densely.
 */
export class CellMemory {
  readonly slab: Slab;
  /** {@link CARRY_BYTES_MAX} bytes for what a read before left over, then those that reads fill. */
  readonly scratch = new Uint8Array(CARRY_BYTES_MAX + SCRATCH_BYTES);
  readonly scratchTarget = this.scratch.subarray(CARRY_BYTES_MAX);
  /** For what goes out; as the scratch buffer, for all. */
  readonly gatherBuffers = new GatherBuffers();
  /** Bytes copied into shared runs, bytes read into runs directly, and times that there was no room. */
  readonly stats = { copiedBytes: 0, directBytes: 0, refusals: 0 };
  readonly #directRunsMax: number;
  #directRuns = 0;
  #shared: Lease | undefined;
  #sharedFilled = 0;

  /** At most `directRunsMax` channels have a run of their own; default: a quarter of the slab. */
  constructor(options: { readonly directRunsMax?: number }, modules: { readonly slab: Slab }) {
    this.slab = modules.slab;
    this.#directRunsMax = options.directRunsMax ?? Math.floor(modules.slab.slotCount / RUN_SLOTS / 4);
  }

  get directRuns(): number {
    return this.#directRuns;
  }

  /** A run for one channel alone, or undefined: then it shares. */
  takeRun(): Lease | undefined {
    if (this.#directRuns >= this.#directRunsMax) return undefined;
    const run = this.slab.tryLease(RUN_SLOTS, 'cells of a link');
    if (run !== undefined) this.#directRuns++;
    return run;
  }

  /** The channel reads into it no more; who retained it still has it. */
  returnRun(run: Lease): void {
    this.#directRuns--;
    run.release();
  }

  /** How many whole cells the shared run takes now; 0 when there is none. */
  get sharedRoomCells(): number {
    const shared = this.#shared;
    return shared === undefined ? 0 : Math.floor((shared.byteLength - this.#sharedFilled) / CELL_BYTES);
  }

  /** The run that idle channels share now. */
  get shared(): Lease | undefined {
    return this.#shared;
  }

  /** Begins a new shared run. False when the slab has no room: nothing has changed then. */
  renewShared(): boolean {
    const fresh = this.slab.tryLease(RUN_SLOTS, 'cells of quiet links');
    if (fresh === undefined) {
      this.stats.refusals++;
      return false;
    }
    this.#shared?.release();
    this.#shared = fresh;
    this.#sharedFilled = 0;
    return true;
  }

  /** Copies whole cells into the shared run, which must have room; where in the slab they begin. */
  share(bytes: Uint8Array, start: number, end: number): number {
    const offset = this.#shared!.offset + this.#sharedFilled;
    this.slab.bytes.set(bytes.subarray(start, end), offset);
    this.#sharedFilled += end - start;
    this.stats.copiedBytes += end - start;
    return offset;
  }

  /** Gives the shared run back: for the end of the event loop's work. */
  close(): void {
    this.#shared?.release();
    this.#shared = undefined;
  }
}

/** Bytes of a run. */
export const RUN_BYTES = RUN_SLOTS * SLOT_BYTES;
