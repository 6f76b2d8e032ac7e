import { readUint32, writeUint32 } from '../../codec/big-endian.ts';
import { ascii, equalBytes, joinBytes } from './bytes.ts';
import { sha256 } from './digest.ts';
import { isExpired } from './ed-cert-check.ts';
import { ED25519_KEY_BYTES } from './ed25519.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { rsaSign, rsaVerify } from './rsa-signature.ts';

const PREFIX = ascii('Tor TLS RSA/Ed25519 cross-certificate');
/** Ed25519 identity and expiry (4). */
const SIGNED_BYTES = 36;

export type RsaEdCertFault = 'bad-length' | 'wrong-identity' | 'expired' | 'wrong-signature';

/** Type 7 of a CERTS cell: the RSA identity says which Ed25519 identity is the same relay. cert-spec. */
export function makeRsaEdCert(
  rsaPrivateKeyDer: Uint8Array,
  cert: { readonly identity: Uint8Array; readonly expirationHours: number },
): Uint8Array {
  const signed = new Uint8Array(SIGNED_BYTES);
  signed.set(cert.identity);
  writeUint32(signed, ED25519_KEY_BYTES, cert.expirationHours);
  const signature = rsaSign(rsaPrivateKeyDer, digestOf(signed));
  if (signature.length > 0xff) throw new RangeError('the signature does not fit behind one byte of length');
  return joinBytes(signed, Uint8Array.of(signature.length), signature);
}

/** Checks one; the value is the Ed25519 identity. `identity` undefined: any. */
export function checkRsaEdCert(
  bytes: Uint8Array,
  demand: {
    readonly rsaPublicKeyDer: Uint8Array;
    readonly identity: Uint8Array | undefined;
    readonly nowMs: number;
  },
): Outcome<Uint8Array, RsaEdCertFault> {
  const signatureBytes = bytes[SIGNED_BYTES];
  if (signatureBytes === undefined || bytes.length !== SIGNED_BYTES + 1 + signatureBytes)
    return bad('bad-length');
  const identity = bytes.slice(0, ED25519_KEY_BYTES);
  if (demand.identity !== undefined && !equalBytes(identity, demand.identity)) return bad('wrong-identity');
  if (isExpired(readUint32(bytes, ED25519_KEY_BYTES), demand.nowMs)) return bad('expired');
  const digest = digestOf(bytes.subarray(0, SIGNED_BYTES));
  const isSigned = rsaVerify(demand.rsaPublicKeyDer, bytes.subarray(SIGNED_BYTES + 1), digest);
  return isSigned ? good(identity) : bad('wrong-signature');
}

function digestOf(signed: Uint8Array): Uint8Array {
  return sha256(joinBytes(PREFIX, signed));
}
