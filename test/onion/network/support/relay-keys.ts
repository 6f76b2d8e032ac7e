import { type Ed25519KeyPair, makeEd25519KeyPair } from '../../../../engine/onion/crypto/ed25519.ts';
import {
  type LinkOutfit,
  makeLinkOutfit,
  makeSigningCert,
} from '../../../../engine/onion/crypto/link-credentials.ts';
import { rsaFingerprint } from '../../../../engine/onion/crypto/rsa-key.ts';
import { X25519Key } from '../../../../engine/onion/crypto/x25519.ts';
import type { Random } from '../../../../engine/runtime/port.ts';
import type { RsaKeyPair } from '../../support/rsa-keys.ts';

const HOUR_MS = 3_600_000;

/** What makes a relay that relay, crash or not. */
export interface RelayKeys {
  readonly nickname: string;
  readonly rsa: RsaKeyPair;
  /** 20 bytes. */
  readonly fingerprint: Uint8Array;
  readonly identity: Ed25519KeyPair;
  readonly onionPrivateKey: Uint8Array;
  readonly onionKey: Uint8Array;
  readonly link: LinkOutfit;
}

/** Draws all but the RSA key from `random`. */
export function makeRelayKeys(
  options: { readonly nickname: string; readonly rsa: RsaKeyPair; readonly nowMs: number },
  modules: { readonly random: Random },
): RelayKeys {
  const { nickname, rsa, nowMs } = options;
  const { random } = modules;
  const identity = makeEd25519KeyPair(random);
  const signing = makeEd25519KeyPair(random);
  const expirationHours = Math.ceil(nowMs / HOUR_MS) + 24 * 30;
  const signingCert = makeSigningCert(identity.seed, { signingKey: signing.publicKey, expirationHours });
  const link = makeLinkOutfit(
    {
      rsaPrivateKeyDer: rsa.privateKeyDer,
      identity: identity.publicKey,
      signingSeed: signing.seed,
      signingCert,
      nowMs,
    },
    modules,
  );
  const onionPrivateKey = random.bytes(32).slice();
  const { publicKey: onionKey } = new X25519Key(onionPrivateKey);
  const fingerprint = rsaFingerprint(rsa.publicKeyDer);
  return { nickname, rsa, fingerprint, identity, onionPrivateKey, onionKey, link };
}
