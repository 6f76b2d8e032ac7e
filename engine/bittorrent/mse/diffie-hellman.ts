import { constants, createPublicKey, publicDecrypt } from 'node:crypto';

/** A public key and the secret that two of them make: 768 bits. */
export const KEY_BYTES = 96;
/** A private key: 160 bits, as MSE recommends. */
export const PRIVATE_KEY_BYTES = 20;

const PRIME_HEX =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd' +
  'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563';
const PRIME = BigInt(`0x${PRIME_HEX}`);
const MODULUS = Buffer.from(PRIME_HEX, 'hex').toString('base64url');
const GENERATOR = new Uint8Array(KEY_BYTES);
GENERATOR[KEY_BYTES - 1] = 2;

/** What the other side gets to see of `privateKey` ({@link PRIVATE_KEY_BYTES} bytes, not all 0): 2^x mod P. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return power(GENERATOR, privateKey);
}

/**
 * The secret S that both sides come to, {@link KEY_BYTES} bytes; undefined for a public key that would make it
 * foreseeable (0, 1, P − 1) or that is no number below P.
 */
export function sharedSecret(privateKey: Uint8Array, peerKey: Uint8Array): Uint8Array | undefined {
  const number = toNumber(peerKey);
  if (number <= 1n || number >= PRIME - 1n) return undefined;
  return power(peerKey, privateKey);
}

/**
 * base^exponent mod P. OpenSSL's own Diffie-Hellman proves that P is a prime each time, which takes 30 ms; the public
 * operation of RSA is the same power with a modulus and an exponent of our choice: 0.13 ms, where BigInt takes
 * 0.4 ms (measured, Node 20). Its time depends on the exponent; MSE hides what a stream is, not from those who can
 * time single instructions.
 */
function power(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  try {
    const e = Buffer.from(exponent).toString('base64url');
    const key = createPublicKey({ key: { kty: 'RSA', n: MODULUS, e }, format: 'jwk' });
    return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, base);
  } catch {
    // Some builds of OpenSSL take no RSA keys of 768 bits.
    return powerByBigInt(base, exponent);
  }
}

/** As {@link publicKeyOf} and {@link sharedSecret} compute it, without OpenSSL. */
export function powerByBigInt(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  let square = toNumber(base) % PRIME;
  let result = 1n;
  for (let left = toNumber(exponent); left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return Buffer.from(result.toString(16).padStart(KEY_BYTES * 2, '0'), 'hex');
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}
