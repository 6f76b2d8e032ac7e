import { readAddress } from '../../codec/address.ts';
import type { Lease } from '../../kernels/lease.ts';
import { type ClientCiphers, OUTCOME_NOBODY } from '../../kernels/relay-cells.ts';
import { decodeDestroyReason } from '../cell/circuit-messages.ts';
import { decodeSendme, decodeXoff, decodeXon } from '../cell/flow-messages.ts';
import { RELAY } from '../cell/relay-command.ts';
import type { RelayHeader } from '../cell/relay-format.ts';
import { decodeResolved } from '../cell/resolve-messages.ts';
import { decodeConnected, decodeEnd } from '../cell/stream-messages.ts';
import { isPrivateAddress } from '../directory/policy-check.ts';
import { CIRCUIT_STREAM, streamId } from '../units.ts';
import type { ClientCircuit } from './circuit.ts';
import type { PayloadJoiner } from './payload-joiner.ts';
import { destroyReasonName, endReasonName } from './reasons.ts';
import type { ClientStream } from './stream.ts';

const TAG_BYTES_MAX = 20;

/** Acts on relay cells that came in: what the relays of a circuit say to us. */
export class CircuitInbox {
  readonly #bytes: Uint8Array;
  readonly #joiner: PayloadJoiner;
  readonly #ciphers: ClientCiphers;
  readonly #allowPrivateAnswers: boolean;
  readonly #tag = new Uint8Array(TAG_BYTES_MAX);
  readonly #header: RelayHeader = { command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 };

  constructor(
    options: { readonly allowPrivateAnswers: boolean },
    modules: {
      readonly bytes: Uint8Array;
      readonly ciphers: ClientCiphers;
      readonly joiner: PayloadJoiner;
    },
  ) {
    this.#allowPrivateAnswers = options.allowPrivateAnswers;
    this.#bytes = modules.bytes;
    this.#ciphers = modules.ciphers;
    this.#joiner = modules.joiner;
  }

  /**
   * The layers of a cell have been taken off; `index`: its number in that run of the kernel, whose outcomes and tags can
   * still be read.
   */
  onCell(circuit: ClientCircuit, bodyAt: number, index: number, lease: Lease): void {
    const hop = this.#ciphers.outcomes[index]!;
    const format = hop === OUTCOME_NOBODY ? undefined : circuit.hops[hop]?.format;
    if (format === undefined) {
      this.#fail(circuit, 'unrecognised');
      return;
    }
    const header = this.#header;
    if (format.read(this.#bytes, bodyAt, header) !== undefined) {
      this.#fail(circuit, 'bad-cell');
      return;
    }
    if (header.command === RELAY.data) {
      this.#onData(circuit, hop, bodyAt, index, lease);
      return;
    }
    this.#joiner.flush();
    if (circuit.state !== 'closed') this.#onMessage(circuit, hop);
  }

  #fail(circuit: ClientCircuit, fault: Parameters<ClientCircuit['fail']>[0]): void {
    this.#joiner.flush();
    circuit.fail(fault);
  }

  #onData(circuit: ClientCircuit, hop: number, bodyAt: number, index: number, lease: Lease): void {
    const { streamId: id, dataAt, dataLength } = this.#header;
    if (!circuit.isOpen || hop !== circuit.lastHop) {
      this.#fail(circuit, 'unexpected-message');
      return;
    }
    if (id === CIRCUIT_STREAM) {
      this.#fail(circuit, 'bad-cell');
      return;
    }
    // Every DATA cell counts for the circuit, whatever becomes of its stream.
    if (circuit.onDataReceived()) {
      circuit.acknowledge(this.#tag.subarray(0, this.#ciphers.readTag(index, this.#tag)));
    }
    const stream = circuit.streams.get(id);
    if (stream === undefined) {
      if (!circuit.streams.halfClosed.accepts(id, 'data')) this.#fail(circuit, 'unknown-stream');
      return;
    }
    if (stream.state !== 'open') {
      this.#fail(circuit, 'unexpected-message');
      return;
    }
    if (stream.flow?.onData() !== true) {
      this.#fail(circuit, 'flow-control');
      return;
    }
    if (dataLength > 0) this.#joiner.add(circuit, stream, lease, bodyAt, dataAt, dataLength);
  }

