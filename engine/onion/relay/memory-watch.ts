import type { Clock } from '../../runtime/port.ts';
import { CELL_BYTES } from '../cell/command.ts';
import { DESTROY_REASON } from '../cell/reason.ts';
import { circuitsToClose, isUnderMemoryPressure } from '../flow/memory-pressure.ts';
import type { QueueRoom } from './cell-queue.ts';
import type { Circuits } from './circuits.ts';
import type { RelayCounters } from './counters.ts';
import type { Port } from './port.ts';

/** Above this part of the slab in use, links that are stuck are given up. */
const SLAB_PART_MAX = 0.9;
/** Queues may grow by this much before they are looked at again, bytes: looking walks over all circuits. */
const STEP_BYTES = 64 * CELL_BYTES;

/** A link that has taken nothing for so long may be given up when the slab is full. */
const STUCK_MS = 500;

/**
 * Closes the circuits whose cells have waited longest when too much waits (dos-spec, responding to low memory). What a
 * link has already been given cannot be taken back: when the slab is full of that, the link that has been stuck for
 * longest goes with all that is on it.
 */
export class MemoryWatch {
  readonly #queueBytesMax: number;
  readonly #room: QueueRoom;
  readonly #circuits: Circuits;
  readonly #ports: ReadonlySet<Port>;
  readonly #counters: RelayCounters;
  readonly #clock: Clock;
  #nextBytes = 0;

  constructor(
    options: { readonly queueBytesMax: number },
    modules: {
      readonly room: QueueRoom;
      readonly circuits: Circuits;
      readonly ports: ReadonlySet<Port>;
      readonly counters: RelayCounters;
      readonly clock: Clock;
    },
  ) {
    this.#queueBytesMax = options.queueBytesMax;
    this.#room = modules.room;
    this.#circuits = modules.circuits;
    this.#ports = modules.ports;
    this.#counters = modules.counters;
    this.#clock = modules.clock;
  }

  /** Bytes of cells and of streams that wait. */
  get queuedBytes(): number {
    return this.#room.cells * CELL_BYTES + this.#room.streamBytes;
  }

  /** Whether the relay has to say that it is overloaded. */
  get isUnderPressure(): boolean {
    return isUnderMemoryPressure(this.queuedBytes, this.#queueBytesMax) || this.#isSlabFull;
  }

  /** To be called when cells have come in. */
  check(): void {
    if (this.#isSlabFull) this.#closeStuckLink();
    if (this.queuedBytes < this.#nextBytes) return;
    if (this.queuedBytes > this.#queueBytesMax) this.#closeCircuits();
    this.#nextBytes = this.queuedBytes + STEP_BYTES;
  }

  get #isSlabFull(): boolean {
    const { slab } = this.#room;
    return slab.leasedSlots > slab.slotCount * SLAB_PART_MAX;
  }

  #closeCircuits(): void {
    for (const circuit of circuitsToClose(this.#circuits.all, this.queuedBytes, this.#queueBytesMax)) {
      this.#counters.refuse('queue-bytes');
      this.#circuits.close(circuit, DESTROY_REASON.resourceLimit);
    }
  }

  #closeStuckLink(): void {
    let stuckMs = this.#clock.now() - STUCK_MS;
    let stuck: Port | undefined;
    for (const port of this.#ports) {
      if (port.stuckSinceMs === undefined || port.stuckSinceMs > stuckMs) continue;
      stuck = port;
      stuckMs = port.stuckSinceMs;
    }
    if (stuck === undefined) return;
    this.#counters.refuse('memory');
    stuck.stuckSinceMs = undefined;
    stuck.channel.destroy('memory');
  }
}
