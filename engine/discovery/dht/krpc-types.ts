/** Queries that are answered; `other` is anything else. */
export type QueryName =
  | 'ping'
  | 'find_node'
  | 'get_peers'
  | 'announce_peer'
  | 'get'
  | 'put'
  | 'sample_infohashes'
  | 'other';

/** BEP 5 and BEP 44: the error codes we send. */
export const KRPC_ERROR = {
  generic: 201,
  server: 202,
  protocol: 203,
  unknownMethod: 204,
  valueTooBig: 205,
  badSignature: 206,
  saltTooBig: 207,
  casMismatch: 301,
  oldSequence: 302,
} as const;

/** Why a datagram is no message. */
export type KrpcFault =
  | 'bencode' // not bencode, or cut off
  | 'too-long' // longer than any message of the DHT
  | 'too-deep' // more nested than any message needs
  | 'no-transaction' // `t` is missing or too long
  | 'no-kind' // `y` is none of q, r, e
  | 'no-query' // a query without name or arguments
  | 'no-id'; // a query or answer without an id of 20 bytes

/**
 * One message of BEP 5 with all its extensions. Byte fields are views of the datagram, of the length that they must
 * have; a field of another kind or length counts as missing.
 */
export class KrpcMessage {
  kind: 'q' | 'r' | 'e' = 'q';
  /** 1…{@link TRANSACTION_BYTES_MAX} bytes. */
  transaction: Uint8Array = NOTHING;
  query: QueryName = 'other';
  /** 20 bytes; empty in errors. */
  id: Uint8Array = NOTHING;
  /** `target` or `info_hash`, 20 bytes. */
  target: Uint8Array | undefined;
  /** At most {@link TOKEN_BYTES_MAX} bytes. */
  token: Uint8Array | undefined;
  /** BEP 5: 0 when missing or out of range. */
  port = 0;
  impliedPort = false;
  /** BEP 33. */
  seed = false;
  noSeeds = false;
  scrape = false;
  /** BEP 33: 256 bytes. */
  seedFilter: Uint8Array | undefined;
  peerFilter: Uint8Array | undefined;
  /** BEP 32: families that nodes are wanted of. */
  want4 = false;
  want6 = false;
  /** BEP 43. */
  readOnly = false;
  nodes: Uint8Array | undefined;
  nodes6: Uint8Array | undefined;
  values: readonly Uint8Array[] = [];
  /** BEP 44: `v`, bencoded as it came. */
  value: Uint8Array | undefined;
  publicKey: Uint8Array | undefined;
  signature: Uint8Array | undefined;
  salt: Uint8Array | undefined;
  sequence: number | undefined;
  cas: number | undefined;
  /** BEP 51. */
  samples: Uint8Array | undefined;
  sampleCount: number | undefined;
  intervalSec: number | undefined;
  /** BEP 42: our address as the sender sees it, compact. */
  externalAddress: Uint8Array | undefined;
  errorCode = 0;
}

const NOTHING = new Uint8Array(0);

/** A longer transaction id is not worth echoing: it would only make an amplifier of us. */
export const TRANSACTION_BYTES_MAX = 32;
/** A longer token is none: it would not fit into a message of ours with the value that it is to go with. */
export const TOKEN_BYTES_MAX = 64;
/** Longest datagram that is looked at: no message of ours or of others' comes near it. */
export const MESSAGE_BYTES_MAX = 4096;
/** `values` taken from one answer. */
export const VALUES_MAX = 256;
