import { LONG_LIVED_PORTS } from './ports.ts';

/** Settings of {@link PortPrediction}. */
export interface PredictionOptions {
  /** How long a port is expected to be asked for again. */
  readonly memoryMs: number;
  /** Ports remembered at most. */
  readonly portsMax: number;
  /** Circuits kept ready for each port. */
  readonly circuitsPerPort: number;
  /** Clean circuits kept ready at most. */
  readonly cleanMax: number;
}

export const PREDICTION_DEFAULTS: PredictionOptions = {
  memoryMs: 3_600_000,
  portsMax: 64,
  circuitsPerPort: 2,
  cleanMax: 12,
};

/** A clean circuit that is built or being built. */
export interface ReadyCircuit {
  readonly isStable: boolean;
  allows(port: number): boolean;
}

/** A circuit to build ahead. */
export interface WantedCircuit {
  readonly port: number;
  readonly needStable: boolean;
}

/** Says which circuits to have ready before anybody asks: for ports used in the last hour. path-spec 2.1.1. */
export class PortPrediction {
  readonly #options: PredictionOptions;
  /** When each port was asked for last; the longest ago comes first. */
  readonly #usedMs = new Map<number, number>();

  /** A new client expects web pages: port 443 counts as used at `nowMs`. */
  constructor(options: PredictionOptions, nowMs: number) {
    this.#options = options;
    this.#usedMs.set(443, nowMs);
  }

  noteUsed(port: number, nowMs: number): void {
    this.#usedMs.delete(port);
    this.#usedMs.set(port, nowMs);
    if (this.#usedMs.size <= this.#options.portsMax) return;
    const [oldest] = this.#usedMs.keys();
    if (oldest !== undefined) this.#usedMs.delete(oldest);
  }

  /** Ports of the last hour. */
  ports(nowMs: number): readonly number[] {
    for (const [port, usedMs] of this.#usedMs) {
      if (nowMs - usedMs < this.#options.memoryMs) break;
      this.#usedMs.delete(port);
    }
    return [...this.#usedMs.keys()];
  }

  /** The next circuit to build ahead; undefined: enough are ready, or nothing was used for an hour. */
  wanted(ready: readonly ReadyCircuit[], nowMs: number): WantedCircuit | undefined {
    const { circuitsPerPort, cleanMax } = this.#options;
    if (ready.length >= cleanMax) return undefined;
    for (const port of this.ports(nowMs).toReversed()) {
      const needStable = LONG_LIVED_PORTS.has(port);
      const fitting = ready.filter((circuit) => circuit.allows(port) && (circuit.isStable || !needStable));
      if (fitting.length < circuitsPerPort) return { port, needStable };
    }
    return undefined;
  }
}
