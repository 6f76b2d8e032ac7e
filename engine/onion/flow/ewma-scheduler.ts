import { type ConsensusParams, PARAM_MAX, readParam } from './consensus-param.ts';

/** What the scheduler keeps in each circuit; a circuit object has these fields, so that nothing is looked up. */
export interface ScheduledCircuit {
  /** Cells sent, decayed; in the scale of `scaleEpoch`. The scheduler's own. */
  sentCells: number;
  /** The scheduler's own. */
  scaleEpoch: number;
  /** Place in the heap; −1: not active. The scheduler's own. */
  heapIndex: number;
  /** Among equals the one that became active first goes first. The scheduler's own. */
  turn: number;
}

/** The fields of a circuit that has sent nothing. */
export function unscheduled(): ScheduledCircuit {
  return { sentCells: 0, scaleEpoch: 0, heapIndex: -1, turn: 0 };
}

/** After which time a sent cell counts half, milliseconds: `CircuitPriorityHalflifeMsec`. */
export function schedulerHalflifeMs(params: ConsensusParams): number {
  return readParam(params, 'CircuitPriorityHalflifeMsec', { fallback: 30_000, min: 1, max: PARAM_MAX });
}

/** Exponent at which the scale is moved, long before doubles lose anything. */
const RESCALE_EXPONENT = 64;

/**
 * Which circuit of a channel may send next: the one that has sent least of late, so that a page load is not kept
 * waiting by a download. Cell counts decay with a half-life. All decay alike, so instead of shrinking every count as
 * time goes by, what is added grows; the order is the same and nothing is touched that did not change. A binary heap:
 * O(log n) for a change, nothing allocated per cell.
 */
export class EwmaScheduler<Circuit extends ScheduledCircuit> {
  readonly #heap: Circuit[] = [];
  #halflifeMs: number;
  /** The moment at which one cell counts 1. */
  #originMs = 0;
  /** How many half-lives the scale has moved by. */
  #epoch = 0;
  #turns = 0;

  constructor(options: { readonly halflifeMs: number }) {
    this.#halflifeMs = options.halflifeMs;
  }

  /** Circuits that have cells to send. */
  get activeCount(): number {
    return this.#heap.length;
  }

  /** The circuit whose turn it is; it stays active. Undefined: none is. */
  next(): Circuit | undefined {
    return this.#heap[0];
  }

  /** The circuit has cells to send. No effect on one that is active. */
  activate(circuit: Circuit): void {
    if (circuit.heapIndex >= 0) return;
    circuit.sentCells *= 2 ** (circuit.scaleEpoch - this.#epoch);
    circuit.scaleEpoch = this.#epoch;
    circuit.turn = this.#turns++;
    circuit.heapIndex = this.#heap.length;
    this.#heap.push(circuit);
    this.#up(circuit.heapIndex);
  }

  /** The circuit has nothing to send, or is gone. No effect on one that is not active. */
  deactivate(circuit: Circuit): void {
    const at = circuit.heapIndex;
    if (at < 0) return;
    circuit.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last === circuit) return;
    this.#heap[at] = last;
    last.heapIndex = at;
    this.#up(at);
    this.#down(last.heapIndex);
  }

  /** The active circuit has sent `cellCount` cells. */
  charge(circuit: Circuit, cellCount: number, nowMs: number): void {
    let exponent = (nowMs - this.#originMs) / this.#halflifeMs;
    if (exponent > RESCALE_EXPONENT) {
      this.#rescale(exponent);
      this.#originMs = nowMs;
      exponent = 0;
    }
    circuit.sentCells += cellCount * 2 ** exponent;
    if (circuit.heapIndex >= 0) this.#down(circuit.heapIndex);
  }

  /** The consensus has another half-life; what was sent so far keeps the weight that it has now. */
  setHalflife(halflifeMs: number, nowMs: number): void {
    this.#rescale((nowMs - this.#originMs) / this.#halflifeMs);
    this.#originMs = nowMs;
    this.#halflifeMs = halflifeMs;
  }

  #rescale(exponent: number): void {
    this.#epoch += exponent;
    const factor = 2 ** -exponent;
    for (const circuit of this.#heap) {
      circuit.sentCells *= factor;
      circuit.scaleEpoch = this.#epoch;
    }
  }

  #up(from: number): void {
    const heap = this.#heap;
    const circuit = heap[from]!;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt]!;
      if (!isBefore(circuit, parent)) break;
      heap[at] = parent;
      parent.heapIndex = at;
      at = parentAt;
    }
    heap[at] = circuit;
    circuit.heapIndex = at;
  }

  #down(from: number): void {
    const heap = this.#heap;
    const circuit = heap[from]!;
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      if (childAt + 1 < heap.length && isBefore(heap[childAt + 1]!, heap[childAt]!)) childAt += 1;
      const child = heap[childAt]!;
      if (!isBefore(child, circuit)) break;
      heap[at] = child;
      child.heapIndex = at;
      at = childAt;
    }
    heap[at] = circuit;
    circuit.heapIndex = at;
  }
}

function isBefore(a: ScheduledCircuit, b: ScheduledCircuit): boolean {
  return a.sentCells < b.sentCells || (a.sentCells === b.sentCells && a.turn < b.turn);
}
