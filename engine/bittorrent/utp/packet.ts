import { readUint16, readUint32, writeUint16, writeUint32 } from '../../codec/big-endian.ts';

/** BEP 29, `type`. */
export const PACKET_TYPE = { data: 0, fin: 1, state: 2, reset: 3, syn: 4 } as const;
export type PacketType = (typeof PACKET_TYPE)[keyof typeof PACKET_TYPE];

/** BEP 29: the header without extensions. */
export const HEADER_BYTES = 20;
/** BEP 29: the bit mask of a selective acknowledgement has a multiple of 32 bits; one byte says how many bytes. */
export const SACK_BYTES_MAX = 252;

const VERSION = 1;
const EXTENSION_SACK = 1;
/**
 * Our own: two bytes with the longest datagram that the sender takes. Other programs pass over extensions they do
 * not know, as BEP 29 asks.
 */
const EXTENSION_LONGEST = 0x6c;
/**
 * libutp takes a packet whose first extension has a number above 2 for one of an older protocol. So ours comes
 * behind the empty bit field that libutp knows as number 2.
 */
const EXTENSION_BITS = 2;
const EXTENSION_BITS_BYTES = 8;
const LONGEST_AT = HEADER_BYTES + 2 + EXTENSION_BITS_BYTES;
/** A packet with {@link writeLongest}. */
export const GREETING_BYTES = LONGEST_AT + 4;

/** A packet as {@link readPacket} understood it; one object serves all packets of an endpoint. */
export class UtpPacket {
  type: PacketType = PACKET_TYPE.data;
  connectionId = 0;
  /** When it was sent, by the sender's clock. */
  timestampUs = 0;
  /** How long the sender's last packet from us was on the way, clocks not compared. 0: it has had none. */
  differenceUs = 0;
  /** What the sender can still take. */
  windowBytes = 0;
  seq = 0;
  ack = 0;
  /** The payload goes from here to the end of the datagram. */
  payloadAt = 0;
  /** The bit mask of a selective acknowledgement, 0 bytes when there is none. */
  sackAt = 0;
  sackBytes = 0;
  /** The longest datagram the sender says it takes; 0 when it says nothing. */
  longestBytes = 0;
}

/** Understands a datagram. False when it is no well-formed packet of uTP. */
export function readPacket(bytes: Uint8Array, into: UtpPacket): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const first = bytes[0]!;
  if ((first & 0x0f) !== VERSION || first >> 4 > PACKET_TYPE.syn) return false;
  into.type = (first >> 4) as PacketType;
  into.connectionId = readUint16(bytes, 2);
  into.timestampUs = readUint32(bytes, 4);
  into.differenceUs = readUint32(bytes, 8);
  into.windowBytes = readUint32(bytes, 12);
  into.seq = readUint16(bytes, 16);
  into.ack = readUint16(bytes, 18);
  into.payloadAt = HEADER_BYTES;
  into.sackBytes = 0;
  into.longestBytes = 0;
  return bytes[1] === 0 || readExtensions(bytes, into);
}

/** BEP 29: a list, each with the type of the next one and its own length; unknown ones are passed over. */
function readExtensions(bytes: Uint8Array, into: UtpPacket): boolean {
  let kind = bytes[1]!;
  let at = HEADER_BYTES;
  while (kind !== 0) {
    if (at + 2 > bytes.length) return false;
    const next = bytes[at]!;
    const length = bytes[at + 1]!;
    at += 2;
    if (at + length > bytes.length) return false;
    if (kind === EXTENSION_SACK) {
      // BEP 29 asks for a multiple of 4 bytes; libtorrent sends masks of any length.
      into.sackAt = at;
      into.sackBytes = length;
    } else if (kind === EXTENSION_LONGEST && length === 2) into.longestBytes = readUint16(bytes, at);
    at += length;
    kind = next;
  }
  into.payloadAt = at;
  return true;
}

/** What a header says; see {@link UtpPacket}. */
export type HeaderFields = Pick<
  UtpPacket,
  'type' | 'connectionId' | 'timestampUs' | 'differenceUs' | 'windowBytes' | 'seq' | 'ack'
>;

/** Writes a header without extensions to the first 20 bytes. */
export function writeHeader(bytes: Uint8Array, fields: HeaderFields): void {
  bytes[0] = (fields.type << 4) | VERSION;
  bytes[1] = 0;
  writeUint16(bytes, 2, fields.connectionId);
  writeUint32(bytes, 4, fields.timestampUs);
  writeUint32(bytes, 8, fields.differenceUs);
  writeUint32(bytes, 12, fields.windowBytes);
  writeUint16(bytes, 16, fields.seq);
  writeUint16(bytes, 18, fields.ack);
}

/** Announces a selective acknowledgement whose mask of `maskBytes` bytes lies behind the head; the packet's length. */
export function writeSackHead(bytes: Uint8Array, maskBytes: number): number {
  bytes[1] = EXTENSION_SACK;
  bytes[HEADER_BYTES] = 0;
  bytes[HEADER_BYTES + 1] = maskBytes;
  return SACK_MASK_AT + maskBytes;
}

/** Where the mask of a packet lies that has no other extension. */
export const SACK_MASK_AT = HEADER_BYTES + 2;

/** Adds the longest datagram that we take; the packet has {@link GREETING_BYTES} then. */
export function writeLongest(bytes: Uint8Array, longestBytes: number): void {
  bytes[1] = EXTENSION_BITS;
  bytes.fill(0, HEADER_BYTES, LONGEST_AT);
  bytes[HEADER_BYTES] = EXTENSION_LONGEST;
  bytes[HEADER_BYTES + 1] = EXTENSION_BITS_BYTES;
  bytes[LONGEST_AT] = 0;
  bytes[LONGEST_AT + 1] = 2;
  writeUint16(bytes, LONGEST_AT + 2, longestBytes);
}
