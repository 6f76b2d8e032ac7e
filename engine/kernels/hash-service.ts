import { NativeLaneHasher } from './lane-hasher-native.ts';
import { HASH_BYTES } from './sha.ts';
import type { Slab } from './slab.ts';
import { MessageHasher } from './tasks/hash-messages.ts';
import { checkMessages, packMessages } from './tasks/message-list.ts';
import type { HashName, Message } from './types.ts';

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
  /**
   * The digests one behind the other, in the order of the messages: 20 bytes each for SHA-1, 32 for SHA-256.
   * Rejects with LEASE_MISUSED when a message does not lie in the slab, with POOL_FAILED when it cannot be hashed.
   */
  digest(name: HashName, messages: readonly Message[]): Promise<Uint8Array>;
  readonly stats: HashServiceStats;
  /** Waits for what is under way, then lets go of threads and leases. */
  close(): Promise<void>;
}

/** Hashes in the calling thread; the promise is settled in a microtask. For simulated worlds and small work. */
export class InlineHashService implements HashService {
  readonly #slab: Slab;
  readonly #hashers: Readonly<Record<HashName, MessageHasher>>;
  #messages = 0;
  #bytes = 0;

  constructor(_options: Readonly<Record<string, never>>, modules: { readonly slab: Slab }) {
    this.#slab = modules.slab;
    this.#hashers = {
      sha1: inlineHasher('sha1', modules.slab.bytes),
      sha256: inlineHasher('sha256', modules.slab.bytes),
    };
  }

  get stats(): HashServiceStats {
    return { messages: this.#messages, bytes: this.#bytes, pending: 0 };
  }

  async digest(name: HashName, messages: readonly Message[]): Promise<Uint8Array> {
    const byteLength = checkMessages(messages, this.#slab.bytes.length);
    const out = new Uint8Array(messages.length * HASH_BYTES[name]);
    this.#hashers[name].run(packMessages(messages), out);
    this.#messages += messages.length;
    this.#bytes += byteLength;
    return out;
  }

  async close(): Promise<void> {}
}

function inlineHasher(name: HashName, bytes: Uint8Array): MessageHasher {
  const hasher = new NativeLaneHasher({ name }, { bytes });
  return new MessageHasher({ name, wide: hasher, single: hasher });
}
