import { equalBytes, joinBytes } from './bytes.ts';
import {
  CIRCUIT_VERIFICATION,
  deriveNtorV3Keys,
  deriveNtorV3MessageKeys,
  NTOR_V3_MESSAGE_BYTES_MAX,
  NTOR_V3_REPLY_BYTES_MIN,
  type NtorV3Fault,
  type NtorV3Names,
  ntorV3Auth,
  ntorV3Cipher,
  ntorV3MessageMac,
} from './ntor-v3.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { knownX25519Peer, X25519Key, x25519Peer } from './x25519.ts';

/** The relay a circuit is extended to, as its descriptor says. */
export interface NtorV3Target {
  /** Ed25519 identity, 32 bytes. */
  readonly identity: Uint8Array;
  /** B, 32 bytes. */
  readonly onionKey: Uint8Array;
}

/** What the client keeps until the answer comes. */
export interface NtorV3Client {
  /** HDATA to send. */
  readonly onionSkin: Uint8Array;
  readonly names: NtorV3Names;
  readonly ephemeral: X25519Key;
  /** EXP(B,x). */
  readonly onionKeySecret: Uint8Array;
  /** MAC of the message, which the relay's proof covers. */
  readonly mac: Uint8Array;
}

/** What the relay said, and the keys of the new hop. */
export interface NtorV3Finish {
  /** The relay's message, opened. */
  readonly message: Uint8Array;
  readonly keys: Uint8Array;
}

/**
 * Begins an ntor-v3 handshake. `ephemeralPrivateKey`: 32 fresh random bytes; `message`: at most
 * {@link NTOR_V3_MESSAGE_BYTES_MAX} bytes for the relay (not forward secret). `zero-secret`: the onion key in the
 * descriptor is worth nothing.
 */
export function startNtorV3(
  target: NtorV3Target,
  ephemeralPrivateKey: Uint8Array,
  message: Uint8Array,
  verification: Uint8Array = CIRCUIT_VERIFICATION,
): Outcome<NtorV3Client, NtorV3Fault> {
  if (message.length > NTOR_V3_MESSAGE_BYTES_MAX)
    throw new RangeError('the message does not fit into a cell');
  const ephemeral = new X25519Key(ephemeralPrivateKey);
  const onionKeySecret = ephemeral.agree(knownX25519Peer(target.onionKey));
  if (onionKeySecret === undefined) return bad('zero-secret');
  const { identity, onionKey } = target;
  const names: NtorV3Names = { identity, onionKey, clientKey: ephemeral.publicKey, verification };
  const { encryptionKey, macKey } = deriveNtorV3MessageKeys(names, onionKeySecret);
  const sealed = ntorV3Cipher(encryptionKey, message);
  const mac = ntorV3MessageMac(names, macKey, sealed);
  const onionSkin = joinBytes(identity, onionKey, ephemeral.publicKey, sealed, mac);
  return good({ onionSkin, names, ephemeral, onionKeySecret, mac });
}

/** Ends it with the relay's HDATA. `byteLength`: of the keys wanted, {@link keyMaterialBytes}. */
export function finishNtorV3(
  client: NtorV3Client,
  reply: Uint8Array,
  byteLength: number,
): Outcome<NtorV3Finish, NtorV3Fault> {
  if (reply.length < NTOR_V3_REPLY_BYTES_MIN) return bad('bad-length');
  const { names, ephemeral, onionKeySecret, mac } = client;
  const serverKey = reply.subarray(0, 32);
  const sealed = reply.subarray(NTOR_V3_REPLY_BYTES_MIN);
  const ephemeralSecret = ephemeral.agree(x25519Peer(serverKey));
  if (ephemeralSecret === undefined) return bad('zero-secret');
  const secrets = { ephemeralSecret, onionKeySecret, serverKey };
  const { verify, encryptionKey, keys } = deriveNtorV3Keys(names, secrets, byteLength);
  ephemeralSecret.fill(0);
  const auth = ntorV3Auth(names, { verify, serverKey, mac, sealed });
  if (!equalBytes(auth, reply.subarray(32, NTOR_V3_REPLY_BYTES_MIN))) return bad('wrong-auth');
  return good({ message: ntorV3Cipher(encryptionKey, sealed), keys });
}
