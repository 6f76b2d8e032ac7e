import { createCipheriv } from 'node:crypto';
import { writeUint32 } from '../../codec/big-endian.ts';
import { ascii, joinBytes } from './bytes.ts';
import { sha3, shake256 } from './digest.ts';

/** HTYPE of ntor-v3 in CREATE2 and EXTEND2 (subprotocol Relay=4). */
export const NTOR_V3_HANDSHAKE = 3;
/** HDATA of the client: Ed25519 identity (32), B (32), X (32), the sealed message, MAC (32). */
export const NTOR_V3_ONION_SKIN_BYTES_MIN = 128;
/** HDATA of the relay: Y (32), AUTH (32), the sealed message. */
export const NTOR_V3_REPLY_BYTES_MIN = 64;
/** A message that fits into one cell with its handshake: CREATE2 has room for 505 bytes of HDATA. */
export const NTOR_V3_MESSAGE_BYTES_MAX = 505 - NTOR_V3_ONION_SKIN_BYTES_MIN;
/** What ntor-v3 is used for here, mixed into every hash, so that no other use can be taken for it. */
export const CIRCUIT_VERIFICATION = ascii('circuit extend');

/** Why an ntor-v3 handshake failed. `wrong-mac`: the sealed message of the client was changed. */
export type NtorV3Fault =
  | 'bad-length'
  | 'wrong-identity'
  | 'unknown-onion-key'
  | 'zero-secret'
  | 'wrong-mac'
  | 'wrong-auth';

const NAME = 'ntor3-curve25519-sha3_256-1';
const PROTOID = ascii(NAME);
const SERVER = ascii('Server');
const ENCRYPTION_KEY_BYTES = 32;
const MAC_KEY_BYTES = 32;
const ZERO_IV = new Uint8Array(16);
/** What is hashed is put together here, call by call, and wiped behind it. */
const scratch = new Uint8Array(1024);

const [PHASE1, MESSAGE_MAC, KEY_SEED, VERIFY, FINAL, AUTH] = [
  ':kdf_phase1',
  ':msg_mac',
  ':key_seed',
  ':verify',
  ':kdf_final',
  ':auth_final',
].map((tweak) => encapsulate(ascii(`${NAME}${tweak}`))) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/** The public values of a handshake; names as in tor-spec, “The ntor-v3 handshake”. */
export interface NtorV3Names {
  /** ID: the relay's Ed25519 identity, 32 bytes. */
  readonly identity: Uint8Array;
  /** B. */
  readonly onionKey: Uint8Array;
  /** X. */
  readonly clientKey: Uint8Array;
  /** VER. */
  readonly verification: Uint8Array;
}

/** ENC_K1 and MAC_K1, for the client's message. `onionKeySecret`: EXP(B,x). */
export function deriveNtorV3MessageKeys(
  names: NtorV3Names,
  onionKeySecret: Uint8Array,
): { readonly encryptionKey: Uint8Array; readonly macKey: Uint8Array } {
  const { identity, onionKey, clientKey, verification } = names;
  const parts = [PHASE1, onionKeySecret, identity, clientKey, onionKey, PROTOID];
  const stream = expand(
    [...parts, lengthOf(verification), verification],
    ENCRYPTION_KEY_BYTES + MAC_KEY_BYTES,
  );
  return {
    encryptionKey: stream.subarray(0, ENCRYPTION_KEY_BYTES),
    macKey: stream.subarray(ENCRYPTION_KEY_BYTES),
  };
}

/** MAC, 32 bytes, of the client's sealed message and of whom it is for. */
export function ntorV3MessageMac(names: NtorV3Names, macKey: Uint8Array, sealed: Uint8Array): Uint8Array {
  const { identity, onionKey, clientKey } = names;
  return digest([MESSAGE_MAC, lengthOf(macKey), macKey, identity, onionKey, clientKey, sealed]);
}

/** `verify`, ENC_KEY and `byteLength` bytes of keys for the circuit. */
export function deriveNtorV3Keys(
  names: NtorV3Names,
  secrets: {
    /** EXP(X,y). */
    readonly ephemeralSecret: Uint8Array;
    /** EXP(X,b). */
    readonly onionKeySecret: Uint8Array;
    /** Y. */
    readonly serverKey: Uint8Array;
  },
  byteLength: number,
): { readonly verify: Uint8Array; readonly encryptionKey: Uint8Array; readonly keys: Uint8Array } {
  const { identity, onionKey, clientKey, verification } = names;
  const { ephemeralSecret, onionKeySecret, serverKey } = secrets;
  const publicParts = [
    identity,
    onionKey,
    clientKey,
    serverKey,
    PROTOID,
    lengthOf(verification),
    verification,
  ];
  const parts = [ephemeralSecret, onionKeySecret, ...publicParts];
  const seed = digest([KEY_SEED, ...parts]);
  const verify = digest([VERIFY, ...parts]);
  const stream = expand([FINAL, seed], ENCRYPTION_KEY_BYTES + byteLength);
  seed.fill(0);
  return {
    verify,
    encryptionKey: stream.subarray(0, ENCRYPTION_KEY_BYTES),
    keys: stream.subarray(ENCRYPTION_KEY_BYTES),
  };
}

/** AUTH, 32 bytes: that the relay knows its onion key and saw what the client sent. */
export function ntorV3Auth(
  names: NtorV3Names,
  said: {
    readonly verify: Uint8Array;
    readonly serverKey: Uint8Array;
    /** MAC as the client sent it. */
    readonly mac: Uint8Array;
    /** The relay's sealed message. */
    readonly sealed: Uint8Array;
  },
): Uint8Array {
  const { identity, onionKey, clientKey } = names;
  const { verify, serverKey, mac, sealed } = said;
  const keys = [identity, onionKey, serverKey, clientKey];
  return digest([AUTH, verify, ...keys, mac, lengthOf(sealed), sealed, PROTOID, SERVER]);
}

/** AES-256 in counter mode from zero: seals and opens. Every key is used for one message only. */
export function ntorV3Cipher(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv('aes-256-ctr', key, ZERO_IV).update(message));
}

/** SHA3-256 of all parts, one behind the other. */
function digest(parts: readonly Uint8Array[]): Uint8Array {
  const input = gather(parts);
  const output = sha3(input);
  input.fill(0);
  return output;
}

/** SHAKE-256 of all parts, one behind the other. */
function expand(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const input = gather(parts);
  const output = shake256(input, byteLength);
  input.fill(0);
  return output;
}

/** In {@link scratch} where they fit, which all do that come in cells. */
function gather(parts: readonly Uint8Array[]): Uint8Array {
  let byteLength = 0;
  for (const part of parts) byteLength += part.length;
  const out = byteLength <= scratch.length ? scratch.subarray(0, byteLength) : new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** What stands before the bytes in ENCAP: their length, in 8 bytes. */
function lengthOf(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(8);
  writeUint32(out, 4, bytes.length);
  return out;
}

/** ENCAP: the length, then the bytes. */
function encapsulate(bytes: Uint8Array): Uint8Array {
  return joinBytes(lengthOf(bytes), bytes);
}
