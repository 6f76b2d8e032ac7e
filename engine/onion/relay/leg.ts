import type { ScheduledCircuit } from '../flow/ewma-scheduler.ts';
import type { CircuitId } from '../units.ts';
import { CellQueue, type QueueRoom } from './cell-queue.ts';
import type { RelayCircuit } from './circuit.ts';
import type { Port } from './port.ts';

/** One end of a circuit: its place on a link, and what waits to be sent there. */
export class Leg implements ScheduledCircuit {
  readonly circuit: RelayCircuit;
  readonly port: Port;
  readonly id: CircuitId;
  /** Whether it leads away from the client. */
  readonly isNext: boolean;
  readonly queue: CellQueue;
  /** CREATED2 has come, or it is the client's side: relay cells may come in. */
  isOpen: boolean;
  /** So many of its cells wait that nobody is to send more; {@link Port} sets it and takes it back. */
  isClogged = false;
  sentCells = 0;
  scaleEpoch = 0;
  heapIndex = -1;
  turn = 0;

  constructor(
    options: {
      readonly circuit: RelayCircuit;
      readonly port: Port;
      readonly id: CircuitId;
      readonly isNext: boolean;
    },
    modules: { readonly room: QueueRoom },
  ) {
    this.circuit = options.circuit;
    this.port = options.port;
    this.id = options.id;
    this.isNext = options.isNext;
    this.isOpen = false;
    this.queue = new CellQueue(modules.room);
  }
}
