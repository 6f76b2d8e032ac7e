import { createHash, type Hash } from 'node:crypto';
import type { Slab } from './slab.ts';
import { MessageHasher } from './tasks/hash-messages.ts';
import { DIGEST_BYTES, messageBytes, packMessages } from './tasks/message-list.ts';
import type { HashName, LaneHasher, Message } from './types.ts';

export interface HashServiceStats {
  /** Messages hashed so far. */
  readonly messages: number;
  /** Bytes hashed so far. */
  readonly bytes: number;
  /** Messages asked for and not yet answered. */
  readonly pending: number;
}

/** Hashes messages that lie in the slab. Who calls holds the leases until the promise settles. */
export interface HashService {
  /** The digests one behind the other, in the order of the messages: 20 bytes each for SHA-1, 32 for SHA-256. */
  digest(name: HashName, messages: readonly Message[]): Promise<Uint8Array>;
  readonly stats: HashServiceStats;
  /** Waits for what is under way, then lets go of threads and leases. */
  close(): Promise<void>;
}

/** Hashes in the calling thread; the promise is settled in a microtask. For simulated worlds and small work. */
export class InlineHashService implements HashService {
  readonly #hashers: Readonly<Record<HashName, MessageHasher>>;
  #messages = 0;
  #bytes = 0;

  constructor(_options: Readonly<Record<string, never>>, modules: { readonly slab: Slab }) {
    this.#hashers = {
      sha1: inlineHasher('sha1', modules.slab.bytes),
      sha256: inlineHasher('sha256', modules.slab.bytes),
    };
  }

  get stats(): HashServiceStats {
    return { messages: this.#messages, bytes: this.#bytes, pending: 0 };
  }

  async digest(name: HashName, messages: readonly Message[]): Promise<Uint8Array> {
    const out = new Uint8Array(messages.length * DIGEST_BYTES[name]);
    this.#hashers[name].run(packMessages(messages), out);
    this.#messages += messages.length;
    for (const message of messages) this.#bytes += messageBytes(message);
    return out;
  }

  async close(): Promise<void> {}
}

function inlineHasher(name: HashName, bytes: Uint8Array): MessageHasher {
  const hasher = new CryptoHasher(name, bytes);
  return new MessageHasher(name, { wide: hasher, single: hasher });
}

/** `node:crypto` behind the interface of the kernels. */
class CryptoHasher implements LaneHasher {
  readonly lanes = 1;
  readonly name: HashName;
  readonly #bytes: Uint8Array;
  #hash: Hash;

  constructor(name: HashName, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
    this.#hash = createHash(name);
  }

  update(offsets: ArrayLike<number>, _count: number, byteLength: number): void {
    const offset = offsets[0]!;
    this.#hash.update(this.#bytes.subarray(offset, offset + byteLength));
  }

  digest(_count: number, out: Uint8Array): void {
    out.set(this.#hash.digest());
    this.#hash = createHash(this.name);
  }
}
