import type { DosCounters } from '../flow/client-addresses.ts';
import type { LinkStats } from '../link/stats.ts';
import type { RelayCounters } from './counters.ts';
import type { DataPlane } from './data-plane.ts';

/** What a relay is doing now, and has done: for metrics, heartbeats and `overload-general`. */
export interface RelayStats {
  readonly channels: number;
  readonly circuits: number;
  readonly streams: number;
  readonly dials: number;
  readonly handshakesWaiting: number;
  /** Cells that wait in circuits, bytes. */
  readonly queuedBytes: number;
  readonly isUnderMemoryPressure: boolean;
  /** Slots of the slab in use, ciphers included, and all there are. */
  readonly slabSlotsUsed: number;
  readonly slabSlots: number;
  readonly dos: DosCounters;
  /** Live. */
  readonly links: LinkStats;
  /** Live. */
  readonly counters: RelayCounters;
}

export function relayStats(plane: DataPlane, links: LinkStats): RelayStats {
  const { slab } = plane.queues;
  plane.counters.cellsMoved = plane.queues.moved;
  return {
    channels: plane.ports.size,
    circuits: plane.circuits.all.size,
    streams: plane.edgeRoom.streamCount,
    dials: plane.channels.dialCount,
    handshakesWaiting: plane.desk.length,
    queuedBytes: plane.memory.queuedBytes,
    isUnderMemoryPressure: plane.memory.isUnderPressure,
    slabSlotsUsed: slab.leasedSlots,
    slabSlots: slab.slotCount,
    dos: plane.addresses.counters,
    links,
    counters: plane.counters,
  };
}
