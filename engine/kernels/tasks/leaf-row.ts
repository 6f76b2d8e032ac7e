import { HASH_BYTES } from '../sha.ts';
import type { Sha256Tree } from '../sha256-tree.ts';
import { BLOCK_BYTES } from '../types.ts';

const HASH = HASH_BYTES.sha256;
/** Leaves of a group: 16 MiB of a file. Pieces may be far longer; their groups are folded one by one. */
const GROUP_LEAVES = 1024;
const ZEROS = new Uint8Array(HASH);

/** Room in the slab for one row: a group and, behind it, the padding of an odd one. */
export const LEAF_ROW_BYTES = (GROUP_LEAVES + 1) * HASH;

/** The leaves of one piece at a time (BEP 52), and how they become its hash. Lives in the slab. */
export class LeafRow {
  readonly #tree: Sha256Tree;
  readonly #offset: number;
  readonly #row: Uint8Array;
  /** Roots of the groups that are full. */
  readonly #groups: Uint8Array[] = [];
  #count = 0;

  /** Works in {@link LEAF_ROW_BYTES} bytes of `bytes` at `offset`. */
  constructor(bytes: Uint8Array, offset: number, tree: Sha256Tree) {
    this.#tree = tree;
    this.#offset = offset;
    this.#row = bytes.subarray(offset, offset + LEAF_ROW_BYTES);
  }

  /** Forgets what was there. */
  begin(): void {
    this.#count = 0;
    this.#groups.length = 0;
  }

  /** Hashes the leaves that lie one behind the other at `offset`. Only the last one of a piece may be short. */
  hash(offset: number, byteLength: number): void {
    for (let done = 0; done < byteLength; ) {
      if (this.#count === GROUP_LEAVES) this.#closeGroup();
      const step = Math.min(byteLength - done, (GROUP_LEAVES - this.#count) * BLOCK_BYTES);
      const out = this.#row.subarray(this.#count * HASH);
      this.#count += this.#tree.leaves(offset + done, step, out);
      done += step;
    }
  }

  /** The root over all leaves, padded up to `width` of them, a power of two. The row is used up. */
  root(width: number, out: Uint8Array): void {
    if (width <= GROUP_LEAVES) {
      this.#tree.root(this.#offset, this.#count, width, ZEROS, out);
      return;
    }
    if (this.#count > 0) this.#closeGroup();
    const pad = new Uint8Array(HASH);
    this.#row.set(ZEROS);
    this.#tree.root(this.#offset, 1, GROUP_LEAVES, ZEROS, pad);
    this.#groups.forEach((root, at) => {
      this.#row.set(root, at * HASH);
    });
    this.#tree.root(this.#offset, this.#groups.length, width / GROUP_LEAVES, pad, out);
  }

  #closeGroup(): void {
    const root = new Uint8Array(HASH);
    this.#tree.root(this.#offset, this.#count, GROUP_LEAVES, ZEROS, root);
    this.#groups.push(root);
    this.#count = 0;
  }
}
