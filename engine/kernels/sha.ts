import type { Kernels } from './module.ts';
import type { HashName } from './types.ts';

/** What the kernels export for SHA-1 and SHA-256; see wasm/hash-stream.ts and wasm/sha256-tree.ts. */
export interface ShaExports {
  hashInit(table: number): void;
  hashStart(context: number, hash: number, lanes: number): void;
  hashUpdate(context: number, p0: number, p1: number, p2: number, p3: number, byteLength: number): void;
  hashDigest(context: number, out: number): void;
  sha256Run(wide: number, single: number, from: number, count: number, byteLength: number, out: number): void;
  sha256Root(wide: number, single: number, row: number, count: number, width: number, pad: number): void;
}

/** Scratch memory for the constants of both hashes. */
export const HASH_TABLE_BYTES = 384;
/** Scratch memory for messages under way. */
const HASH_CONTEXT_BYTES = 704;

/** How the kernels number the hashes. */
const HASH_NUMBERS: Readonly<Record<HashName, number>> = { sha1: 1, sha256: 2 };

/** Length of a digest in bytes. */
export const HASH_BYTES: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32 };

/** Reserves and starts a context for `lanes` messages; gives its address. */
export function openHashContext(kernels: Kernels, name: HashName, lanes: 1 | 4): number {
  const context = kernels.reserve(HASH_CONTEXT_BYTES);
  kernels.exports.hashStart(context, HASH_NUMBERS[name], lanes);
  return context;
}

/** How many messages this build takes side by side. */
export function wideLanes(kernels: Kernels): 1 | 4 {
  return kernels.exports.kernelLanes() === 4 ? 4 : 1;
}

/** @throws RangeError when the run is not inside the memory: the kernels would read somebody else's bytes. */
export function checkRun(bytes: Uint8Array, offset: number, byteLength: number): void {
  if (offset >= 0 && byteLength >= 0 && offset + byteLength <= bytes.length) return;
  throw new RangeError(`${byteLength} bytes at ${offset} are not inside the ${bytes.length} of the memory`);
}
