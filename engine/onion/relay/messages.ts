import type { Lease } from '../../kernels/lease.ts';
import type { Clock } from '../../runtime/port.ts';
import { encodeDestroyReason } from '../cell/circuit-messages.ts';
import { CELL, CELL_BODY_AT, CELL_BYTES } from '../cell/command.ts';
import {
  decodeCircuitPadding,
  decodeSendme,
  encodeCircuitPaddingAnswer,
  encodeSendme,
} from '../cell/flow-messages.ts';
import { DESTROY_REASON } from '../cell/reason.ts';
import { isKnownRelayCommand, RELAY } from '../cell/relay-command.ts';
import type { RelayHeader } from '../cell/relay-format.ts';
import { CIRCUIT_STREAM, streamId } from '../units.ts';
import type { RelayCircuit } from './circuit.ts';
import type { Circuits } from './circuits.ts';
import type { RelayCounters } from './counters.ts';
import type { Edge } from './edge/edge.ts';
import type { EdgeStream } from './edge/edge-stream.ts';
import type { Extender } from './extender.ts';
import type { Originator } from './originator.ts';
import type { RunSender } from './run-sender.ts';
import type { Turn } from './turn.ts';

const TAG_BYTES_MAX = 20;

/**
 * Relay messages for this relay. What they change is done at once; what they make others send waits for the end of
 * the turn. Data of one stream in neighbouring cells is moved together, so that it goes out in one write.
 */
export class RelayMessages {
  readonly #bytes: Uint8Array;
  readonly #clock: Clock;
  readonly #circuits: Circuits;
  readonly #counters: RelayCounters;
  readonly #originator: Originator;
  readonly #turn: Turn;
  readonly #edge: Edge;
  readonly #extender: Extender;
  readonly #header: RelayHeader = { command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 };
  readonly #tag = new Uint8Array(TAG_BYTES_MAX);
  /** Data gathered so far. */
  #stream: EdgeStream | undefined;
  #lease: Lease | undefined;
  /** Where the cell behind the last one gathered lies. */
  #nextOffset = 0;
  #start = 0;
  #length = 0;

  constructor(modules: {
    readonly bytes: Uint8Array;
    readonly clock: Clock;
    readonly circuits: Circuits;
    readonly counters: RelayCounters;
    readonly originator: Originator;
    readonly turn: Turn;
    readonly edge: Edge;
    readonly extender: Extender;
  }) {
    this.#bytes = modules.bytes;
    this.#clock = modules.clock;
    this.#circuits = modules.circuits;
    this.#counters = modules.counters;
    this.#originator = modules.originator;
    this.#turn = modules.turn;
    this.#edge = modules.edge;
    this.#extender = modules.extender;
  }

  /** A cell for this relay, deciphered; `number`: in the run of its ciphers. `sender` holds cells that came before. */
  onRecognised(circuit: RelayCircuit, lease: Lease, offset: number, number: number, sender: RunSender): void {
    const header = this.#header;
    this.#counters.cellsRecognised += 1;
    if (circuit.format.read(this.#bytes, offset + CELL_BODY_AT, header) !== undefined) {
      this.#circuits.fault(circuit, 'bad-relay-cell');
    } else if (header.command === RELAY.data) {
      this.#onData(circuit, lease, offset, number);
    } else {
      this.flushData();
      sender.flush();
      const { dataAt, dataLength } = header;
      this.#onMessage(circuit, offset, this.#bytes.subarray(dataAt, dataAt + dataLength));
    }
  }

  /** Hands on the data that has been gathered. */
  flushData(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const lease = this.#lease!;
    this.#stream = undefined;
    this.#lease = undefined;
    this.#edge.deliver(stream, lease, this.#start, this.#length);
  }

  #onData(circuit: RelayCircuit, lease: Lease, offset: number, number: number): void {
    const { streamId: id, dataAt, dataLength } = this.#header;
    const hop = circuit.crypto;
    if (hop!.receiver.onReceived(1) === 'sendme') {
      const tagBytes = hop!.ciphers.readTag(number, this.#tag);
      const digest = this.#tag.slice(0, tagBytes);
      this.#originator.message(circuit, RELAY.sendme, CIRCUIT_STREAM, encodeSendme({ version: 1, digest }));
      if (circuit.isClosed) return;
    }
    const stream = this.#edge.streamForData(circuit, id);
    if (stream === undefined || dataLength === 0) return;
    // Only from the very next cell: what lies between two others may be somebody else's.
    if (stream === this.#stream && lease === this.#lease && offset === this.#nextOffset) {
      this.#nextOffset += CELL_BYTES;
      this.#bytes.copyWithin(this.#start + this.#length, dataAt, dataAt + dataLength);
      this.#length += dataLength;
      return;
    }
    this.flushData();
    this.#stream = stream;
    this.#lease = lease;
    this.#nextOffset = offset + CELL_BYTES;
    this.#start = dataAt;
    this.#length = dataLength;
  }

  #onMessage(circuit: RelayCircuit, offset: number, data: Uint8Array): void {
    const { command, streamId: id } = this.#header;
    const edge = this.#edge;
    switch (command) {
      case RELAY.begin:
        edge.begin(circuit, id, data);
        break;
      case RELAY.beginDir:
        edge.beginDirectory(circuit, id);
        break;
      case RELAY.resolve:
        edge.resolve(circuit, id, data);
        break;
      case RELAY.end:
        edge.end(circuit, id);
        break;
      case RELAY.sendme:
        if (id === CIRCUIT_STREAM) this.#onSendme(circuit, data);
        else edge.sendme(circuit, id);
        break;
      case RELAY.xon:
      case RELAY.xoff:
        edge.flow(circuit, id, command === RELAY.xon, data);
        break;
      case RELAY.extend2:
        this.#extender.extend(circuit, data, this.#bytes[offset + 4] === CELL.relayEarly);
        break;
      case RELAY.truncate:
        this.#onTruncate(circuit);
        break;
      case RELAY.drop:
        break;
      case RELAY.paddingNegotiate:
        this.#onPadding(circuit, data);
        break;
      default:
        this.#counters.fault(isKnownRelayCommand(command) ? 'unexpected-message' : 'unknown-command');
    }
  }

  #onSendme(circuit: RelayCircuit, data: Uint8Array): void {
    const message = decodeSendme(data);
    if (!message.ok) {
      this.#circuits.fault(circuit, 'bad-message');
      return;
    }
    const { version, digest: tag } = message.value;
    const { isClogged } = circuit.prev;
    const fault = circuit.crypto!.sender.onSendme({ version, tag }, this.#clock.now(), isClogged);
    if (fault !== undefined) this.#circuits.fault(circuit, fault);
    else this.#turn.wake(circuit);
  }

  /** tor-spec, "tearing down circuits": the rest of the circuit goes, this end stays. */
  #onTruncate(circuit: RelayCircuit): void {
    this.#circuits.cut(circuit, DESTROY_REASON.requested);
    const data = encodeDestroyReason(DESTROY_REASON.requested);
    this.#originator.message(circuit, RELAY.truncated, CIRCUIT_STREAM, data);
  }

  /** padding-spec: no machines run here, and who asks for one is told so. */
  #onPadding(circuit: RelayCircuit, data: Uint8Array): void {
    const message = decodeCircuitPadding(data);
    if (!message.ok) {
      this.#counters.fault('bad-message');
      return;
    }
    const answer = encodeCircuitPaddingAnswer({ ...message.value, response: 'error' });
    this.#originator.message(circuit, RELAY.paddingNegotiated, CIRCUIT_STREAM, answer);
  }
}
