import type { Kernels } from './module.ts';
import { checkRun } from './sha.ts';

/** What the kernels export for CRC-32C; see wasm/crc32c.ts. */
export interface Crc32cExports {
  crc32cInit(table: number): void;
  crc32cUpdate(crc: number, at: number, byteLength: number): number;
}

const TABLE_BYTES = 8192;

/**
 * The checksum, CRC-32C (RFC 3720 appendix B.4), of `byteLength` bytes at `offset` in the shared memory. `before` is
 * the checksum of what went before them.
 */
export type Crc32c = (offset: number, byteLength: number, before?: number) => number;

/** Makes the function for this thread; takes 8 KiB of its scratch area, so make it once. Node has no native twin. */
export function createCrc32c(kernels: Kernels): Crc32c {
  const { bytes, exports } = kernels;
  exports.crc32cInit(kernels.reserve(TABLE_BYTES));
  return (offset, byteLength, before = 0) => {
    checkRun(bytes, offset, byteLength);
    return exports.crc32cUpdate(before, offset, byteLength) >>> 0;
  };
}
