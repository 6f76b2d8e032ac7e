import type { Lease } from '../../kernels/lease.ts';
import { CELL_BYTES } from '../cell/command.ts';
import type { Leg } from './leg.ts';

/**
 * Joins cells that lie one behind the other and go to the same link into ranges. While the link takes all at once,
 * a range may hold cells of several circuits; cells that have to wait are kept apart by circuit.
 */
export class RunSender {
  #lease: Lease | undefined;
  #start = 0;
  #end = 0;
  #leg: Leg | undefined;
  /** Of the range, how many cells are on the account of the present circuit. */
  #legCells = 0;
  #direct = false;

  /** One more cell, with its number already in place. */
  add(leg: Leg, lease: Lease, offset: number): void {
    if (offset === this.#end && lease === this.#lease) {
      if (leg === this.#leg) {
        this.#end = offset + CELL_BYTES;
        this.#legCells += 1;
        return;
      }
      if (this.#direct && leg.port === this.#leg!.port) {
        this.#leg!.port.charge(this.#leg!, this.#legCells);
        this.#leg = leg;
        this.#legCells = 1;
        this.#end = offset + CELL_BYTES;
        return;
      }
    }
    this.flush();
    this.#lease = lease;
    this.#leg = leg;
    this.#start = offset;
    this.#end = offset + CELL_BYTES;
    this.#legCells = 1;
    this.#direct = leg.port.isDirect;
  }

  /** Sends what has been joined so far. */
  flush(): void {
    const leg = this.#leg;
    if (leg === undefined) return;
    const lease = this.#lease!;
    const { port } = leg;
    this.#leg = undefined;
    this.#lease = undefined;
    if (this.#direct) {
      port.charge(leg, this.#legCells);
      port.sendDirect(lease, this.#start, this.#end - this.#start);
    } else if (!leg.circuit.isClosed) {
      port.enqueue(leg, lease, this.#start, this.#legCells);
    }
  }
}
