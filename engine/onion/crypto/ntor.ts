import { ascii } from './bytes.ts';
import { HmacSha256 } from './hmac-sha256.ts';

/** HTYPE of ntor in CREATE2 and EXTEND2 (tor-spec: CREATE and CREATED cells). */
export const NTOR_HANDSHAKE = 2;
/** HDATA of the client: fingerprint (20), onion key B (32), X (32). */
export const NTOR_ONION_SKIN_BYTES = 84;
/** HDATA of the relay: Y (32), AUTH (32). */
export const NTOR_REPLY_BYTES = 64;

/** Why an ntor handshake failed. `wrong-auth`: the answer is not by the owner of the onion key, or was changed. */
export type NtorFault =
  | 'bad-length'
  | 'wrong-fingerprint'
  | 'unknown-onion-key'
  | 'zero-secret'
  | 'wrong-auth';

const PROTOID = ascii('ntor-curve25519-sha256-1');
const SERVER = ascii('Server');
const EXPAND_INFO = ascii('ntor-curve25519-sha256-1:key_expand');
const DIGEST_BYTES = 32;
/** Two secrets, fingerprint, three public keys, the name of the protocol. */
const SECRET_BYTES = 32 + 32 + 20 + 32 + 32 + 32 + PROTOID.length;
const AUTH_INPUT_BYTES = 32 + 20 + 32 + 32 + 32 + PROTOID.length + SERVER.length;

const seedMac = new HmacSha256(ascii('ntor-curve25519-sha256-1:key_extract'), SECRET_BYTES);
const verifyMac = new HmacSha256(ascii('ntor-curve25519-sha256-1:verify'), SECRET_BYTES);
const authMac = new HmacSha256(ascii('ntor-curve25519-sha256-1:mac'), AUTH_INPUT_BYTES);
const expandMac = new HmacSha256(new Uint8Array(0), DIGEST_BYTES + EXPAND_INFO.length + 1);

/** What both sides know when their messages have been exchanged; names as in tor-spec, “The ntor handshake”. */
export interface NtorTranscript {
  /** EXP(X,y), 32 bytes. */
  readonly ephemeralSecret: Uint8Array;
  /** EXP(X,b), 32 bytes. */
  readonly onionKeySecret: Uint8Array;
  /** ID, 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** B. */
  readonly onionKey: Uint8Array;
  /** X. */
  readonly clientKey: Uint8Array;
  /** Y. */
  readonly serverKey: Uint8Array;
}

/**
 * AUTH (32 bytes) and `byteLength` bytes of keys. The secrets pass through memory that is reused, so nothing is
 * allocated for them; it is overwritten by the next handshake and wiped here where they lay open.
 */
export function deriveNtor(
  transcript: NtorTranscript,
  byteLength: number,
): { readonly auth: Uint8Array; readonly keys: Uint8Array } {
  const { ephemeralSecret, onionKeySecret, fingerprint, onionKey, clientKey, serverKey } = transcript;
  const secret = seedMac.message;
  secret.set(ephemeralSecret, 0);
  secret.set(onionKeySecret, 32);
  secret.set(fingerprint, 64);
  secret.set(onionKey, 84);
  secret.set(clientKey, 116);
  secret.set(serverKey, 148);
  secret.set(PROTOID, 180);
  const seed = seedMac.digest(SECRET_BYTES);
  const verify = verifyMac.of(secret);
  secret.fill(0, 0, 64);
  verifyMac.message.fill(0, 0, 64);

  const input = authMac.message;
  input.set(verify, 0);
  input.set(fingerprint, 32);
  input.set(onionKey, 52);
  input.set(serverKey, 84);
  input.set(clientKey, 116);
  input.set(PROTOID, 148);
  input.set(SERVER, 148 + PROTOID.length);
  return { auth: authMac.digest(AUTH_INPUT_BYTES), keys: expand(seed, byteLength) };
}

/** HKDF-Expand of RFC 5869 with the info of ntor. */
function expand(seed: Uint8Array, byteLength: number): Uint8Array {
  const out = new Uint8Array(byteLength);
  const message = expandMac.message;
  expandMac.setKey(seed);
  let before = 0;
  for (let at = 0, counter = 1; at < byteLength; at += DIGEST_BYTES, counter++) {
    message.set(EXPAND_INFO, before);
    message[before + EXPAND_INFO.length] = counter;
    const block = expandMac.digest(before + EXPAND_INFO.length + 1);
    out.set(block.subarray(0, Math.min(DIGEST_BYTES, byteLength - at)), at);
    message.set(block, 0);
    before = DIGEST_BYTES;
  }
  expandMac.wipe();
  return out;
}
