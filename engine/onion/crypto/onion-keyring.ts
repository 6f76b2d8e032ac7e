import { equalBytes } from './bytes.ts';
import { X25519Key } from './x25519.ts';

/** Current and previous; more are never needed, since a key rotates every 28 days and the grace is 7. */
const ONION_KEYS_MAX = 2;

/**
 * The onion keys a relay answers to: the one in its descriptor and, for a time after a rotation, the one before
 * (dir-spec and tor-spec: clients may hold a descriptor that is a week old). Shared by ntor and ntor-v3.
 */
export class OnionKeyring {
  readonly #keys: readonly X25519Key[];

  /** `privateKeys`: 32 bytes each, the current one first; one or two. */
  constructor(privateKeys: readonly Uint8Array[]) {
    if (privateKeys.length === 0 || privateKeys.length > ONION_KEYS_MAX) {
      throw new RangeError('a relay has one onion key, or two after a rotation');
    }
    this.#keys = privateKeys.map((key) => new X25519Key(key));
  }

  /** What the descriptor says, 32 bytes. */
  get currentPublicKey(): Uint8Array {
    return this.#keys[0]!.publicKey;
  }

  /** The private key that belongs to the public key at bytes[at, at + 32). */
  find(bytes: Uint8Array, at: number): X25519Key | undefined {
    const wanted = bytes.subarray(at, at + 32);
    return this.#keys.find(({ publicKey }) => equalBytes(publicKey, wanted));
  }
}
