import { equalBytes, joinBytes } from './bytes.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE, encodeEdCert } from './ed-cert.ts';
import { checkEdCert, type EdCertFault } from './ed-cert-check.ts';
import { ed25519FromX25519, ed25519PublicFromX25519, ed25519SignExpanded } from './ed25519-expanded.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { rsaFingerprint } from './rsa-key.ts';
import { rsaSign, rsaVerify } from './rsa-signature.ts';

/** Both identities of a relay. */
export interface RelayIdentities {
  /** PKCS#1 DER of the RSA identity key. */
  readonly rsaPublicKeyDer: Uint8Array;
  /** Ed25519 identity, 32 bytes. */
  readonly identity: Uint8Array;
}

/**
 * The bytes of `onion-key-crosscert`: the old RSA onion key says whose it is (dir-spec, server descriptor format).
 * `onionPrivateKeyDer`: PKCS#1.
 */
export function makeOnionKeyCrossCert(onionPrivateKeyDer: Uint8Array, of: RelayIdentities): Uint8Array {
  return rsaSign(onionPrivateKeyDer, identitiesSigned(of));
}

/** Whether `signature` is the `onion-key-crosscert` of that relay. `onionPublicKeyDer`: PKCS#1. */
export function checkOnionKeyCrossCert(
  signature: Uint8Array,
  onionPublicKeyDer: Uint8Array,
  of: RelayIdentities,
): boolean {
  return rsaVerify(onionPublicKeyDer, signature, identitiesSigned(of));
}

/** `no-such-key`: the onion key and the sign bit give no Ed25519 key. `wrong-identity`: it certifies another relay. */
export type NtorCrossCertFault = EdCertFault | 'no-such-key' | 'wrong-identity';

/**
 * `ntor-onion-key-crosscert`: the onion key, turned into an Ed25519 key, says whose it is; and the number behind the
 * keyword. `onionPrivateKey`: X25519. dir-spec, server descriptor format.
 */
export function makeNtorCrossCert(
  onionPrivateKey: Uint8Array,
  cert: { readonly identity: Uint8Array; readonly expirationHours: number },
): { readonly bytes: Uint8Array; readonly signBit: 0 | 1 } {
  const { key, signBit } = ed25519FromX25519(onionPrivateKey);
  const bytes = encodeEdCert(
    {
      type: ED_CERT_TYPE.ntorCross,
      expirationHours: cert.expirationHours,
      keyType: CERTIFIED_KEY.ed25519,
      certifiedKey: cert.identity,
      signedWith: undefined,
    },
    (signedPart) => ed25519SignExpanded(key, signedPart),
  );
  return { bytes, signBit };
}

/** Checks one; the value is the certified Ed25519 identity. `onionKey`: X25519, public. */
export function checkNtorCrossCert(
  bytes: Uint8Array,
  demand: {
    readonly onionKey: Uint8Array;
    readonly signBit: 0 | 1;
    readonly identity: Uint8Array;
    readonly nowMs: number;
  },
): Outcome<Uint8Array, NtorCrossCertFault> {
  const signedBy = ed25519PublicFromX25519(demand.onionKey, demand.signBit);
  if (signedBy === undefined) return bad('no-such-key');
  const { nowMs } = demand;
  const cert = checkEdCert(bytes, {
    type: ED_CERT_TYPE.ntorCross,
    keyType: CERTIFIED_KEY.ed25519,
    signedBy,
    nowMs,
  });
  if (!cert.ok) return cert;
  const { certifiedKey } = cert.value;
  return equalBytes(certifiedKey, demand.identity) ? good(certifiedKey) : bad('wrong-identity');
}

function identitiesSigned({ rsaPublicKeyDer, identity }: RelayIdentities): Uint8Array {
  return joinBytes(rsaFingerprint(rsaPublicKeyDer), identity);
}
