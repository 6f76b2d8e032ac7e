/** BEP 3: 1 + 19 + 8 + 20 + 20 bytes. */
export const HANDSHAKE_BYTES = 68;
/** Where the peer id begins: a peer that listens may answer once it has seen what is before. */
export const HANDSHAKE_BYTES_BEFORE_PEER_ID = 48;

const PROTOCOL = new TextEncoder().encode('\x13BitTorrent protocol');
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;

/** The reserved bits that mean something here. */
export interface HandshakeFeatures {
  /** BEP 10. */
  readonly extended: boolean;
  /** BEP 6. */
  readonly fast: boolean;
  /** BEP 5. */
  readonly dht: boolean;
  /** BEP 52: knows v2 torrents; in a handshake with a hybrid's v1 hash: let us change to v2. */
  readonly v2: boolean;
}

export interface Handshake extends HandshakeFeatures {
  /** 20 bytes: SHA-1, or the first 20 of SHA-256 (BEP 52). */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** All 8 reserved bytes as they came. */
  readonly reserved: Uint8Array;
}

/** Writes the {@link HANDSHAKE_BYTES} bytes of a handshake at `at`; returns how many. */
export function writeHandshake(
  out: Uint8Array,
  at: number,
  handshake: HandshakeFeatures & { readonly infoHash: Uint8Array; readonly peerId: Uint8Array },
): number {
  out.set(PROTOCOL, at);
  out.fill(0, at + RESERVED_AT, at + INFO_HASH_AT);
  if (handshake.extended) out[at + RESERVED_AT + 5]! |= 0x10;
  if (handshake.v2) out[at + RESERVED_AT + 7]! |= 0x10;
  if (handshake.fast) out[at + RESERVED_AT + 7]! |= 0x04;
  if (handshake.dht) out[at + RESERVED_AT + 7]! |= 0x01;
  out.set(handshake.infoHash.subarray(0, 20), at + INFO_HASH_AT);
  out.set(handshake.peerId.subarray(0, 20), at + HANDSHAKE_BYTES_BEFORE_PEER_ID);
  return HANDSHAKE_BYTES;
}

/**
 * False as soon as bytes[start, end), the beginning of a stream, cannot be a handshake: a stranger that speaks
 * another protocol is gone after its first bytes.
 */
export function isHandshakeStart(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(PROTOCOL.length, end - start);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== PROTOCOL[index]) return false;
  }
  return true;
}

/**
 * The info-hash of a handshake of which at least {@link HANDSHAKE_BYTES_BEFORE_PEER_ID} bytes are there, as a view.
 */
export function handshakeInfoHash(bytes: Uint8Array, start: number): Uint8Array {
  return bytes.subarray(start + INFO_HASH_AT, start + HANDSHAKE_BYTES_BEFORE_PEER_ID);
}

/** Decodes a handshake at `start`; undefined when it is none. Byte arrays are copies: a handshake outlives its buffer. */
export function decodeHandshake(
  bytes: Uint8Array,
  start: number,
  end: number,
): Handshake | 'need-more' | 'bad-handshake' {
  if (!isHandshakeStart(bytes, start, end)) return 'bad-handshake';
  if (end - start < HANDSHAKE_BYTES) return 'need-more';
  const reserved = bytes.slice(start + RESERVED_AT, start + INFO_HASH_AT);
  return {
    reserved,
    extended: (reserved[5]! & 0x10) !== 0,
    v2: (reserved[7]! & 0x10) !== 0,
    fast: (reserved[7]! & 0x04) !== 0,
    dht: (reserved[7]! & 0x01) !== 0,
    infoHash: bytes.slice(start + INFO_HASH_AT, start + HANDSHAKE_BYTES_BEFORE_PEER_ID),
    peerId: bytes.slice(start + HANDSHAKE_BYTES_BEFORE_PEER_ID, start + HANDSHAKE_BYTES),
  };
}
