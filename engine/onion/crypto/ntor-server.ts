import { equalBytes, joinBytes } from './bytes.ts';
import { keyMaterialBytes } from './circuit-keys.ts';
import { deriveNtor, NTOR_ONION_SKIN_BYTES, type NtorFault } from './ntor.ts';
import type { OnionKeyring } from './onion-keyring.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { X25519Key, x25519Peer } from './x25519.ts';

/** What goes back, and the keys of the new hop. */
export interface NtorAnswer {
  /** HDATA, 64 bytes. */
  readonly reply: Uint8Array;
  /** 92 bytes, see {@link splitTor1Keys}. */
  readonly keys: Uint8Array;
}

/**
 * The relay's side of ntor. `onionSkin`: HDATA as it came; `ephemeralPrivateKey`: 32 fresh random bytes. What is
 * not for this relay is refused before anything dear is computed.
 */
export function answerNtor(
  relay: { readonly fingerprint: Uint8Array; readonly onionKeys: OnionKeyring },
  onionSkin: Uint8Array,
  ephemeralPrivateKey: Uint8Array,
): Outcome<NtorAnswer, NtorFault> {
  if (onionSkin.length !== NTOR_ONION_SKIN_BYTES) return bad('bad-length');
  if (!equalBytes(onionSkin.subarray(0, 20), relay.fingerprint)) return bad('wrong-fingerprint');
  const onionKey = relay.onionKeys.find(onionSkin, 20);
  if (onionKey === undefined) return bad('unknown-onion-key');
  const clientKey = onionSkin.subarray(52);
  const peer = x25519Peer(clientKey);
  const onionKeySecret = onionKey.agree(peer);
  if (onionKeySecret === undefined) return bad('zero-secret');
  const ephemeral = new X25519Key(ephemeralPrivateKey);
  const ephemeralSecret = ephemeral.agree(peer);
  if (ephemeralSecret === undefined) return bad('zero-secret');
  const { auth, keys } = deriveNtor(
    {
      ephemeralSecret,
      onionKeySecret,
      fingerprint: relay.fingerprint,
      onionKey: onionKey.publicKey,
      clientKey,
      serverKey: ephemeral.publicKey,
    },
    keyMaterialBytes('tor1'),
  );
  ephemeralSecret.fill(0);
  onionKeySecret.fill(0);
  return good({ reply: joinBytes(ephemeral.publicKey, auth), keys });
}
