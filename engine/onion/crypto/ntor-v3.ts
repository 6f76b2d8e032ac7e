import { createCipheriv } from 'node:crypto';
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
  const stream = shake256(
    joinBytes(PHASE1, onionKeySecret, identity, clientKey, onionKey, PROTOID, encapsulate(verification)),
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
  return sha3(joinBytes(MESSAGE_MAC, encapsulate(macKey), identity, onionKey, clientKey, sealed));
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
  const input = joinBytes(
    ephemeralSecret,
    onionKeySecret,
    identity,
    onionKey,
    clientKey,
    serverKey,
    PROTOID,
    encapsulate(verification),
  );
  const seed = sha3(joinBytes(KEY_SEED, input));
  const verify = sha3(joinBytes(VERIFY, input));
  input.fill(0);
  const last = joinBytes(FINAL, seed);
  const stream = shake256(last, ENCRYPTION_KEY_BYTES + byteLength);
  seed.fill(0);
  last.fill(0);
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
  return sha3(
    joinBytes(
      AUTH,
      verify,
      identity,
      onionKey,
      serverKey,
      clientKey,
      mac,
      encapsulate(sealed),
      PROTOID,
      SERVER,
    ),
  );
}

/** AES-256 in counter mode from zero: seals and opens. Every key is used for one message only. */
export function ntorV3Cipher(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv('aes-256-ctr', key, ZERO_IV).update(message));
}

/** ENCAP: the length in 8 bytes, then the bytes. */
function encapsulate(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + bytes.length);
  new DataView(out.buffer).setUint32(4, bytes.length);
  out.set(bytes, 8);
  return out;
}
