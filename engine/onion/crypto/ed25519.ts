import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Random } from '../../runtime/port.ts';

/** RFC 8032: seeds and public keys. */
export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

export interface Ed25519KeyPair {
  /** What RFC 8032 calls the private key, 32 bytes. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** RFC 8410: what stands before the 32 bytes of the seed in PKCS #8. */
const PKCS8_HEAD = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

/** One for each array that holds a seed: reading a key costs OpenSSL ten times what a signature does. */
const privateKeys = new WeakMap<Uint8Array, KeyObject>();

/** Fresh, from the chance of the runtime. */
export function makeEd25519KeyPair(random: Random): Ed25519KeyPair {
  const seed = random.bytes(ED25519_KEY_BYTES);
  return { seed, publicKey: ed25519PublicKey(seed) };
}

/** The public key of a seed. Throws a RangeError when the seed has not 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const { x = '' } = privateKeyOf(seed).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

/**
 * The 64 bytes of a signature. The key made of `seed` is remembered for as long as that array lives: do not
 * change its bytes after the first use. Throws a RangeError when the seed has not 32 bytes.
 */
export function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, privateKeyOf(seed)));
}

/** Whether `signature` is one of `message` by the owner of `publicKey`; false for arrays of the wrong length. */
export function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false;
  try {
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, message, key, signature);
  } catch {
    // A Node that looks at the point when it reads the key says so by throwing.
    return false;
  }
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  const known = privateKeys.get(seed);
  if (known !== undefined) return known;
  if (seed.length !== ED25519_KEY_BYTES) throw new RangeError('an Ed25519 seed has 32 bytes');
  const der = Buffer.alloc(PKCS8_HEAD.length + ED25519_KEY_BYTES);
  der.set(PKCS8_HEAD);
  der.set(seed, PKCS8_HEAD.length);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  privateKeys.set(seed, key);
  return key;
}
