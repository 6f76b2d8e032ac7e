import type { Clock, Endpoint } from '../../runtime/port.ts';
import {
  GREETING_BYTES,
  HEADER_BYTES,
  type HeaderFields,
  PACKET_TYPE,
  SACK_BYTES_MAX,
  SACK_MASK_AT,
  writeHeader,
  writeLongest,
  writeSackHead,
} from './packet.ts';
import type { ReorderBuffer } from './reorder-buffer.ts';
import { sequenceAdd } from './sequence.ts';

/** Where datagrams go out: a UDP socket, or the part of one that uTP may use. */
export interface DatagramPort {
  readonly local: Endpoint;
  /** Bytes sent that the system has not taken yet; until there are none it may hold on to what was sent. */
  readonly queuedBytes: number;
  send(bytes: Uint8Array, to: Endpoint): void;
}

/** With more than this waiting in the socket nothing new is sent. */
const QUEUED_BYTES_MAX = 256 * 1024;

/** Sends packets of all connections of an endpoint. Small ones are written into one buffer, again and again. */
export class Outlet {
  private readonly port: DatagramPort;
  private readonly clock: Clock;
  private scratch = new Uint8Array(SACK_MASK_AT + SACK_BYTES_MAX);
  private plain = this.scratch.subarray(0, HEADER_BYTES);

  constructor(modules: { readonly port: DatagramPort; readonly clock: Clock }) {
    this.port = modules.port;
    this.clock = modules.clock;
  }

  get local(): Endpoint {
    return this.port.local;
  }

  /** The socket has enough to do. */
  get isBlocked(): boolean {
    return this.port.queuedBytes > QUEUED_BYTES_MAX;
  }

  /** The system may still hold on to what was sent. */
  get isHeld(): boolean {
    return this.port.queuedBytes > 0;
  }

  nowMs(): number {
    return this.clock.now();
  }

  /** BEP 29: microseconds, 32 bits. */
  timestampUs(): number {
    return ((this.clock.now() * 1000) % 2 ** 32) >>> 0;
  }

  /** A packet whose payload, if any, lies behind the place of its header already. */
  send(packet: Uint8Array, byteLength: number, fields: HeaderFields, to: Endpoint): void {
    writeHeader(packet, fields);
    this.port.send(byteLength === packet.length ? packet : packet.subarray(0, byteLength), to);
  }

  /** A packet without payload: acknowledgement, connection request or refusal. */
  sendBare(fields: HeaderFields, to: Endpoint): void {
    this.refresh();
    writeHeader(this.plain, fields);
    this.port.send(this.plain, to);
  }

  /** As {@link sendBare}, and says how long a datagram we take. */
  sendGreeting(fields: HeaderFields, longestBytes: number, to: Endpoint): void {
    this.refresh();
    writeHeader(this.scratch, fields);
    writeLongest(this.scratch, longestBytes);
    this.port.send(this.scratch.subarray(0, GREETING_BYTES), to);
  }

  /** BEP 29: an acknowledgement that says which packets after the missing one have come. */
  sendSelective(fields: HeaderFields, reorder: ReorderBuffer, to: Endpoint): void {
    this.refresh();
    const { scratch } = this;
    writeHeader(scratch, fields);
    const first = sequenceAdd(fields.ack, 2);
    const length = reorder.writeMask(scratch, SACK_MASK_AT, first, SACK_BYTES_MAX);
    this.port.send(scratch.subarray(0, writeSackHead(scratch, length)), to);
  }

  /** BEP 29, ST_RESET: says to whoever sent `packet` that there is no such connection. */
  sendReset(connectionId: number, seq: number, to: Endpoint): void {
    this.sendBare(
      {
        type: PACKET_TYPE.reset,
        connectionId,
        timestampUs: this.timestampUs(),
        differenceUs: 0,
        windowBytes: 0,
        seq: 0,
        ack: seq,
      },
      to,
    );
  }

  /** What is still in the hands of the system must not be written over. */
  private refresh(): void {
    if (!this.isHeld) return;
    this.scratch = new Uint8Array(this.scratch.length);
    this.plain = this.scratch.subarray(0, HEADER_BYTES);
  }
}
