import type { Endpoint } from '../../runtime/port.ts';
import type { Outlet } from './outlet.ts';
import { type HeaderFields, PACKET_TYPE, type PacketType, UtpPacket } from './packet.ts';
import type { UtpReceiver } from './receiver.ts';

export interface VoiceOptions {
  readonly remote: Endpoint;
  readonly sendId: number;
  /** Said before there is a receiver. */
  readonly receiveWindowBytes: number;
}

/** What a connection says: every packet carries what has come, what can be taken, and how long packets are under way. */
export class Voice {
  /** Once the connection stands. */
  receiver: UtpReceiver | undefined;
  /** What the peer believes that we can take. */
  saidWindowBytes = 0;
  lastSentMs = 0;
  private readonly options: VoiceOptions;
  private readonly outlet: Outlet;
  /** One object for all headers. */
  private readonly header = new UtpPacket();
  private differenceUs = 0;

  constructor(options: VoiceOptions, modules: { readonly outlet: Outlet }) {
    this.options = options;
    this.outlet = modules.outlet;
  }

  /** BEP 29, timestamp_difference: how long the last packet was under way, by two clocks that are not in step. */
  heard(timestampUs: number): void {
    this.differenceUs = (this.outlet.timestampUs() - timestampUs) >>> 0;
  }

  /** A packet whose payload lies behind the place of its header. */
  send(packet: Uint8Array, byteLength: number, type: PacketType, seq: number): void {
    this.outlet.send(packet, byteLength, this.fields(type, seq), this.options.remote);
  }

  /** BEP 29, ST_STATE: has the number of the next packet and takes none; tells of gaps where there are any. */
  sendAck(nextSeq: number): void {
    const { outlet, receiver } = this;
    const { remote } = this.options;
    const fields = this.fields(PACKET_TYPE.state, nextSeq);
    if (receiver?.hasGap === true) outlet.sendSelective(fields, receiver.reorder, remote);
    else outlet.sendBare(fields, remote);
  }

  /** BEP 29, ST_SYN: carries the id that we listen to; all later packets carry the other one. */
  sendSyn(seq: number, receiveId: number, longestBytes: number): void {
    const { remote } = this.options;
    const fields = this.fields(PACKET_TYPE.syn, seq);
    fields.connectionId = receiveId;
    if (longestBytes > 0) this.outlet.sendGreeting(fields, longestBytes, remote);
    else this.outlet.sendBare(fields, remote);
  }

  /** BEP 29, ST_RESET: refuses the packet `seq` and everything after it. */
  sendReset(seq: number): void {
    this.outlet.sendReset(this.options.sendId, seq, this.options.remote);
  }

  private fields(type: PacketType, seq: number): HeaderFields & { connectionId: number } {
    const { header, outlet, receiver } = this;
    header.type = type;
    header.connectionId = this.options.sendId;
    header.timestampUs = outlet.timestampUs();
    header.differenceUs = this.differenceUs;
    header.windowBytes = receiver?.windowBytes ?? this.options.receiveWindowBytes;
    header.seq = seq;
    header.ack = receiver?.ack ?? 0;
    this.saidWindowBytes = header.windowBytes;
    this.lastSentMs = outlet.nowMs();
    return header;
  }
}
