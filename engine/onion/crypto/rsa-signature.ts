import { constants, privateEncrypt, publicDecrypt } from 'node:crypto';
import { equalBytes } from './bytes.ts';
import { rsaPrivateKeyObject, rsaPublicKeyObject } from './rsa-key.ts';

const padding = constants.RSA_PKCS1_PADDING;

/**
 * Signs a digest the way of the older parts of Tor: PKCS#1 padding of type 1 around the digest itself, no
 * DigestInfo that says which it is. `privateKeyDer`: PKCS#1, do not change its bytes after the first use. As many
 * bytes as the modulus has.
 */
export function rsaSign(privateKeyDer: Uint8Array, digest: Uint8Array): Uint8Array {
  return new Uint8Array(privateEncrypt({ key: rsaPrivateKeyObject(privateKeyDer), padding }, digest));
}

/** What was signed, if the padding is right; undefined if not, or if `publicKeyDer` (PKCS#1) is no key. */
export function rsaRecover(publicKeyDer: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  const key = rsaPublicKeyObject(publicKeyDer);
  if (key === undefined) return undefined;
  try {
    return new Uint8Array(publicDecrypt({ key, padding }, signature));
  } catch {
    // The only thing that can go wrong here is a signature that is none.
    return undefined;
  }
}

/** Whether `signature` is one of exactly this digest by the owner of `publicKeyDer` (PKCS#1). */
export function rsaVerify(publicKeyDer: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean {
  const signed = rsaRecover(publicKeyDer, signature);
  return signed !== undefined && equalBytes(signed, digest);
}
