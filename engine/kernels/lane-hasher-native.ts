import { createHash, type Hash, hash } from 'node:crypto';
import type { WholeHasher } from './lane-hasher.ts';
import { HASH_BYTES } from './sha.ts';
import type { HashName } from './types.ts';

/** `node:crypto` behind the interface of the kernels: one message at a time, over views of the shared memory. */
export class NativeLaneHasher implements WholeHasher {
  readonly name: HashName;
  readonly lanes = 1;
  readonly #bytes: Uint8Array;
  #hash: Hash | undefined;

  constructor(options: { readonly name: HashName }, modules: { readonly bytes: Uint8Array }) {
    this.name = options.name;
    this.#bytes = modules.bytes;
  }

  update(offsets: ArrayLike<number>, _count: number, byteLength: number): void {
    const offset = offsets[0]!;
    this.#hash ??= createHash(this.name);
    this.#hash.update(this.#bytes.subarray(offset, offset + byteLength));
  }

  digest(_count: number, out: Uint8Array): void {
    out.set((this.#hash ?? createHash(this.name)).digest());
    this.#hash = undefined;
  }

  whole(offsets: ArrayLike<number>, _count: number, byteLength: number, out: Uint8Array): void {
    const offset = offsets[0]!;
    // Digest as a string of bytes: 0.4 µs for a short message, 1.1 as a Buffer, 1.6 with createHash.
    const digest = hash(this.name, this.#bytes.subarray(offset, offset + byteLength), 'binary');
    for (let at = 0; at < HASH_BYTES[this.name]; at += 1) out[at] = digest.charCodeAt(at);
  }
}
