import type { Clock, Random } from '../../runtime/port.ts';
import {
  decodeCreate2,
  decodeCreateFast,
  decodeDestroyReason,
  encodeCreated2,
  encodeDestroyReason,
} from '../cell/circuit-messages.ts';
import { CELL } from '../cell/command.ts';
import { DESTROY_REASON, type DestroyReason } from '../cell/reason.ts';
import { answerCreateFast } from '../crypto/create-fast.ts';
import type { Create2Fault, HandshakeDone } from '../crypto/create2-server.ts';
import type { Outcome } from '../crypto/outcome.ts';
import type { ClientAddresses } from '../flow/client-addresses.ts';
import type { ControlCell } from '../link/types.ts';
import type { CircuitId } from '../units.ts';
import type { RelayCircuit } from './circuit.ts';
import type { Circuits } from './circuits.ts';
import { count, type RelayCounters, type RelayRefusal } from './counters.ts';
import type { Extender } from './extender.ts';
import type { OnionskinDesk } from './onionskin-desk.ts';
import type { Port } from './port.ts';

const FAST_BYTES = 20;

export interface ControlOptions {
  readonly circuitsMax: number;
  readonly circuitsPerChannelMax: number;
}

export interface ControlModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly circuits: Circuits;
  readonly counters: RelayCounters;
  readonly extender: Extender;
  readonly desk: OnionskinDesk;
  readonly addresses: ClientAddresses;
}

/** Cells that make circuits and take them down. tor-spec, "circuit management". */
export class ControlCells {
  /** No new circuits, as the relay is about to rest. */
  isHibernating = false;
  readonly #options: ControlOptions;
  readonly #modules: ControlModules;

  constructor(options: ControlOptions, modules: ControlModules) {
    this.#options = options;
    this.#modules = modules;
  }

  onControl(port: Port, cell: ControlCell): void {
    const { command, circuitId, body } = cell;
    this.#modules.counters.controlIn += 1;
    switch (command) {
      case CELL.create2:
        this.#onCreate2(port, circuitId, body);
        break;
      case CELL.createFast:
        this.#onCreateFast(port, circuitId, body);
        break;
      case CELL.created2:
      case CELL.createdFast:
        this.#onCreated(port, cell);
        break;
      case CELL.destroy:
        this.#onDestroy(port, circuitId, decodeDestroyReason(body));
        break;
      default:
    }
  }

  /** The answer to a CREATE2 of ours to send back, or why there is none. */
  onHandshake(circuit: RelayCircuit, outcome: Outcome<HandshakeDone, Create2Fault>): void {
    const { circuits, counters } = this.#modules;
    if (circuit.isClosed) {
      if (outcome.ok) outcome.value.keys.fill(0);
      return;
    }
    if (!outcome.ok) {
      count(counters.handshakesFailed, outcome.reason);
      circuits.fault(circuit, 'bad-create');
      return;
    }
    circuits.arm(circuit, outcome.value);
    const { port, id } = circuit.prev;
    port.sendControl(id, CELL.created2, encodeCreated2(outcome.value.reply));
  }

  #onCreate2(port: Port, id: CircuitId, body: Uint8Array): void {
    const message = decodeCreate2(body);
    const { circuits, desk } = this.#modules;
    const circuit = this.#begin(port, id);
    if (circuit === undefined) return;
    if (!message.ok) circuits.fault(circuit, 'bad-create');
    else if (!desk.push(circuit, message.value.type, message.value.data.slice())) {
      this.#modules.counters.refuse('handshake-queue');
      circuits.close(circuit, DESTROY_REASON.resourceLimit);
    }
  }

  #onCreateFast(port: Port, id: CircuitId, body: Uint8Array): void {
    const { circuits, counters, random } = this.#modules;
    const circuit = this.#begin(port, id);
    if (circuit === undefined) return;
    const x = decodeCreateFast(body);
    const done = x.ok ? answerCreateFast(x.value, random.bytes(FAST_BYTES)) : undefined;
    if (done?.ok !== true) {
      circuits.fault(circuit, 'bad-create');
      return;
    }
    counters.handshakes.fast += 1;
    const { keys, reply } = done.value;
    circuits.arm(circuit, { cipher: 'tor1', keys, sendmeIncrement: undefined });
    port.sendControl(id, CELL.createdFast, reply);
  }

  /** A new circuit of this number; undefined when there may be none. */
  #begin(port: Port, id: CircuitId): RelayCircuit | undefined {
    const { circuits, counters, addresses, clock } = this.#modules;
    if (!port.isPeersId(id)) {
      counters.fault('bad-circuit-id');
      this.#destroy(port, id, DESTROY_REASON.protocol);
      return undefined;
    }
    if (port.legs.has(id)) {
      counters.fault('circuit-in-use');
      return undefined;
    }
    const { circuitsMax, circuitsPerChannelMax } = this.#options;
    const isClient = port.channel.peer?.rsaFingerprint === undefined;
    let refusal: RelayRefusal | undefined;
    if (this.isHibernating) refusal = 'hibernating';
    else if (circuits.all.size >= circuitsMax || port.legs.size >= circuitsPerChannelMax)
      refusal = 'circuits';
    else if (isClient && !addresses.mayCreateCircuit(port.channel.remoteHost, clock.now()))
      refusal = 'circuit-dos';
    if (refusal === undefined) return circuits.begin(port, id);
    counters.refuse(refusal);
    const reason = this.isHibernating ? DESTROY_REASON.hibernating : DESTROY_REASON.resourceLimit;
    this.#destroy(port, id, reason);
    return undefined;
  }

  #onCreated(port: Port, cell: ControlCell): void {
    const { circuits, counters, extender } = this.#modules;
    const leg = port.legs.get(cell.circuitId);
    if (leg === undefined) counters.fault('unexpected-created');
    else if (cell.command === CELL.createdFast) circuits.fault(leg.circuit, 'unexpected-created');
    else extender.onCreated(leg, cell.body);
  }

  /** tor-spec, "tearing down circuits": passed on with reason 11, whatever it said. */
  #onDestroy(port: Port, id: CircuitId, reason: DestroyReason): void {
    const { circuits, counters } = this.#modules;
    counters.destroysIn[reason & 0xff]! += 1;
    const leg = port.legs.get(id);
    if (leg !== undefined) circuits.close(leg.circuit, DESTROY_REASON.destroyed, leg);
  }

  #destroy(port: Port, id: CircuitId, reason: DestroyReason): void {
    this.#modules.counters.destroysOut[reason]! += 1;
    port.sendControl(id, CELL.destroy, encodeDestroyReason(reason));
  }
}
