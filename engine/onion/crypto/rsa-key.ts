import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { uint32 } from '../../codec/big-endian.ts';
import { derInteger, derSequence } from './der.ts';
import { DerReader } from './der-reader.ts';
import { sha1 } from './digest.ts';
import { bad, good, type Outcome } from './outcome.ts';

/** Identity, signing and onion keys of relays have exactly this many bits (tor-spec: keys and names). */
export const RELAY_RSA_BITS = 1024;
/** The exponent that every key of a relay has. */
export const RSA_EXPONENT = 65537;
/** Authorities have identity keys of 3072 bits; beyond this a check would cost too much. */
const RSA_BITS_MAX = 4096;
const RSA_BITS_MIN = 1024;
const EXPONENT_BYTES_MAX = 4;

/** A public key taken apart. */
export interface RsaPublicKey {
  /** Big endian, no zeros in front. */
  readonly modulus: Uint8Array;
  readonly modulusBits: number;
  readonly exponent: number;
}

/** `bad-der`: not a PKCS#1 public key in DER; `bad-size`: a size or exponent nobody uses. */
export type RsaKeyFault = 'bad-der' | 'bad-size';

/** By the array that holds the DER: reading a private key costs OpenSSL more than a signature does. */
const privateKeys = new WeakMap<Uint8Array, KeyObject>();

/** PKCS#1 RSAPublicKey in DER: what fingerprints are made of. */
export function encodeRsaPublicKey(key: Pick<RsaPublicKey, 'modulus' | 'exponent'>): Uint8Array {
  const { exponent } = key;
  const exponentBytes = uint32(exponent);
  return derSequence(derInteger(key.modulus), derInteger(exponentBytes));
}

/** Reads a PKCS#1 RSAPublicKey in strict DER; 1024 to 4096 bits, odd exponent from 3 on. The modulus is a view. */
export function decodeRsaPublicKey(der: Uint8Array): Outcome<RsaPublicKey, RsaKeyFault> {
  const outer = new DerReader(der);
  const inner = outer.sequence();
  const modulus = inner?.positiveInteger(der.length);
  const exponentBytes = inner?.positiveInteger(EXPONENT_BYTES_MAX);
  if (modulus === undefined || exponentBytes === undefined || !outer.done || inner?.done !== true) {
    return bad('bad-der');
  }
  const modulusBits = modulus.length * 8 - Math.clz32(modulus[0]!) + 24;
  const exponent = exponentBytes.reduce((value, byte) => value * 256 + byte, 0);
  const isOdd = (modulus[modulus.length - 1]! & exponent & 1) === 1;
  if (modulusBits < RSA_BITS_MIN || modulusBits > RSA_BITS_MAX || exponent < 3 || !isOdd)
    return bad('bad-size');
  return good({ modulus, modulusBits, exponent });
}

/** Whether these bytes are the public key of a relay: DER, exactly 1024 bits, exponent 65537. */
export function isRelayRsaKey(der: Uint8Array): boolean {
  const key = decodeRsaPublicKey(der);
  return key.ok && key.value.modulusBits === RELAY_RSA_BITS && key.value.exponent === RSA_EXPONENT;
}

/** The 20 bytes that name a relay: SHA-1 of its identity key (PKCS#1 DER). */
export function rsaFingerprint(publicKeyDer: Uint8Array): Uint8Array {
  return sha1(publicKeyDer);
}

/** PKCS#1 DER of the public half of `privateKeyDer` (PKCS#1). Throws when that is not a private key. */
export function rsaPublicKeyOf(privateKeyDer: Uint8Array): Uint8Array {
  const der = createPublicKey(rsaPrivateKeyObject(privateKeyDer)).export({ type: 'pkcs1', format: 'der' });
  return new Uint8Array(der);
}

/** What OpenSSL makes of a private key (PKCS#1 DER); remembered for as long as the array lives. Throws if it is none. */
export function rsaPrivateKeyObject(privateKeyDer: Uint8Array): KeyObject {
  const known = privateKeys.get(privateKeyDer);
  if (known !== undefined) return known;
  const key = createPrivateKey({ key: Buffer.from(privateKeyDer), format: 'der', type: 'pkcs1' });
  privateKeys.set(privateKeyDer, key);
  return key;
}

/**
 * What OpenSSL makes of a public key (PKCS#1 DER); undefined where {@link decodeRsaPublicKey} finds fault. Not
 * remembered: it comes from strangers, in memory that may be used again, and as a JSON Web Key it is cheap to read.
 */
export function rsaPublicKeyObject(publicKeyDer: Uint8Array): KeyObject | undefined {
  const parsed = decodeRsaPublicKey(publicKeyDer);
  if (!parsed.ok) return undefined;
  const { modulus, exponent } = parsed.value;
  const e = Buffer.from(uint32(exponent)).toString('base64url');
  const n = Buffer.from(modulus).toString('base64url');
  try {
    return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
