import { checkPrimeSync } from 'node:crypto';
import { derInteger, derSequence } from '../../../engine/onion/crypto/der.ts';
import { encodeRsaPublicKey, RELAY_RSA_BITS, RSA_EXPONENT } from '../../../engine/onion/crypto/rsa-key.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';

/** Both halves in PKCS#1 DER. */
export interface RsaKeyPair {
  readonly privateKeyDer: Uint8Array;
  readonly publicKeyDer: Uint8Array;
}

const E = BigInt(RSA_EXPONENT);
const PRIME_BYTES = RELAY_RSA_BITS / 16;

/** By {@link findPrimeSteps}, as the search takes long: the primes of the first keys. */
export const PRIME_STEPS: readonly number[] = [
  354, 104, 113, 169, 102, 190, 102, 53, 154, 41, 60, 114, 3, 126, 29, 78, 191, 143, 90, 179, 194, 346, 693,
  249, 31, 16, 19, 44, 123, 156, 248, 189, 328, 7, 882, 145, 606, 287, 6, 443, 126, 175, 348, 149, 517, 43,
  158, 158, 67, 8, 127, 84, 552, 21, 26, 1, 968, 255, 265, 184, 163, 151, 192, 117, 206, 57, 6, 141, 52, 133,
  337, 16, 539, 6, 267, 56, 93, 142, 12, 85, 19, 602, 119, 214, 47, 146, 278, 43, 21, 20, 96, 30, 66, 16, 136,
  110, 1071, 44, 206, 647, 90, 229, 27, 33, 135, 340, 134, 62, 263, 10, 124, 2, 547, 21, 165, 173, 43, 45,
  766, 84, 191, 81, 123, 214, 184, 291, 193, 50, 17, 190, 90, 95, 126, 485, 394, 108, 863, 219, 21, 99, 129,
  58, 119, 113, 182, 8, 2, 348, 432, 94, 355, 76, 157, 12, 24, 174, 69, 45, 226, 254, 37, 400, 76, 247, 478,
  193, 56, 217, 104, 38, 146, 259, 79, 288, 27, 54, 210, 70, 2, 270, 68, 132, 298, 96, 16, 127, 125, 372, 205,
  195, 80, 225, 237, 101, 161, 253, 381, 171, 487, 196, 126, 49, 157, 130, 225, 312, 103, 9, 4, 144, 536, 249,
  97, 496, 18, 18, 939, 73, 156, 210, 140, 275, 82, 60,
];

/**
 * The same keys in every run: what a simulation does must not hang on the luck of OpenSSL. Below 1 ms each as far as
 * {@link PRIME_STEPS} goes, some 40 ms each beyond.
 */
export function makeRsaKeys(count: number): readonly RsaKeyPair[] {
  const random = new SimRandom(1, 'rsa keys');
  return Array.from({ length: count }, (_, index) => {
    const p = makePrime(random, PRIME_STEPS[2 * index]);
    const q = makePrime(random, PRIME_STEPS[2 * index + 1]);
    return encode(p, q);
  });
}

/** How far the next prime is from an odd number that was drawn, in steps of two; `known`: it was found before. */
function makePrime(random: SimRandom, known: number | undefined): bigint {
  const start = drawOdd(random);
  return start + 2n * BigInt(known ?? stepsToPrime(start));
}

/** The two highest bits are set, so that two of them make a modulus of full length. */
function drawOdd(random: SimRandom): bigint {
  const bytes = random.bytes(PRIME_BYTES);
  bytes[0]! |= 0xc0;
  return toBigInt(bytes) | 1n;
}

/** To a prime that E does not divide the predecessor of. */
function stepsToPrime(start: bigint): number {
  let candidate = start;
  while (candidate % E === 1n || !checkPrimeSync(candidate)) candidate += 2n;
  return Number(candidate - start) / 2;
}

/** What {@link PRIME_STEPS} has to be for so many keys. */
export function findPrimeSteps(keyCount: number): readonly number[] {
  const random = new SimRandom(1, 'rsa keys');
  return Array.from({ length: 2 * keyCount }, () => stepsToPrime(drawOdd(random)));
}

function encode(p: bigint, q: bigint): RsaKeyPair {
  const n = p * q;
  const d = inverse(E, (p - 1n) * (q - 1n));
  const parts = [n, E, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  return {
    privateKeyDer: derSequence(
      derInteger(Uint8Array.of(0)),
      ...parts.map((part) => derInteger(toBytes(part))),
    ),
    publicKeyDer: encodeRsaPublicKey({ modulus: toBytes(n), exponent: RSA_EXPONENT }),
  };
}

/** 1 / `value` modulo `modulus`; the two have no common divisor. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulus, value % modulus, 0n, 1n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a - quotient * b, y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** Big endian, no zeros in front. */
function toBytes(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}
