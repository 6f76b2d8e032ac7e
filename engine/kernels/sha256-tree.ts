import { hash } from 'node:crypto';
import type { Kernels } from './module.ts';
import { checkRun, HASH_BYTES, openHashContext, wideLanes } from './sha.ts';
import { BLOCK_BYTES } from './types.ts';

const HASH = HASH_BYTES.sha256;
/** Leaves whose digests are gathered before they are copied out. */
const LEAVES_AT_ONCE = 64;

/** Hash trees of BEP 52 over bytes in the shared memory. */
export interface Sha256Tree {
  /** SHA-256 of each 16 KiB of the run, the last perhaps shorter; one behind the other in `out`. Gives their count. */
  leaves(offset: number, byteLength: number, out: Uint8Array): number;
  /**
   * The root over the `count` hashes (1 ≤ count ≤ width) that lie at `offset`, padded with `pad` to `width`, a power
   * of two. The row is used up and there must be room for one more hash behind it.
   */
  root(offset: number, count: number, width: number, pad: Uint8Array, out: Uint8Array): void;
}

/** The WebAssembly twin. Holds 4 KiB of scratch for life. */
export class WasmSha256Tree implements Sha256Tree {
  readonly #kernels: Kernels;
  readonly #wide: number;
  readonly #single: number;
  readonly #digests: number;

  constructor(_options: Readonly<Record<string, never>>, modules: { readonly kernels: Kernels }) {
    this.#kernels = modules.kernels;
    this.#wide = openHashContext(this.#kernels, 'sha256', wideLanes(this.#kernels));
    this.#single = openHashContext(this.#kernels, 'sha256', 1);
    this.#digests = this.#kernels.reserve(LEAVES_AT_ONCE * HASH);
  }

  leaves(offset: number, byteLength: number, out: Uint8Array): number {
    checkRun(this.#kernels.bytes, offset, byteLength);
    const whole = Math.floor(byteLength / BLOCK_BYTES);
    for (let from = 0; from < whole; from += LEAVES_AT_ONCE) {
      this.#run(offset + from * BLOCK_BYTES, Math.min(LEAVES_AT_ONCE, whole - from), BLOCK_BYTES, out, from);
    }
    const rest = byteLength % BLOCK_BYTES;
    if (rest === 0) return whole;
    this.#run(offset + whole * BLOCK_BYTES, 1, rest, out, whole);
    return whole + 1;
  }

  root(offset: number, count: number, width: number, pad: Uint8Array, out: Uint8Array): void {
    const { bytes, exports } = this.#kernels;
    checkRun(bytes, offset, (count + (width > 1 ? 1 : 0)) * HASH);
    bytes.set(pad, this.#digests);
    exports.sha256Root(this.#wide, this.#single, offset, count, width, this.#digests);
    out.set(bytes.subarray(offset, offset + HASH));
  }

  #run(from: number, count: number, byteLength: number, out: Uint8Array, at: number): void {
    const { bytes, exports } = this.#kernels;
    exports.sha256Run(this.#wide, this.#single, from, count, byteLength, this.#digests);
    out.set(bytes.subarray(this.#digests, this.#digests + count * HASH), at * HASH);
  }
}

/** The native twin. */
export class NativeSha256Tree implements Sha256Tree {
  readonly #bytes: Uint8Array;

  constructor(_options: Readonly<Record<string, never>>, modules: { readonly bytes: Uint8Array }) {
    this.#bytes = modules.bytes;
  }

  leaves(offset: number, byteLength: number, out: Uint8Array): number {
    const count = Math.ceil(byteLength / BLOCK_BYTES);
    const end = offset + byteLength;
    for (let leaf = 0, from = offset; leaf < count; leaf += 1, from += BLOCK_BYTES) {
      put(out, leaf, hash('sha256', this.#bytes.subarray(from, Math.min(end, from + BLOCK_BYTES)), 'binary'));
    }
    return count;
  }

  root(offset: number, count: number, width: number, pad: Uint8Array, out: Uint8Array): void {
    const row = this.#bytes.subarray(offset, offset + (count + (width > 1 ? 1 : 0)) * HASH);
    const pads = new Uint8Array(2 * HASH);
    pads.set(pad);
    for (let left = count, at = width; at > 1; at /= 2) {
      if (left % 2 === 1) row.set(pads.subarray(0, HASH), left * HASH);
      left = Math.ceil(left / 2);
      for (let pair = 0; pair < left; pair += 1) {
        put(row, pair, hash('sha256', row.subarray(2 * pair * HASH, 2 * (pair + 1) * HASH), 'binary'));
      }
      pads.copyWithin(HASH, 0, HASH);
      put(pads, 0, hash('sha256', pads, 'binary'));
    }
    out.set(row.subarray(0, HASH));
  }
}

/** Writes a digest, given as a string of bytes, at its place in a row. */
function put(row: Uint8Array, index: number, digest: string): void {
  for (let at = 0; at < HASH; at += 1) row[index * HASH + at] = digest.charCodeAt(at);
}
