import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import type { Lease } from '../../../../engine/kernels/lease.ts';
import { scratchOffset } from '../../../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../../../engine/kernels/module.ts';
import type { RelayCipherId, RelayCiphers } from '../../../../engine/kernels/relay-cells.ts';
import { createRelayCiphers, relayCiphersBytes } from '../../../../engine/kernels/relay-choice.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import { SLOT_BYTES } from '../../../../engine/kernels/types.ts';
import { CELL, CELL_BODY_AT, CELL_BYTES } from '../../../../engine/onion/cell/command.ts';
import type { RelayHeader } from '../../../../engine/onion/cell/relay-format.ts';
import { RELAY_V0 } from '../../../../engine/onion/cell/relay-v0.ts';
import type { ClientCircuit } from '../../../../engine/onion/client/circuit.ts';
import type { CircuitEnd } from '../../../../engine/onion/client/circuit-types.ts';
import { leaseCiphers } from '../../../../engine/onion/client/leased-ciphers.ts';
import { ClientLinks } from '../../../../engine/onion/client/links.ts';
import { ClientStream, type StreamKind } from '../../../../engine/onion/client/stream.ts';
import type { OnionStreamEnd, StreamReason } from '../../../../engine/onion/client/types.ts';
import { answerCreateFast } from '../../../../engine/onion/crypto/create-fast.ts';
import type { Channel, ChannelHandler } from '../../../../engine/onion/link/types.ts';
import { circuitId, streamId } from '../../../../engine/onion/units.ts';
import type { Clock, Milliseconds } from '../../../../engine/runtime/port.ts';
import { seededRandom } from '../../../bittorrent/support/seeded-random.ts';

/** A relay cell that the client sent, in the clear. */
export interface Sent {
  readonly command: number;
  readonly stream: number;
  readonly data: Uint8Array;
  /** Of the cell, as a relay knows it. */
  readonly tag: Uint8Array;
}

/** What became of a stream. */
export interface StreamRecord {
  readonly stream: ClientStream;
  readonly opened: (string | undefined)[];
  readonly data: Uint8Array[];
  /** How often data was handed over. */
  readonly deliveries: number[];
  drains: number;
  /** Refused before it was open. */
  readonly refused: StreamReason[];
  end: OnionStreamEnd | undefined;
}

/**
 * A circuit of one hop and the relay at its other end, whom the test plays: it sends what it likes. Everything happens
 * in this thread, the link is a pair of function calls.
 */
export class OneHop {
  readonly slab = new Slab({ slotCount: 600, threadCountMax: 1 });
  readonly circuit: ClientCircuit;
  readonly sent: Sent[] = [];
  /** Commands of control cells that came from the client. */
  readonly controls: number[] = [];
  end: CircuitEnd | undefined;
  isBuilt = false;
  isWritable = true;
  nowMs = 1000;
  readonly #random = seededRandom(5);
  readonly #relay: RelayCiphers;
  readonly #links: ClientLinks;
  readonly #ciphersLease: Lease;
  readonly #relayLease: Lease;
  #relayCircuit: RelayCipherId | undefined;
  #handler: ChannelHandler | undefined;
  #id = 0;
  readonly #header: RelayHeader = { command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 };

