// What the tests of the hash services share: random messages in a slab, and what they must hash to.
import { createHash } from 'node:crypto';
import type { Lease } from '../../engine/kernels/lease.ts';
import type { Slab } from '../../engine/kernels/slab.ts';
import type { Extent, HashName, Message } from '../../engine/kernels/types.ts';

/** A small seeded generator: numbers in 0…1. */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A lease of that many slots, filled with noise. */
export function noise(slab: Slab, slots: number, seed: number): Lease {
  const lease = slab.tryLease(slots, 'noise');
  if (lease === undefined) throw new Error(`no room for ${slots} slots of noise`);
  const random = chance(seed);
  const bytes = lease.bytes;
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = random() * 256;
  return lease;
}

/** Messages of 0 to 5 extents of 0 to `extentBytesMax` bytes anywhere in the lease. */
export function randomMessages(lease: Lease, count: number, extentBytesMax: number, seed: number): Message[] {
  const random = chance(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  return Array.from({ length: count }, () =>
    Array.from({ length: below(6) }, (): Extent => {
      const byteLength = below(4) === 0 ? below(100) : below(Math.min(extentBytesMax, lease.byteLength) + 1);
      return { offset: lease.offset + below(lease.byteLength - byteLength + 1), byteLength };
    }),
  );
}

/** The digests one behind the other, by node:crypto. */
export function expected(slab: Slab, name: HashName, messages: readonly Message[]): Buffer {
  return Buffer.concat(
    messages.map((message) => {
      const hash = createHash(name);
      for (const { offset, byteLength } of message)
        hash.update(slab.bytes.subarray(offset, offset + byteLength));
      return hash.digest();
    }),
  );
}
