import { equalBytes, joinBytes } from './bytes.ts';
import type { NtorAnswer } from './ntor-server.ts';
import {
  CIRCUIT_VERIFICATION,
  deriveNtorV3Keys,
  deriveNtorV3MessageKeys,
  NTOR_V3_ONION_SKIN_BYTES_MIN,
  type NtorV3Fault,
  type NtorV3Names,
  ntorV3Auth,
  ntorV3Cipher,
  ntorV3MessageMac,
} from './ntor-v3.ts';
import type { OnionKeyring } from './onion-keyring.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { X25519Key, type X25519Peer, x25519Peer } from './x25519.ts';

/** A client's first message, opened and found whole; what {@link answerNtorV3} needs to go on. */
export interface NtorV3Request {
  /** The client's message. */
  readonly message: Uint8Array;
  readonly names: NtorV3Names;
  readonly client: X25519Peer;
  /** EXP(X,b). */
  readonly onionKeySecret: Uint8Array;
  /** MAC as it came. */
  readonly mac: Uint8Array;
}

/** Opens HDATA of a client. What is not for this relay is refused before anything dear is computed. */
export function openNtorV3(
  relay: { readonly identity: Uint8Array; readonly onionKeys: OnionKeyring },
  onionSkin: Uint8Array,
  verification: Uint8Array = CIRCUIT_VERIFICATION,
): Outcome<NtorV3Request, NtorV3Fault> {
  if (onionSkin.length < NTOR_V3_ONION_SKIN_BYTES_MIN) return bad('bad-length');
  if (!equalBytes(onionSkin.subarray(0, 32), relay.identity)) return bad('wrong-identity');
  const onionKey = relay.onionKeys.find(onionSkin, 32);
  if (onionKey === undefined) return bad('unknown-onion-key');
  const clientKey = onionSkin.slice(64, 96);
  const sealed = onionSkin.slice(96, onionSkin.length - 32);
  const mac = onionSkin.slice(onionSkin.length - 32);
  const client = x25519Peer(clientKey);
  const onionKeySecret = onionKey.agree(client);
  if (onionKeySecret === undefined) return bad('zero-secret');
  const names = { identity: relay.identity, onionKey: onionKey.publicKey, clientKey, verification };
  const { encryptionKey, macKey } = deriveNtorV3MessageKeys(names, onionKeySecret);
  if (!equalBytes(ntorV3MessageMac(names, macKey, sealed), mac)) return bad('wrong-mac');
  return good({ message: ntorV3Cipher(encryptionKey, sealed), names, client, onionKeySecret, mac });
}

/**
 * Answers it with `message`; once, for the secret of the request is wiped. `ephemeralPrivateKey`: 32 fresh random bytes; `byteLength`: of the keys wanted,
 * {@link keyMaterialBytes}.
 */
export function answerNtorV3(
  request: NtorV3Request,
  ephemeralPrivateKey: Uint8Array,
  message: Uint8Array,
  byteLength: number,
): Outcome<NtorAnswer, NtorV3Fault> {
  const { names, client, onionKeySecret, mac } = request;
  const ephemeral = new X25519Key(ephemeralPrivateKey);
  const ephemeralSecret = ephemeral.agree(client);
  if (ephemeralSecret === undefined) return bad('zero-secret');
  const serverKey = ephemeral.publicKey;
  const secrets = { ephemeralSecret, onionKeySecret, serverKey };
  const { verify, encryptionKey, keys } = deriveNtorV3Keys(names, secrets, byteLength);
  ephemeralSecret.fill(0);
  onionKeySecret.fill(0);
  const sealed = ntorV3Cipher(encryptionKey, message);
  const auth = ntorV3Auth(names, { verify, serverKey, mac, sealed });
  return good({ reply: joinBytes(serverKey, auth, sealed), keys });
}
