import { writeUint32 } from '../../../../engine/codec/big-endian.ts';
import type { ClientCipherId } from '../../../../engine/kernels/relay-cells.ts';
import { RELAY_KEY_BYTES } from '../../../../engine/kernels/relay-cells.ts';
import {
  decodeCreated2,
  decodeCreatedFast,
  encodeCreate2,
} from '../../../../engine/onion/cell/circuit-messages.ts';
import { CELL, CELL_BODY_AT, CELL_BYTES } from '../../../../engine/onion/cell/command.ts';
import { encodeExtend2, linkSpecifiers } from '../../../../engine/onion/cell/extend.ts';
import { encodeSendme } from '../../../../engine/onion/cell/flow-messages.ts';
import { RELAY, type RelayCommand } from '../../../../engine/onion/cell/relay-command.ts';
import type { RelayHeader } from '../../../../engine/onion/cell/relay-format.ts';
import { RELAY_V0 } from '../../../../engine/onion/cell/relay-v0.ts';
import { RELAY_V1 } from '../../../../engine/onion/cell/relay-v1.ts';
import type { HopWishes } from '../../../../engine/onion/crypto/circuit-extensions.ts';
import { finishCreateFast } from '../../../../engine/onion/crypto/create-fast.ts';
import {
  finishHop,
  type HopHandshake,
  type HopKeys,
  startHop,
} from '../../../../engine/onion/crypto/create2-client.ts';
import type { CircuitReceiver, CircuitSender } from '../../../../engine/onion/flow/circuit-flow.ts';
import { fixedReceiver, fixedSender } from '../../../../engine/onion/flow/fixed-window.ts';
import { vegasParams } from '../../../../engine/onion/flow/vegas-params.ts';
import { vegasReceiver, vegasSender } from '../../../../engine/onion/flow/vegas-sender.ts';
import type { ControlCell } from '../../../../engine/onion/link/types.ts';
import { type CircuitId, type StreamId, streamId } from '../../../../engine/onion/units.ts';
import type { TestClient } from './test-client.ts';
import type { RelayPlace } from './test-network.ts';

/** A relay message that came back. */
export interface Received {
  readonly hop: number;
  readonly command: RelayCommand;
  readonly stream: number;
  readonly data: Uint8Array;
}

/** What a test wants to see of DATA without keeping it. */
export type DataSink = (stream: number, length: number) => void;

/** A circuit of the client that tests use: no window of its own, SENDMEs as they are due. */
export class TestCircuit {
  readonly client: TestClient;
  readonly id: CircuitId;
  readonly cipherId: ClientCipherId;
  readonly received: Received[] = [];
  readonly hops: HopKeys[] = [];
  readonly receivers: CircuitReceiver[] = [];
  readonly senders: CircuitSender[] = [];
  /** Why the first relay destroyed it. */
  destroyed: number | undefined;
  created: ControlCell | undefined;
  /** Instead of keeping DATA. */
  onData: DataSink | undefined;
  /** SENDMEs are answered; false: never. */
  answersSendmes = true;
  /** By stream: DATA cells since the last stream SENDME, where there are such. */
  readonly streamCells = new Map<number, number>();
  readonly #header: RelayHeader = { command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 };

  constructor(client: TestClient, id: CircuitId) {
    this.client = client;
    this.id = id;
    this.cipherId = client.ciphers.open();
  }

  /** CREATE2 to the first relay. */
  async create(place: RelayPlace, wishes?: HopWishes): Promise<void> {
    const hop = this.#start(place, wishes);
    const body = encodeCreate2({ type: hop.type, data: hop.onionSkin });
    this.client.channel.sendControl(this.id, CELL.create2, body);
    await this.client.until('CREATED2', () => this.created !== undefined || this.destroyed !== undefined);
    if (this.created === undefined) throw new Error(`destroyed: ${this.destroyed}`);
    const data = decodeCreated2(this.created.body);
    if (!data.ok) throw new Error('CREATED2 is bad');
    this.#finish(hop, data.value);
  }