  constructor(options: { readonly allowPrivateAnswers?: boolean } = {}) {
    const { slab } = this;
    const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
    const choice = choiceOfOne('native');
    const made = leaseCiphers({ circuits: 8 }, { slab, kernels, choice });
    this.#ciphersLease = made.lease;
    const shape = { capacity: 8, cellCountMax: 128 };
    const bytes = relayCiphersBytes('tor1', shape, kernels) + 64;
    this.#relayLease = slab.tryLease(Math.ceil(bytes / SLOT_BYTES), 'relay')!;
    const offset = Math.ceil(this.#relayLease.offset / 64) * 64;
    this.#relay = createRelayCiphers('tor1', { ...shape, offset }, kernels, choice);
    const clock: Clock = {
      now: () => this.nowMs as Milliseconds,
      wallClock: () => this.nowMs,
      setTimer: () => ({ cancel: () => {} }),
    };
    this.#links = new ClientLinks(
      { allowPrivateAnswers: options.allowPrivateAnswers ?? false },
      {
        slab,
        ciphers: made.ciphers,
        clock,
        random: this.#random,
        clockHealth: { isStalled: false },
        connect: (_to, handler) => {
          this.#handler = handler;
          return this.#channel();
        },
      },
    );
    const host = '10.0.0.1';
    const plan = {
      nickname: 'relay',
      fingerprint: '11'.repeat(20),
      host,
      port: 1,
      ed25519Id: undefined,
      onionKey: undefined,
      wishes: undefined,
      target: { ipv4: undefined, ipv6: undefined, rsaId: undefined, ed25519Id: undefined },
    };
    this.circuit = this.#links.to(plan).createCircuit([plan], new Map(), {
      onBuilt: () => {
        this.isBuilt = true;
      },
      onClosed: (end) => {
        this.end = end;
      },
    });
  }

  /** Opens the link and builds the circuit. */
  build(answer: (body: Uint8Array) => Uint8Array = (body) => body): void {
    this.#handler!.onOpen({
      linkVersion: 5,
      rsaFingerprint: undefined,
      ed25519Id: undefined,
      ownHostSeen: undefined,
      hosts: [],
      clockSkewSec: undefined,
    });
    const made = answerCreateFast(this.#createBody!, this.#random.bytes(20).slice());
    if (!made.ok) throw new Error('CREATE_FAST');
    this.#relayCircuit = this.#relay.open(made.value.keys.subarray(0, 72));
    this.control(CELL.createdFast, answer(made.value.reply));
  }

  /** A control cell to the client. */
  control(command: number, body: Uint8Array): void {
    const padded = new Uint8Array(509);
    padded.set(body);
    this.#handler!.onControl({ circuitId: circuitId(this.#id), command, body: padded });
  }

  /** Relay cells to the client, all in one read. `spoil`: changes them once they are enciphered. */
  reply(
    cells: readonly {
      readonly command: number;
      readonly stream?: number;
      readonly data?: Uint8Array;
      readonly early?: boolean;
    }[],
    spoil: (cells: Uint8Array) => void = () => {},
  ): readonly Uint8Array[] {
    const lease = this.slab.tryLease(Math.ceil((cells.length * CELL_BYTES) / SLOT_BYTES), 'test')!;
    const { bytes } = this.slab;
    const view = new DataView(this.slab.buffer);
    const tags: Uint8Array[] = [];
    const offsets = new Int32Array(cells.length);
    for (const [i, { command, stream = 0, data = new Uint8Array(0), early }] of cells.entries()) {
      const at = lease.offset + i * CELL_BYTES;
      offsets[i] = at;
      bytes.fill(0, at, at + CELL_BYTES);
      view.setUint32(at, this.#id);
      bytes[at + 4] = early ? CELL.relayEarly : CELL.relay;
      bytes.set(data, RELAY_V0.write(bytes, at + CELL_BODY_AT, command, streamId(stream), data.length));
      const index = this.#relay.originate(this.#relayCircuit!, at + CELL_BODY_AT, CELL.relay);
      this.#relay.run();
      const tag = new Uint8Array(20);
      this.#relay.readTag(index, tag);
      tags.push(tag);
    }
    spoil(bytes.subarray(lease.offset, lease.offset + cells.length * CELL_BYTES));
    this.#handler!.onCells({ lease, offsets, count: cells.length });
    lease.release();
    return tags;
  }

  /** Lets the client send what it has to. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  /** The link takes cells again. */
  unblock(): void {
    this.isWritable = true;
    this.#handler!.onWritable();
  }

  /** The link is gone. */
  breakLink(): void {
    this.#handler!.onClose({ kind: 'reset', reason: 'ECONNRESET' });
  }

  /** What was sent and not looked at yet. */
  take(command?: number): readonly Sent[] {
    const taken = this.sent.filter((one) => command === undefined || one.command === command);
    for (const one of taken) this.sent.splice(this.sent.indexOf(one), 1);
    return taken;
  }

  stream(kind: StreamKind = 'connect', consumes = true): StreamRecord {
    const record: { -readonly [Key in keyof StreamRecord]: StreamRecord[Key] } = {
      stream: undefined as unknown as ClientStream,
      opened: [],
      data: [],
      deliveries: [],
      drains: 0,
      refused: [],
      end: undefined,
    };
    record.stream = new ClientStream(
      { kind, host: 'name.test', port: 80, isolationKey: '', queueBytesMax: 4 << 20 },
      {
        handler: {
          onOpen: (host) => record.opened.push(host),
          onData: (bytes) => {
            record.data.push(bytes.slice());
            record.deliveries.push(bytes.length);
            if (consumes) record.stream.consumed(bytes.length);
          },
          onDrain: () => {
            record.drains += 1;
          },
          onClose: (end) => {
            record.end = end;
          },
        },
        keeper: {
          onStreamOpen: () => {},
          onStreamRefused: (_stream, reason) => record.refused.push(reason),
          onStreamClosed: () => {},
        },
      },
    );
    this.circuit.attach(record.stream);
    return record;
  }

  /** Everything that was lent must be back. */
  close(): void {
    this.#ciphersLease.release();
    this.#relayLease.release();
    this.slab.assertAllReturned();
  }

  #createBody: Uint8Array | undefined;

  #channel(): Channel {
    const hop = this;
    return {
      peer: undefined,
      initiated: true,
      remoteHost: '10.0.0.1',
      remotePort: 1,
      queuedBytes: 0,
      get writable() {
        return hop.isWritable;
      },
      sendRange: (_lease, offset, byteLength) => {
        for (let at = offset; at < offset + byteLength; at += CELL_BYTES) this.#onCell(at);
      },
      sendControl: (id, command, body) => {
        this.#id = id;
        this.controls.push(command);
        if (command === CELL.createFast) this.#createBody = body.slice(0, 20);
      },
      flush: () => {},
      close: () => {},
      destroy: () => {},
      pauseReading: () => {},
      resumeReading: () => {},
    } as Channel;
  }

  #onCell(at: number): void {
    const index = this.#relay.forward(this.#relayCircuit!, at + CELL_BODY_AT, this.slab.bytes[at + 4]!);
    this.#relay.run();
    if (this.#relay.outcomes[index] !== 1) throw new Error('the relay does not recognise a cell');
    const tag = new Uint8Array(20);
    this.#relay.readTag(index, tag);
    RELAY_V0.read(this.slab.bytes, at + CELL_BODY_AT, this.#header);
    const { command, streamId: stream, dataAt, dataLength } = this.#header;
    this.sent.push({ command, stream, data: this.slab.bytes.slice(dataAt, dataAt + dataLength), tag });
  }
}
