import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { DhtItem } from './types.ts';

/** BEP 44. */
export const VALUE_BYTES_MAX = 1000;
export const SALT_BYTES_MAX = 64;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const SEED_BYTES = 32;

/** BEP 44: where an immutable item lies. `value` is bencoded. */
export function immutableTarget(value: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(value).digest());
}

/** BEP 44: where the item of this key and salt lies. */
export function mutableTarget(publicKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(publicKey).update(salt).digest());
}

/** Where an item lies. */
export function itemTarget(item: DhtItem): Uint8Array {
  if (item.signed === undefined) return immutableTarget(item.value);
  return mutableTarget(item.signed.publicKey, item.signed.salt);
}

/** BEP 44: the bytes that are signed. */
export function signedBytes(value: Uint8Array, salt: Uint8Array, sequence: number): Uint8Array {
  const head = salt.length === 0 ? '' : `4:salt${salt.length}:`;
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    salt,
    Buffer.from(`3:seqi${sequence}e1:v`, 'latin1'),
    value,
  ]);
}

/** Whether the owner of `publicKey` has signed this. False for anything of the wrong length. */
export function isSigned(item: DhtItem): boolean {
  const { signed } = item;
  if (signed === undefined) return false;
  const { publicKey, salt, sequence, signature } = signed;
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, signedBytes(item.value, salt, sequence), key, signature);
  } catch {
    // Bytes that are no point of the curve.
    return false;
  }
}

/** RFC 8410: what stands before the 32 bytes of the seed in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The public key of a seed (RFC 8032: the private key, 32 bytes). Throws RangeError for another length. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const { x = '' } = createPublicKey(privateKey(seed)).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

/** BEP 44: a mutable item. Throws RangeError for a value, salt or seed of a wrong length. */
export function makeItem(options: {
  readonly seed: Uint8Array;
  readonly salt: Uint8Array;
  readonly sequence: number;
  readonly value: Uint8Array;
}): DhtItem {
  const { seed, salt, sequence, value } = options;
  if (salt.length > SALT_BYTES_MAX) throw new RangeError('a salt has at most 64 bytes');
  if (value.length > VALUE_BYTES_MAX) throw new RangeError('a value has at most 1,000 bytes');
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new RangeError('a sequence number is 0 or more');
  const signature = new Uint8Array(sign(null, signedBytes(value, salt, sequence), privateKey(seed)));
  return { value, signed: { publicKey: publicKeyOf(seed), salt, sequence, signature } };
}

function privateKey(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  if (seed.length !== SEED_BYTES) throw new RangeError('an Ed25519 seed has 32 bytes');
  const der = Buffer.concat([PKCS8_HEAD, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Whether an item is what lies at `target`: its hash for an immutable one, key, salt and signature otherwise. */
export function isItemOf(target: Uint8Array, item: DhtItem): boolean {
  if (item.value.length > VALUE_BYTES_MAX) return false;
  const own = itemTarget(item);
  if (!own.every((byte, at) => byte === target[at])) return false;
  return item.signed === undefined || isSigned(item);
}
