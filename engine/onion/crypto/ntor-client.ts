import { equalBytes, joinBytes } from './bytes.ts';
import { keyMaterialBytes } from './circuit-keys.ts';
import { deriveNtor, NTOR_REPLY_BYTES, type NtorFault } from './ntor.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { knownX25519Peer, X25519Key, x25519Peer } from './x25519.ts';

/** The relay a circuit is extended to, as its descriptor says. */
export interface NtorTarget {
  /** 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** B, 32 bytes. */
  readonly onionKey: Uint8Array;
}

/** What the client keeps until the answer comes. */
export interface NtorClient {
  /** HDATA to send, 84 bytes. */
  readonly onionSkin: Uint8Array;
  readonly target: NtorTarget;
  readonly ephemeral: X25519Key;
}

/** Begins an ntor handshake. `ephemeralPrivateKey`: 32 fresh random bytes. */
export function startNtor(target: NtorTarget, ephemeralPrivateKey: Uint8Array): NtorClient {
  const ephemeral = new X25519Key(ephemeralPrivateKey);
  return {
    onionSkin: joinBytes(target.fingerprint, target.onionKey, ephemeral.publicKey),
    target,
    ephemeral,
  };
}

/** Ends it with the relay's HDATA; the value is 92 bytes of keys, see {@link splitTor1Keys}. */
export function finishNtor(client: NtorClient, reply: Uint8Array): Outcome<Uint8Array, NtorFault> {
  if (reply.length !== NTOR_REPLY_BYTES) return bad('bad-length');
  const { target, ephemeral } = client;
  const serverKey = reply.subarray(0, 32);
  const ephemeralSecret = ephemeral.agree(x25519Peer(serverKey));
  const onionKeySecret = ephemeral.agree(knownX25519Peer(target.onionKey));
  if (ephemeralSecret === undefined || onionKeySecret === undefined) return bad('zero-secret');
  const { auth, keys } = deriveNtor(
    {
      ephemeralSecret,
      onionKeySecret,
      fingerprint: target.fingerprint,
      onionKey: target.onionKey,
      clientKey: ephemeral.publicKey,
      serverKey,
    },
    keyMaterialBytes('tor1'),
  );
  ephemeralSecret.fill(0);
  onionKeySecret.fill(0);
  return equalBytes(auth, reply.subarray(32)) ? good(keys) : bad('wrong-auth');
}
