import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) with a key that is used again and again, over messages of a bounded length. Two one-shot
 * hashes over memory that is made once take 2.6 µs; `createHmac` takes 5.2 µs, most of it making the object.
 */
export class HmacSha256 {
  readonly #inner: Uint8Array;
  readonly #outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);

  /** `key`: at most 64 bytes. `messageBytesMax`: of the longest message. */
  constructor(key: Uint8Array, messageBytesMax: number) {
    this.#inner = new Uint8Array(BLOCK_BYTES + messageBytesMax);
    this.setKey(key);
  }

  /** Takes another key of at most 64 bytes. */
  setKey(key: Uint8Array): void {
    if (key.length > BLOCK_BYTES) throw new RangeError('an HMAC key of at most 64 bytes is meant');
    for (let index = 0; index < BLOCK_BYTES; index++) {
      const byte = key[index] ?? 0;
      this.#inner[index] = byte ^ INNER_PAD;
      this.#outer[index] = byte ^ OUTER_PAD;
    }
  }

  /** Where the message is put together before {@link digest}; `messageBytesMax` long. */
  get message(): Uint8Array {
    return this.#inner.subarray(BLOCK_BYTES);
  }

  /** The 32 bytes for the first `byteLength` bytes of {@link message}. */
  digest(byteLength: number): Uint8Array {
    this.#outer.set(hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + byteLength), 'buffer'), BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }

  /** The 32 bytes for `message`. */
  of(message: Uint8Array): Uint8Array {
    this.#inner.set(message, BLOCK_BYTES);
    return this.digest(message.length);
  }

  /** Forgets the key and the last message. */
  wipe(): void {
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}
