import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Clock } from '../../runtime/port.ts';
import { CELL_BYTES } from '../cell/command.ts';
import type { ClientCircuit } from './circuit.ts';
import type { ClientStream } from './stream.ts';

/**
 * Hands the data of neighbouring cells to their stream in one piece. A download fills reads with cells of one stream;
 * moving each payload up to the one before, where it lies, makes one write to a socket of up to 127. Only headers
 * are overwritten, of cells that have been dealt with.
 */
export class PayloadJoiner {
  readonly #slab: Slab;
  readonly #clock: Clock;
  #circuit: ClientCircuit | undefined;
  #stream: ClientStream | undefined;
  #lease: Lease | undefined;
  /** Of the joined data, and where the body of the cell would have to begin that is next. */
  #start = 0;
  #end = 0;
  #nextBodyAt = 0;

  constructor(modules: { readonly slab: Slab; readonly clock: Clock }) {
    this.#slab = modules.slab;
    this.#clock = modules.clock;
  }

  add(
    circuit: ClientCircuit,
    stream: ClientStream,
    lease: Lease,
    bodyAt: number,
    dataAt: number,
    dataLength: number,
  ): void {
    if (stream !== this.#stream || bodyAt !== this.#nextBodyAt || lease !== this.#lease) {
      this.flush();
      if (stream.state !== 'open') return;
      this.#circuit = circuit;
      this.#stream = stream;
      this.#lease = lease;
      this.#start = dataAt;
      this.#end = dataAt;
    } else {
      this.#slab.copy(this.#end, dataAt, dataLength);
    }
    this.#end += dataLength;
    this.#nextBodyAt = bodyAt + CELL_BYTES;
  }

  /** Hands over what is there. */
  flush(): void {
    const stream = this.#stream;
    const lease = this.#lease;
    const circuit = this.#circuit;
    if (stream === undefined || lease === undefined || circuit === undefined) return;
    this.#stream = undefined;
    this.#lease = undefined;
    this.#circuit = undefined;
    if (stream.state !== 'open') return;
    stream.onData(this.#slab.bytes.subarray(this.#start, this.#end), lease);
    if (stream.state !== ('open' as string)) return;
    const message = stream.flow?.onDelivered(stream.waitingBytes, this.#clock.now());
    if (message !== undefined) circuit.streams.sendFlow(stream, message);
  }
}
