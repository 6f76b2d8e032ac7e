import {
  createPrivateKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  type RSAKeyPairOptions,
  randomFillSync,
} from 'node:crypto';
import type { TlsKey } from '../../onion/crypto/link-certificates.ts';
import { RELAY_RSA_BITS, RSA_EXPONENT } from '../../onion/crypto/rsa-key.ts';
import { failure, type Result, success } from '../../onion/directory/result.ts';

const TLS_RSA_BITS = 2048;
const CURVE_KEY_BYTES = 32;

/** The curves whose private keys are 32 bytes. */
export type CurveName = 'ed25519' | 'x25519';

/*
 * No key object ever comes from generateKeyPairSync: in Node 20 such a key shares a lock with what made it, which takes
 * that lock again when it is collected, so that an export which is interrupted by a collection waits for ever.
 */
const SPKI_DER = { type: 'spki', format: 'der' } as const;

const RELAY_RSA: RSAKeyPairOptions<'der', 'der'> = {
  modulusLength: RELAY_RSA_BITS,
  publicExponent: RSA_EXPONENT,
  publicKeyEncoding: SPKI_DER,
  privateKeyEncoding: { type: 'pkcs1', format: 'der' },
};
const TLS_RSA: RSAKeyPairOptions<'der', 'der'> = {
  modulusLength: TLS_RSA_BITS,
  publicKeyEncoding: SPKI_DER,
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
};

/** A fresh RSA key of the size that relays have: PKCS#1 DER. The loop stands still for some 20 ms. */
export function makeRsaKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync('rsa', RELAY_RSA);
  return new Uint8Array(privateKey);
}

/** The same in another thread. */
export function makeRsaKeyLater(): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', RELAY_RSA, (error: Error | null, _publicKey: Buffer, privateKey: Buffer) => {
      if (error) reject(error);
      else resolve(new Uint8Array(privateKey));
    });
  });
}

/** A fresh RSA key for TLS, as C tor has it. The loop stands still for some 100 ms. */
export function makeTlsKey(): TlsKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', TLS_RSA);
  return { privateKeyDer: new Uint8Array(privateKey), publicKeyInfo: new Uint8Array(publicKey) };
}

/** The same in another thread. */
export function makeTlsKeyLater(): Promise<TlsKey> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', TLS_RSA, (error: Error | null, publicKey: Buffer, privateKey: Buffer) => {
      if (error) reject(error);
      else resolve({ privateKeyDer: new Uint8Array(privateKey), publicKeyInfo: new Uint8Array(publicKey) });
    });
  });
}

/** A fresh private key: the seed of an Ed25519 key, or an X25519 key. Both are any 32 bytes (RFC 8032, RFC 7748). */
export function makeCurveKey(): Uint8Array {
  // Not of the pool of buffers: it is wiped, and others must not see it.
  return randomFillSync(new Uint8Array(CURVE_KEY_BYTES));
}

/** PEM as OpenSSL writes it: `RSA PRIVATE KEY`. `der`: PKCS#1. */
export function rsaPem(der: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' });
  return key.export({ type: 'pkcs1', format: 'pem' }) as string;
}

/** Any PEM of an RSA key of 1024 bits, as PKCS#1 DER. The reason does not tell anything of the content. */
export function readRsaPem(pem: string | Buffer): Result<Uint8Array> {
  const key = keyOf(pem);
  const details = key?.asymmetricKeyDetails;
  if (key?.asymmetricKeyType !== 'rsa') return failure('it is no RSA key in PEM');
  if (details?.modulusLength !== RELAY_RSA_BITS || details.publicExponent !== BigInt(RSA_EXPONENT)) {
    return failure(`it is no RSA key of ${RELAY_RSA_BITS} bits with the exponent ${RSA_EXPONENT}`);
  }
  return success(new Uint8Array(key.export({ type: 'pkcs1', format: 'der' })));
}

/** PEM as OpenSSL writes it: `PRIVATE KEY` (RFC 8410). */
export function curvePem(curve: CurveName, privateKey: Uint8Array): string {
  const der = Buffer.concat([PKCS8_HEADS[curve], privateKey]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** The 32 bytes of a private key in PEM. The reason does not tell anything of the content. */
export function readCurvePem(curve: CurveName, pem: string | Buffer): Result<Uint8Array> {
  const key = keyOf(pem);
  return key?.asymmetricKeyType === curve ? success(rawKey(key)) : failure(`it is no ${curve} key in PEM`);
}

/** RFC 8410: what stands before the 32 bytes in PKCS #8. */
const PKCS8_HEADS: Readonly<Record<CurveName, Buffer>> = {
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
};

function keyOf(pem: string | Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function rawKey(key: KeyObject): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
}
