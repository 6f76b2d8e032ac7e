import { readUint32, writeUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import { OUTCOME_PASS } from '../../kernels/relay-cells.ts';
import { CELL, CELL_BODY_AT } from '../cell/command.ts';
import type { CellBatch } from '../link/types.ts';
import { BATCH_CELLS, type CipherBank } from './cipher-bank.ts';
import type { Circuits } from './circuits.ts';
import type { RelayCounters, RelayFault } from './counters.ts';
import type { Leg } from './leg.ts';
import type { RelayMessages } from './messages.ts';
import type { Originator } from './originator.ts';
import type { Port } from './port.ts';
import { RunSender } from './run-sender.ts';
import type { Turn } from './turn.ts';

/**
 * Relay cells that came over one link, in two passes. First each is given to the ciphers of its circuit, and one
 * call of the kernel works on all of them where they lie. Then each is passed on, its circuit number replaced, or
 * acted on if it is for this relay. Neighbours that go to the same link leave as one range.
 */
export class CellPump {
  readonly #bytes: Uint8Array;
  readonly #bank: CipherBank;
  readonly #circuits: Circuits;
  readonly #messages: RelayMessages;
  readonly #originator: Originator;
  readonly #turn: Turn;
  readonly #counters: RelayCounters;
  readonly #sender = new RunSender();
  readonly #legs: (Leg | undefined)[] = new Array<Leg | undefined>(BATCH_CELLS).fill(undefined);
  /** The cell's number in the run of its ciphers; negative: it may not be here. */
  readonly #numbers = new Int32Array(BATCH_CELLS);
  readonly #recognised = new Uint8Array(BATCH_CELLS);

  constructor(modules: {
    readonly bytes: Uint8Array;
    readonly bank: CipherBank;
    readonly circuits: Circuits;
    readonly messages: RelayMessages;
    readonly originator: Originator;
    readonly turn: Turn;
    readonly counters: RelayCounters;
  }) {
    this.#bytes = modules.bytes;
    this.#bank = modules.bank;
    this.#circuits = modules.circuits;
    this.#messages = modules.messages;
    this.#originator = modules.originator;
    this.#turn = modules.turn;
    this.#counters = modules.counters;
  }

  onCells(port: Port, batch: CellBatch): void {
    const { lease, offsets, count } = batch;
    this.#originator.flush();
    this.#counters.cellsIn += count;
    for (let first = 0; first < count; first += BATCH_CELLS) {
      const end = Math.min(count, first + BATCH_CELLS);
      this.#decipher(port, offsets, first, end);
      this.#dispatch(lease, offsets, first, end);
    }
    this.#turn.end();
  }

  #decipher(port: Port, offsets: Int32Array, first: number, end: number): void {
    const bytes = this.#bytes;
    let lastId = 0;
    let leg: Leg | undefined;
    for (let i = first; i < end; i += 1) {
      const offset = offsets[i]!;
      const id = readUint32(bytes, offset);
      if (id !== lastId) {
        leg = port.legs.get(id);
        lastId = id;
      }
      const at = i - first;
      this.#legs[at] = leg;
      if (leg !== undefined) this.#numbers[at] = this.#add(leg, offset);
    }
    this.#bank.run();
    for (let at = 0; at < end - first; at += 1) {
      const number = this.#numbers[at]!;
      const hop = this.#legs[at]?.circuit.crypto;
      if (hop === undefined || number < 0) continue;
      this.#recognised[at] = hop.ciphers.outcomes[number]!;
    }
  }

  /** Gives a cell to its circuit's ciphers. */
  #add(leg: Leg, offset: number): number {
    const { circuit } = leg;
    const hop = circuit.crypto;
    if (hop === undefined || !leg.isOpen) return NOT_OPEN;
    const command = this.#bytes[offset + 4]!;
    if (leg.isNext) {
      if (command === CELL.relayEarly) return EARLY_BACKWARD;
      return hop.ciphers.backward(hop.cipherId, offset + CELL_BODY_AT, command);
    }
    if (command === CELL.relayEarly) {
      if (circuit.earlyLeft === 0) return EARLY_TOO_MANY;
      circuit.earlyLeft -= 1;
    }
    return hop.ciphers.forward(hop.cipherId, offset + CELL_BODY_AT, command);
  }

  #dispatch(lease: Lease, offsets: Int32Array, first: number, end: number): void {
    const messages = this.#messages;
    let passed = 0;
    for (let i = first; i < end; i += 1) {
      const at = i - first;
      const leg = this.#legs[at];
      this.#legs[at] = undefined;
      if (leg === undefined) {
        this.#counters.fault('unknown-circuit');
        this.#counters.cellsDropped += 1;
        continue;
      }
      const { circuit } = leg;
      if (circuit.isClosed) continue;
      const number = this.#numbers[at]!;
      const offset = offsets[i]!;
      if (number < 0) {
        this.#circuits.fault(circuit, FAULTS[-number]!);
      } else if (this.#recognised[at] !== OUTCOME_PASS) {
        messages.onRecognised(circuit, lease, offset, number, this.#sender);
      } else {
        const other = leg.isNext ? circuit.prev : circuit.next;
        if (other === undefined || (leg.isNext && circuit.next !== leg)) this.#stray(leg);
        else {
          writeUint32(this.#bytes, offset, other.id);
          this.#sender.add(other, lease, offset);
          passed += 1;
        }
      }
    }
    this.#counters.cellsPassed += passed;
    messages.flushData();
    this.#sender.flush();
  }

  /** For nobody: tampered with, if it came from the client; late, if from a hop that has just been cut off. */
  #stray(leg: Leg): void {
    this.#counters.cellsDropped += 1;
    if (!leg.isNext) this.#circuits.fault(leg.circuit, 'unrecognised');
  }
}

const NOT_OPEN = -1;
const EARLY_BACKWARD = -2;
const EARLY_TOO_MANY = -3;
/** By the number above, negated. */
const FAULTS: readonly RelayFault[] = [
  'circuit-not-open',
  'circuit-not-open',
  'relay-early-backward',
  'relay-early-too-many',
];
