import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import type { Random } from '../../runtime/port.ts';

/** RFC 7748: private keys, public keys and shared secrets alike. */
export const X25519_BYTES = 32;

/** RFC 8410: what stands before the 32 bytes of an X25519 private key in PKCS #8. */
const PKCS8_HEAD = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
]);

export interface X25519KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The key of somebody else, ready for {@link X25519Key.agree}. */
export type X25519Peer = KeyObject;

/**
 * A private key as OpenSSL holds it. Making one computes the public key too, which is the dear part (a fixed-base
 * multiplication): keep it for as long as the key is used.
 *
 * Never from `generateKeyPairSync`: in Node 20 what made such a key shares a lock with it, takes that lock again when
 * it is collected, and waits for ever when the collection happens inside of an export as JSON Web Key.
 */
export class X25519Key {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  /** `privateKey`: 32 bytes, clamped when used; copied. Throws a RangeError for another length. */
  constructor(privateKey: Uint8Array) {
    if (privateKey.length !== X25519_BYTES) throw new RangeError('an X25519 key has 32 bytes');
    this.#key = importPrivate(privateKey);
    const { x = '' } = this.#key.export({ format: 'jwk' });
    this.publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  }

  /** The 32 bytes that both sides know; undefined when they would be all zero (RFC 7748, section 6.1). */
  agree(peer: X25519Peer): Uint8Array | undefined {
    try {
      return new Uint8Array(diffieHellman({ privateKey: this.#key, publicKey: peer }));
    } catch {
      // OpenSSL refuses a secret of zeros, which only a point of small order gives.
      return undefined;
    }
  }
}

/** `publicKey`: any 32 bytes are a valid one. Throws a RangeError for another length. */
export function x25519Peer(publicKey: Uint8Array): X25519Peer {
  if (publicKey.length !== X25519_BYTES) throw new RangeError('an X25519 key has 32 bytes');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) }, format: 'jwk' });
}

/** Peers that are met again and again, for as long as somebody holds their bytes. */
const known = new WeakMap<Uint8Array, X25519Peer>();

/** As {@link x25519Peer}, remembered with these very bytes, which nobody changes: for the onion keys of relays. */
export function knownX25519Peer(publicKey: Uint8Array): X25519Peer {
  let peer = known.get(publicKey);
  if (peer === undefined) {
    peer = x25519Peer(publicKey);
    known.set(publicKey, peer);
  }
  return peer;
}

/** Fresh, from the chance of the runtime. */
export function makeX25519KeyPair(random: Random): X25519KeyPair {
  const privateKey = random.bytes(X25519_BYTES);
  return { privateKey, publicKey: new X25519Key(privateKey).publicKey };
}

/** The public key of a private one. */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  return new X25519Key(privateKey).publicKey;
}

/** One exchange; undefined when the secret would be all zero. For many with one key hold an {@link X25519Key}. */
export function x25519SharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  return new X25519Key(privateKey).agree(x25519Peer(publicKey));
}

/**
 * As a JSON Web Key, with no public half: OpenSSL computes that anyway, and this way past its DER decoders takes
 * 60 µs instead of 490 µs. A Node that insists on the public half gets PKCS #8.
 */
const importPrivate = takesHalfKeys() ? importHalfKey : importPkcs8;

function importHalfKey(privateKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: '', d: base64url(privateKey) };
  return createPrivateKey({ key, format: 'jwk' });
}

function importPkcs8(privateKey: Uint8Array): KeyObject {
  const der = Buffer.alloc(PKCS8_HEAD.length + X25519_BYTES);
  der.set(PKCS8_HEAD);
  der.set(privateKey, PKCS8_HEAD.length);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

function takesHalfKeys(): boolean {
  const privateKey = new Uint8Array(X25519_BYTES).fill(0x42);
  try {
    const [half, whole] = [importHalfKey(privateKey), importPkcs8(privateKey)];
    return half.export({ format: 'jwk' }).x === whole.export({ format: 'jwk' }).x;
  } catch {
    return false;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
