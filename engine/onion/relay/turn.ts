import type { RelayCircuit } from './circuit.ts';
import type { Originator } from './originator.ts';

/**
 * The end of each event: cells that were made go out in one batch, and circuits that may send more do so. Nothing of
 * that happens while cells that came in are being worked on.
 */
export class Turn {
  readonly #originator: Originator;
  readonly #pump: (circuit: RelayCircuit) => void;
  readonly #settled: () => void;
  #awake = new Set<RelayCircuit>();
  #ending = false;

  constructor(modules: {
    readonly originator: Originator;
    /** Lets the streams of a circuit send what they may. */
    readonly pump: (circuit: RelayCircuit) => void;
    /** At the very end, when all that waits now waits. */
    readonly settled: () => void;
  }) {
    this.#originator = modules.originator;
    this.#pump = modules.pump;
    this.#settled = modules.settled;
  }

  /** The streams of a circuit may be able to go on. */
  wake(circuit: RelayCircuit): void {
    if (circuit.streams !== undefined) this.#awake.add(circuit);
  }

  /** To be called last in whatever the relay is called for. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#originator.flush();
    while (this.#awake.size > 0) {
      const awake = this.#awake;
      this.#awake = new Set();
      for (const circuit of awake) if (!circuit.isClosed) this.#pump(circuit);
      this.#originator.flush();
    }
    this.#ending = false;
    this.#settled();
  }
}
