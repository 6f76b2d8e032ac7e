import { createHash, type Hash } from 'node:crypto';
import type { HashName, LaneHasher } from '../types.ts';

/** `node:crypto` behind the interface of the kernels. */
export class CryptoHasher implements LaneHasher {
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