  #onMessage(circuit: ClientCircuit, hop: number): void {
    const { command, streamId: id, dataAt, dataLength } = this.#header;
    const data = this.#bytes.subarray(dataAt, dataAt + dataLength);
    switch (command) {
      case RELAY.drop:
        return;
      case RELAY.extended2:
        circuit.onExtended(hop, data);
        return;
      case RELAY.truncated:
        circuit.end({ kind: 'destroyed', reason: destroyReasonName(decodeDestroyReason(data)) }, true);
        return;
      default:
    }
    if (!circuit.isOpen || hop !== circuit.lastHop) {
      // Padding machines of middle hops and the like: nothing that we have asked for.
      if (command !== RELAY.paddingNegotiated) circuit.fail('unexpected-message');
      return;
    }
    if (command === RELAY.sendme && id === CIRCUIT_STREAM) {
      const sendme = decodeSendme(data);
      if (!sendme.ok) circuit.fail('bad-cell');
      else if (!circuit.onSendme(sendme.value)) circuit.fail('flow-control');
      return;
    }
    this.#onStreamMessage(circuit, command, data);
  }

  #onStreamMessage(circuit: ClientCircuit, command: number, data: Uint8Array): void {
    const id = this.#header.streamId;
    const stream = circuit.streams.get(id);
    switch (command) {
      case RELAY.end:
        if (stream !== undefined) circuit.streams.onEnded(stream, endReasonName(decodeEnd(data).reason));
        else circuit.streams.halfClosed.accepts(id, 'end');
        return;
      case RELAY.connected:
      case RELAY.resolved:
        if (stream === undefined) {
          if (!circuit.streams.halfClosed.accepts(id, 'answer')) circuit.fail('unknown-stream');
        } else if (
          stream.state !== 'connecting' ||
          (command === RELAY.resolved) !== (stream.kind === 'resolve')
        ) {
          circuit.fail('unexpected-message');
        } else if (command === RELAY.connected) {
          this.#onConnected(circuit, stream, data);
        } else {
          this.#onResolved(circuit, stream, data);
        }
        return;
      case RELAY.sendme:
      case RELAY.xon:
      case RELAY.xoff:
        if (stream === undefined) {
          if (!circuit.streams.halfClosed.accepts(id, 'flow')) circuit.fail('unknown-stream');
        } else if (!this.#onFlow(stream, command, data)) {
          circuit.fail('flow-control');
        } else {
          circuit.streams.wake(stream);
        }
        return;
      default:
        // Nothing else may come to a client that has asked for nothing else; what nobody knows is passed over.
        if (command < RELAY.confluxLink) circuit.fail('unexpected-message');
    }
  }

  #onConnected(circuit: ClientCircuit, stream: ClientStream, data: Uint8Array): void {
    const connected = decodeConnected(data);
    if (!connected.ok) {
      circuit.fail('bad-cell');
      return;
    }
    const { host } = connected.value;
    if (stream.kind === 'connect' && host !== undefined && this.#isRefused(host)) {
      circuit.streams.endStream(stream, 'misc');
      stream.onGone('private-answer');
      return;
    }
    stream.onOpen(host);
  }

  #onResolved(circuit: ClientCircuit, stream: ClientStream, data: Uint8Array): void {
    const resolved = decodeResolved(data);
    if (!resolved.ok) {
      circuit.fail('bad-cell');
      return;
    }
    const answers = resolved.value.filter(
      ({ kind, value }) => (kind !== 'ipv4' && kind !== 'ipv6') || !this.#isRefused(value),
    );
    circuit.streams.forget(stream);
    if (answers.length === 0 && resolved.value.length > 0) stream.onGone('private-answer');
    else stream.onResolved(answers);
  }

  #onFlow(stream: ClientStream, command: number, data: Uint8Array): boolean {
    const { flow } = stream;
    if (flow === undefined) return false;
    if (command === RELAY.sendme) return flow.onSendme();
    if (command === RELAY.xoff) return decodeXoff(data).ok && flow.onXoff();
    const xon = decodeXon(data);
    return xon.ok && flow.onXon(xon.value.rateKbPerSec);
  }

  /** An exit that names an address of our own network wants us to connect to a neighbour. */
  #isRefused(host: string): boolean {
    if (this.#allowPrivateAnswers) return false;
    const address = readAddress(host);
    return address !== undefined && isPrivateAddress(address);
  }
}
