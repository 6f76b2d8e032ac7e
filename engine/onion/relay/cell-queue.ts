import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import { CELL_BYTES } from '../cell/command.ts';

/** Neighbouring cells that wait; a place in the slab and a hold on it. */
interface WaitingRange {
  lease: Lease | undefined;
  offset: number;
  cells: number;
  queuedMs: number;
  next: WaitingRange | undefined;
}

/** Cells that a slot of the slab holds. */
const SLOT_CELLS = Math.floor(SLOT_BYTES / CELL_BYTES);
/** Above this part of the slab in use, what has to wait is moved together instead of holding on to where it lies. */
const MOVE_PART = 0.5;
const SPARE_RANGES_MAX = 4096;

/** What the queues of a relay have in common: spare ranges, sums, the slab. */
export class QueueRoom {
  readonly slab: Slab;
  /** Cells that wait in all queues. */
  cells = 0;
  /** Bytes that wait in all streams that end here: for their connections, or as answers of the directory. */
  streamBytes = 0;
  moved = 0;
  #spare: WaitingRange | undefined;
  #spareCount = 0;

  constructor(modules: { readonly slab: Slab }) {
    this.slab = modules.slab;
  }

  /** Whether waiting cells are to be moved together. */
  get isTight(): boolean {
    return this.slab.leasedSlots > this.slab.slotCount * MOVE_PART;
  }

  take(): WaitingRange {
    const range = this.#spare;
    if (range === undefined) return { lease: undefined, offset: 0, cells: 0, queuedMs: 0, next: undefined };
    this.#spare = range.next;
    this.#spareCount -= 1;
    range.next = undefined;
    return range;
  }

  give(range: WaitingRange): void {
    range.lease = undefined;
    if (this.#spareCount >= SPARE_RANGES_MAX) return;
    range.next = this.#spare;
    this.#spare = range;
    this.#spareCount += 1;
  }
}

/**
 * Cells of one direction of a circuit that wait for their link: references to where they lie in the slab, each with a
 * hold on its lease. A cell alone would so keep the 64 KiB that came with it; when the slab is half full, waiting cells are
 * therefore copied into slots of the circuit's own.
 */
export class CellQueue {
  readonly #room: QueueRoom;
  #head: WaitingRange | undefined;
  #tail: WaitingRange | undefined;
  /** The slot that cells are moved to, and how many are in it. */
  #slot: Lease | undefined;
  #slotCells = 0;
  cells = 0;

  constructor(room: QueueRoom) {
    this.#room = room;
  }

  /** When the oldest cell came, milliseconds; undefined: none waits. */
  get oldestMs(): number | undefined {
    return this.#head?.queuedMs;
  }

  /** Takes cells in. False: there is no memory for them. */
  push(lease: Lease, offset: number, cells: number, nowMs: number): boolean {
    if (this.#room.isTight) return this.#move(offset, cells, nowMs);
    this.#append(lease, offset, cells, nowMs);
    return true;
  }

  /** Gives up to `cellsMax` neighbouring cells to `send`, oldest first; how many. */
  shift(cellsMax: number, send: (lease: Lease, offset: number, byteLength: number) => void): number {
    const range = this.#head;
    if (range === undefined) return 0;
    const cells = Math.min(cellsMax, range.cells);
    const lease = range.lease!;
    send(lease, range.offset, cells * CELL_BYTES);
    this.#count(-cells);
    if (cells === range.cells) {
      this.#dropHead(range, lease);
    } else {
      range.offset += cells * CELL_BYTES;
      range.cells -= cells;
    }
    return cells;
  }

  /** Forgets all that waits. */
  clear(): void {
    for (let range = this.#head; range !== undefined; range = this.#head) this.#dropHead(range, range.lease!);
    this.#count(-this.cells);
    this.#dropSlot();
  }

  #append(lease: Lease, offset: number, cells: number, nowMs: number): void {
    const tail = this.#tail;
    this.#count(cells);
    if (tail !== undefined && tail.lease === lease && tail.offset + tail.cells * CELL_BYTES === offset) {
      tail.cells += cells;
      return;
    }
    const range = this.#room.take();
    range.lease = lease.retain();
    range.offset = offset;
    range.cells = cells;
    range.queuedMs = nowMs;
    if (tail === undefined) this.#head = range;
    else tail.next = range;
    this.#tail = range;
  }

  #move(offset: number, cells: number, nowMs: number): boolean {
    const { slab } = this.#room;
    for (let moved = 0; moved < cells; ) {
      if (this.#slot === undefined || this.#slotCells === SLOT_CELLS) {
        this.#dropSlot();
        this.#slot = slab.tryLease(1, 'relay queue');
        if (this.#slot === undefined) return false;
      }
      const count = Math.min(cells - moved, SLOT_CELLS - this.#slotCells);
      const to = this.#slot.offset + this.#slotCells * CELL_BYTES;
      const from = offset + moved * CELL_BYTES;
      slab.copy(to, from, count * CELL_BYTES);
      this.#append(this.#slot, to, count, nowMs);
      this.#slotCells += count;
      moved += count;
      this.#room.moved += count;
    }
    return true;
  }

  #dropHead(range: WaitingRange, lease: Lease): void {
    this.#head = range.next;
    if (this.#head === undefined) {
      this.#tail = undefined;
      this.#dropSlot();
    }
    lease.release();
    this.#room.give(range);
  }

  #dropSlot(): void {
    this.#slot?.release();
    this.#slot = undefined;
    this.#slotCells = 0;
  }

  #count(cells: number): void {
    this.cells += cells;
    this.#room.cells += cells;
  }
}