  async createFast(): Promise<void> {
    const x = this.client.runtime.random.bytes(20).slice();
    this.client.channel.sendControl(this.id, CELL.createFast, x);
    await this.client.until('CREATED_FAST', () => this.created !== undefined || this.destroyed !== undefined);
    const answer = decodeCreatedFast(this.created!.body);
    if (!answer.ok) throw new Error('CREATED_FAST is bad');
    const keys = finishCreateFast(x, this.created!.body.subarray(0, 40));
    if (!keys.ok) throw new Error('CREATED_FAST does not fit');
    this.#add({ cipher: 'tor1', keys: keys.value, sendmeIncrement: undefined });
  }

  /** EXTEND2 through the last relay. */
  async extend(place: RelayPlace, wishes?: HopWishes): Promise<void> {
    const hop = this.start(place, wishes);
    const answer = await this.next(RELAY.extended2);
    const created = decodeCreated2(answer.data);
    if (!created.ok) throw new Error('EXTENDED2 is bad');
    this.#finish(hop, created.value);
  }

  /** Sends EXTEND2 and waits for nothing. */
  start(place: RelayPlace, wishes?: HopWishes): HopHandshake {
    const hop = this.#start(place, wishes);
    const specifiers = linkSpecifiers({
      ipv4: place.endpoint,
      ipv6: undefined,
      rsaId: place.fingerprint,
      ed25519Id: place.ed25519Id,
    });
    const data = encodeExtend2({ specifiers, create: { type: hop.type, data: hop.onionSkin } });
    this.send(RELAY.extend2, 0, data, { early: true });
    return hop;
  }

  /** One relay cell. `tamper`: changes it after it is enciphered. */
  send(
    command: RelayCommand,
    stream: number,
    data: Uint8Array,
    how: { hop?: number; early?: boolean; tamper?: (cell: Uint8Array) => void } = {},
  ): void {
    const { client } = this;
    const hop = how.hop ?? this.hops.length - 1;
    const cellCommand = how.early ? CELL.relayEarly : CELL.relay;
    const lease = client.slab.tryLease(1, 'test client')!;
    const { bytes } = client.slab;
    const at = lease.offset;
    writeUint32(bytes, at, this.id);
    bytes[at + 4] = cellCommand;
    const bodyAt = at + CELL_BODY_AT;
    const dataAt = this.formatOf(hop).write(bytes, bodyAt, command, streamId(stream), data.length);
    bytes.fill(0, dataAt, at + CELL_BYTES);
    bytes.set(data, dataAt);
    const number = client.ciphers.send(this.cipherId, hop, bodyAt, cellCommand);
    client.ciphers.run();
    if (command === RELAY.data && this.senders[hop]!.onSent(1, client.runtime.clock.now())) {
      const tag = new Uint8Array(20);
      const length = client.ciphers.readTag(number, tag);
      this.senders[hop]!.expectTag(tag.subarray(0, length));
    }
    how.tamper?.(bytes.subarray(at, at + CELL_BYTES));
    client.channel.sendRange(lease, at, CELL_BYTES);
    lease.release();
  }

  /** A cell whose header claims more data than there is room for. */
  sendLong(command: RelayCommand, stream: number, length: number): void {
    const { client } = this;
    const lease = client.slab.tryLease(1, 'test client')!;
    const { bytes } = client.slab;
    const at = lease.offset;
    writeUint32(bytes, at, this.id);
    bytes[at + 4] = CELL.relay;
    RELAY_V0.write(bytes, at + CELL_BODY_AT, command, streamId(stream), length);
    client.ciphers.send(this.cipherId, this.hops.length - 1, at + CELL_BODY_AT, CELL.relay);
    client.ciphers.run();
    client.channel.sendRange(lease, at, CELL_BYTES);
    lease.release();
  }

