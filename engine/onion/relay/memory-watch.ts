import { SLOT_BYTES } from '../../kernels/types.ts';
import { CELL_BYTES } from '../cell/command.ts';
import { DESTROY_REASON } from '../cell/reason.ts';
import { circuitsToClose, isUnderMemoryPressure } from '../flow/memory-pressure.ts';
import type { QueueRoom } from './cell-queue.ts';
import type { Circuits } from './circuits.ts';
import type { RelayCounters } from './counters.ts';

/** Above this part of the slab in use, circuits with waiting cells are closed as well. */
const SLAB_PART_MAX = 0.9;
/** Queues may grow by this much before they are looked at again, cells: looking walks over all circuits. */
const STEP_CELLS = 64;

/** Closes the circuits whose cells have waited longest when too much waits. dos-spec, responding to low memory. */
export class MemoryWatch {
  readonly #queueBytesMax: number;
  readonly #room: QueueRoom;
  readonly #circuits: Circuits;
  readonly #counters: RelayCounters;
  #nextCells = 0;

  constructor(
    options: { readonly queueBytesMax: number },
    modules: { readonly room: QueueRoom; readonly circuits: Circuits; readonly counters: RelayCounters },
  ) {
    this.#queueBytesMax = options.queueBytesMax;
    this.#room = modules.room;
    this.#circuits = modules.circuits;
    this.#counters = modules.counters;
  }

  /** Bytes of cells that wait, streams not counted: what is cheap to know. */
  get queuedBytes(): number {
    return this.#room.cells * CELL_BYTES;
  }

  /** Whether the relay has to say that it is overloaded. */
  get isUnderPressure(): boolean {
    return isUnderMemoryPressure(this.queuedBytes, this.#queueBytesMax);
  }

  /** To be called when cells have been queued. */
  check(): void {
    const { slab, cells } = this.#room;
    const isSlabFull = slab.leasedSlots > slab.slotCount * SLAB_PART_MAX;
    if (cells < this.#nextCells && !isSlabFull) return;
    this.#nextCells = cells + STEP_CELLS;
    const used = this.queuedBytes;
    if (used <= this.#queueBytesMax && !isSlabFull) return;
    const excess = isSlabFull ? (slab.leasedSlots - slab.slotCount * SLAB_PART_MAX) * SLOT_BYTES : 0;
    const limit = isSlabFull
      ? Math.max(0, Math.min(this.#queueBytesMax, used - excess))
      : this.#queueBytesMax;
    for (const circuit of circuitsToClose(this.#circuits.all, used, limit)) {
      this.#counters.refuse('queue-bytes');
      this.#circuits.close(circuit, DESTROY_REASON.resourceLimit);
    }
    this.#nextCells = this.#room.cells + STEP_CELLS;
  }
}
