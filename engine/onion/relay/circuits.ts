import { RELAY_TAG_BYTES } from '../../kernels/relay-cells.ts';
import { CELL } from '../cell/command.ts';
import { DESTROY_REASON, type DestroyReason } from '../cell/reason.ts';
import { RELAY_V0 } from '../cell/relay-v0.ts';
import { RELAY_V1 } from '../cell/relay-v1.ts';
import type { HandshakeDone } from '../crypto/create2-server.ts';
import type { CircuitSender } from '../flow/circuit-flow.ts';
import { type ConsensusParams, readParam } from '../flow/consensus-param.ts';
import { fixedReceiver, fixedSender } from '../flow/fixed-window.ts';
import type { ClockHealth } from '../flow/vegas.ts';
import { type VegasParams, vegasParams } from '../flow/vegas-params.ts';
import { vegasReceiver, vegasSender } from '../flow/vegas-sender.ts';
import type { CircuitId } from '../units.ts';
import type { QueueRoom } from './cell-queue.ts';
import type { CipherBank } from './cipher-bank.ts';
import { RelayCircuit } from './circuit.ts';
import type { RelayCounters, RelayFault } from './counters.ts';
import { Leg } from './leg.ts';
import type { Port } from './port.ts';

/** A DESTROY with nothing to say. */
const DESTROY_BODY = new Uint8Array(1);

/** Opens circuits, gives them their keys, and takes them down with all that hangs on them. */
export class Circuits {
  readonly all = new Set<RelayCircuit>();
  readonly #bank: CipherBank;
  readonly #room: QueueRoom;
  readonly #counters: RelayCounters;
  readonly #endStreams: (circuit: RelayCircuit) => void;
  readonly #clockHealth: ClockHealth = { isStalled: false };
  #vegas!: VegasParams;
  #sendmeVersionMin = 0;

  constructor(
    options: { readonly params: ConsensusParams },
    modules: {
      readonly bank: CipherBank;
      readonly room: QueueRoom;
      readonly counters: RelayCounters;
      /** Closes what the streams of a circuit hold; nothing is to be sent any more. */
      readonly endStreams: (circuit: RelayCircuit) => void;
    },
  ) {
    this.#bank = modules.bank;
    this.#room = modules.room;
    this.#counters = modules.counters;
    this.#endStreams = modules.endStreams;
    this.setParams(options.params);
  }

  /** For circuits from now on. */
  setParams(params: ConsensusParams): void {
    this.#vegas = vegasParams(params, 'exit');
    this.#sendmeVersionMin = readParam(params, 'sendme_accept_min_version', {
      fallback: 0,
      min: 0,
      max: 255,
    });
  }

  /** A circuit of a client that has no keys yet. */
  begin(port: Port, id: CircuitId): RelayCircuit {
    const circuit = new RelayCircuit();
    circuit.prev = new Leg({ circuit, port, id, isNext: false }, { room: this.#room });
    port.add(circuit.prev);
    this.all.add(circuit);
    return circuit;
  }

  /**
   * The handshake is done: relay cells may come. Wipes the keys. Throws AlliumError SLAB_FULL when there are more
   * circuits than the ciphers have room for, which their bound excludes.
   */
  arm(circuit: RelayCircuit, done: Pick<HandshakeDone, 'cipher' | 'keys' | 'sendmeIncrement'>): void {
    const { cipher, keys, sendmeIncrement: increment } = done;
    const tagBytes = RELAY_TAG_BYTES[cipher];
    const acceptVersionMin = this.#sendmeVersionMin;
    const sender: CircuitSender =
      increment === undefined
        ? fixedSender({ tagBytes, acceptVersionMin })
        : vegasSender({ tagBytes, acceptVersionMin, params: this.#vegas, increment }, this.#clockHealth);
    circuit.crypto = {
      ciphers: this.#bank.of(cipher),
      cipherId: this.#bank.open(cipher, keys),
      format: cipher === 'cgo' ? RELAY_V1 : RELAY_V0,
      sender,
      receiver: increment === undefined ? fixedReceiver() : vegasReceiver(increment),
      hasCongestionControl: increment !== undefined,
    };
    circuit.prev.isOpen = true;
    this.#counters.circuitsMade += 1;
  }

  /** The circuit goes on over `port`; relay cells may come from there once CREATED2 has. */
  join(circuit: RelayCircuit, port: Port, id: CircuitId): void {
    circuit.next = new Leg({ circuit, port, id, isNext: true }, { room: this.#room });
    port.add(circuit.next);
  }

  /** The circuit ends here again. `reason`: for the far side; undefined when it has hung up itself. */
  cut(circuit: RelayCircuit, reason: DestroyReason | undefined): void {
    circuit.extension?.cancel();
    circuit.extension = undefined;
    const { next } = circuit;
    if (next === undefined) return;
    circuit.next = undefined;
    this.#hangUp(next, reason);
  }

  /** Closes it because of what its client did. tor-spec: reason 1. */
  fault(circuit: RelayCircuit, fault: RelayFault): void {
    if (circuit.isClosed) return;
    this.#counters.fault(fault);
    this.close(circuit, DESTROY_REASON.protocol);
  }

  /**
   * Takes a circuit down: DESTROY to both sides, or to the one that has not hung up itself.
   *
   * @param reason what the other side is told; `destroyed` if it only passes on what it was told itself
   * @param gone the side that sent DESTROY or whose link is gone
   */
  close(circuit: RelayCircuit, reason: DestroyReason, gone?: Leg): void {
    if (circuit.isClosed) return;
    circuit.isClosed = true;
    this.#endStreams(circuit);
    this.cut(circuit, circuit.next === gone ? undefined : reason);
    this.#hangUp(circuit.prev, circuit.prev === gone ? undefined : reason);
    if (circuit.crypto !== undefined) {
      circuit.crypto.ciphers.close(circuit.crypto.cipherId);
      this.#counters.circuitsClosed += 1;
    }
    this.all.delete(circuit);
  }

  #hangUp(leg: Leg, reason: DestroyReason | undefined): void {
    leg.port.remove(leg);
    if (reason === undefined) return;
    this.#counters.destroysOut[reason]! += 1;
    DESTROY_BODY[0] = reason;
    leg.port.sendControl(leg.id, CELL.destroy, DESTROY_BODY);
  }
}