  /** The next message of that command that has come or comes; it is taken out. */
  async next(command: RelayCommand, stream?: number): Promise<Received> {
    const find = () =>
      this.received.findIndex(
        (message) => message.command === command && (stream === undefined || message.stream === stream),
      );
    await this.client.until(
      `relay message ${command}`,
      () => find() >= 0 || this.destroyed !== undefined || this.client.end !== undefined,
    );
    const at = find();
    if (at < 0) throw new Error(`circuit destroyed (${this.destroyed}), link ${this.client.end?.reason}`);
    return this.received.splice(at, 1)[0]!;
  }

  formatOf(hop: number) {
    return this.hops[hop]?.cipher === 'cgo' ? RELAY_V1 : RELAY_V0;
  }

  /** A cell that came, deciphered by `hop`; `number` in the run of the ciphers. */
  onCell(hop: number, offset: number, number: number): void {
    const { slab, ciphers } = this.client;
    const header = this.#header;
    const fault = this.formatOf(hop).read(slab.bytes, offset + CELL_BODY_AT, header);
    if (fault !== undefined) throw new Error(`a cell came back that is ${fault}`);
    const { command, streamId: stream, dataAt, dataLength } = header;
    if (command === RELAY.data) {
      if (this.receivers[hop]!.onReceived(1) === 'sendme' && this.answersSendmes) {
        const tag = new Uint8Array(20);
        const digest = tag.subarray(0, ciphers.readTag(number, tag));
        this.client.later(() => this.send(RELAY.sendme, 0, encodeSendme({ version: 1, digest }), { hop }));
      }
      if (this.hops[hop]!.sendmeIncrement === undefined) this.#countStream(hop, stream);
      if (this.onData !== undefined) {
        this.onData(stream, dataLength);
        return;
      }
    }
    if (command === RELAY.sendme && stream === 0)
      this.#onSendme(hop, slab.bytes.slice(dataAt, dataAt + dataLength));
    this.received.push({ hop, command, stream, data: slab.bytes.slice(dataAt, dataAt + dataLength) });
  }

  #onSendme(hop: number, data: Uint8Array): void {
    const tag = data.subarray(3);
    const fault = this.senders[hop]!.onSendme(
      { version: data[0]!, tag },
      this.client.runtime.clock.now(),
      false,
    );
    if (fault !== undefined) throw new Error(`a SENDME came that is ${fault}`);
  }

  #countStream(hop: number, stream: StreamId): void {
    const cells = (this.streamCells.get(stream) ?? 0) + 1;
    this.streamCells.set(stream, cells % 50);
    if (cells < 50 || !this.answersSendmes) return;
    this.client.later(() => this.send(RELAY.sendme, stream, new Uint8Array(0), { hop }));
  }

  #start(place: RelayPlace, wishes: HopWishes | undefined): HopHandshake {
    const { fingerprint, ed25519Id: identity, onionKey } = place;
    const hop = startHop(
      { fingerprint, identity, onionKey },
      wishes,
      this.client.runtime.random.bytes(32).slice(),
    );
    if (!hop.ok) throw new Error(`no handshake: ${hop.reason}`);
    return hop.value;
  }

  #finish(hop: HopHandshake, reply: Uint8Array): void {
    const keys = finishHop(hop, reply);
    if (!keys.ok) throw new Error(`handshake failed: ${keys.reason}`);
    this.#add(keys.value);
  }

  #add(hop: HopKeys): void {
    const { cipher, keys, sendmeIncrement: increment } = hop;
    this.client.ciphers.extend(this.cipherId, cipher, keys.subarray(0, RELAY_KEY_BYTES[cipher]));
    this.hops.push(hop);
    const tagBytes = cipher === 'cgo' ? 16 : 20;
    this.receivers.push(increment === undefined ? fixedReceiver() : vegasReceiver(increment));
    const options = { tagBytes, acceptVersionMin: 1 };
    this.senders.push(
      increment === undefined
        ? fixedSender(options)
        : vegasSender(
            { ...options, increment, params: vegasParams(new Map(), 'exit') },
            { isStalled: false },
          ),
    );
  }
}
