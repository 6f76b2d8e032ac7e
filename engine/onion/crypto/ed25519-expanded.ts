import { ed25519 } from '@noble/curves/ed25519.js';
import { ascii, joinBytes } from './bytes.ts';
import { sha512 } from './digest.ts';
import { ED25519_KEY_BYTES } from './ed25519.ts';
import { X25519_BYTES } from './x25519.ts';

const { Point } = ed25519;
const { Fp } = Point;
const ORDER = Point.Fn.ORDER;
const PREFIX_LABEL = ascii('Allium: Ed25519 prefix of an X25519 key');
const SIGN_BIT = 0x80;

/**
 * A private key as RFC 8032 has it after its first hash: what remains when there is no seed, as with a key that
 * was an X25519 key before, or one that was blinded.
 */
export interface Ed25519ExpandedKey {
  /** 32 bytes, little endian; any multiple of the base point. */
  readonly scalar: Uint8Array;
  /** 32 secret bytes that make the nonces. */
  readonly prefix: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The expanded form of a seed (RFC 8032, section 5.1.5). */
export function expandEd25519Seed(seed: Uint8Array): Ed25519ExpandedKey {
  const wide = sha512(seed);
  const scalar = clamp(wide.subarray(0, ED25519_KEY_BYTES));
  return { scalar, prefix: wide.slice(ED25519_KEY_BYTES), publicKey: publicOf(scalar) };
}

/** A signature that {@link ed25519Verify} takes; the same for the same key and message. Takes milliseconds. */
export function ed25519SignExpanded(key: Ed25519ExpandedKey, message: Uint8Array): Uint8Array {
  const nonce = hashToScalar(key.prefix, message);
  const commitment = Point.BASE.multiply(nonce).toBytes();
  const challenge = hashToScalar(commitment, key.publicKey, message);
  const response = Point.Fn.create(nonce + challenge * littleEndian(key.scalar));
  return joinBytes(commitment, Point.Fn.toBytes(response));
}

/**
 * The Ed25519 key with the same scalar as an X25519 private key, and whether the x of its point is odd: what the
 * other side needs to find that point again (tor's cert-spec, “Converting a curve25519 public key”).
 */
export function ed25519FromX25519(privateKey: Uint8Array): {
  readonly key: Ed25519ExpandedKey;
  readonly signBit: 0 | 1;
} {
  const scalar = clamp(privateKey);
  const prefix = sha512(joinBytes(PREFIX_LABEL, privateKey)).slice(0, ED25519_KEY_BYTES);
  const publicKey = publicOf(scalar);
  return {
    key: { scalar, prefix, publicKey },
    signBit: (publicKey[ED25519_KEY_BYTES - 1]! & SIGN_BIT) === 0 ? 0 : 1,
  };
}

/**
 * The Ed25519 public key that belongs to an X25519 one: y = (u − 1) / (u + 1), with the sign of x as told. Undefined
 * where there is none (u = −1, a wrong length).
 */
export function ed25519PublicFromX25519(publicKey: Uint8Array, signBit: 0 | 1): Uint8Array | undefined {
  if (publicKey.length !== X25519_BYTES) return undefined;
  const masked = publicKey.slice();
  masked[X25519_BYTES - 1]! &= ~SIGN_BIT; // RFC 7748: the top bit of u is not looked at
  const u = Fp.create(littleEndian(masked));
  const below = Fp.add(u, Fp.ONE);
  if (Fp.is0(below)) return undefined;
  const out = Fp.toBytes(Fp.div(Fp.sub(u, Fp.ONE), below));
  if (signBit === 1) out[ED25519_KEY_BYTES - 1]! |= SIGN_BIT;
  return out;
}

/** RFC 7748, section 5: a multiple of eight of a fixed length. */
function clamp(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== X25519_BYTES) throw new RangeError('a scalar has 32 bytes');
  const out = bytes.slice();
  out[0]! &= 0xf8;
  out[31]! &= 0x7f;
  out[31]! |= 0x40;
  return out;
}

function publicOf(scalar: Uint8Array): Uint8Array {
  return Point.BASE.multiply(littleEndian(scalar) % ORDER).toBytes();
}

function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  return littleEndian(sha512(joinBytes(...parts))) % ORDER;
}

function littleEndian(bytes: Uint8Array): bigint {
  let hex = '';
  for (let index = bytes.length - 1; index >= 0; index--) hex += bytes[index]!.toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}
