import { CgoStreams } from './cgo-streams.ts';
import type { Kernels } from './module.ts';
import { OUTCOME_NOBODY, RELAY_HOPS_MAX } from './relay-cells.ts';

export interface ClientStreamsOptions {
  readonly capacity: number;
  readonly cellCountMax: number;
  /** Where the state of the first hop of the first circuit lies, in the direction of cells that come in. */
  readonly statesAt: number;
  /** From one hop to the next, and from one circuit to the next. */
  readonly stateStride: number;
  readonly circuitStride: number;
  /** Where counter blocks lie, then key stream: {@link CgoStreams.bytesFor} bytes. */
  readonly offset: number;
  readonly work: number;
}

/**
 * Layers of CGO of cells that come to a client. Those of the hops before the last keep their keys, so OpenSSL makes
 * their stream as at a relay: layer by layer, for where a stream begins is known only when the layer before is off.
 */
export class ClientStreams {
  readonly #kernels: Kernels;
  readonly #work: number;
  readonly #hops: readonly CgoStreams[];
  readonly #waits: boolean[] = new Array<boolean>(RELAY_HOPS_MAX).fill(false);
  /** Hops of the longest circuit in the batch. */
  #depth = 0;
  #isElsewhere = false;

  constructor(options: ClientStreamsOptions, modules: { readonly kernels: Kernels }) {
    const { capacity, cellCountMax, statesAt, stateStride, circuitStride, offset } = options;
    this.#kernels = modules.kernels;
    this.#work = options.work;
    this.#hops = Array.from(
      { length: RELAY_HOPS_MAX },
      (_, hop) =>
        new CgoStreams(
          {
            directionCount: capacity,
            cellCountMax,
            statesAt: statesAt + hop * stateStride,
            stateStride: circuitStride,
            offset,
          },
          modules,
        ),
    );
  }

  /** A cell that comes in along `circuit` has a layer of CGO there. */
  add(circuit: number, hop: number): void {
    this.#hops[hop]!.add(circuit);
    if (hop >= this.#depth) this.#depth = hop + 1;
  }

  /** Before a batch: whether any of it is to be done with {@link run}. Then {@link end}, in any case. */
  begin(): boolean {
    this.#isElsewhere = false;
    for (let hop = 0; hop < this.#depth; hop += 1) {
      this.#waits[hop] = this.#hops[hop]!.begin();
      if (this.#waits[hop]) this.#isElsewhere = true;
    }
    return this.#isElsewhere;
  }

  /** Takes off up to `hops` layers of cells that all come in: a kernel in the sense of RelayKernel. */
  run(hops: number, records: number, count: number, outcomes: number, tags: number): void {
    const { bytes, exports } = this.#kernels;
    bytes.fill(OUTCOME_NOBODY, outcomes, outcomes + count);
    for (let hop = 0; hop < hops; hop += 1) {
      if (hop < this.#depth && this.#waits[hop]) {
        exports.clientLayerCounters(records, count, outcomes, hop, this.#work);
        this.#hops[hop]!.make();
      }
      exports.clientLayerPeel(records, count, outcomes, tags, hop, this.#work);
    }
  }

  end(): void {
    for (let hop = 0; hop < this.#depth; hop += 1) this.#hops[hop]!.end();
    this.#depth = 0;
  }

  /** Wipes the keys of a circuit. */
  close(circuit: number): void {
    for (const hop of this.#hops) hop.close(circuit);
  }
}
