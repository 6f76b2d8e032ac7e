import { createHash } from 'node:crypto';

/** BEP 33: the one size all filters have. */
export const BLOOM_BYTES = 256;
const BITS = BLOOM_BYTES * 8;
const HASHES = 2;

/** BEP 33: a set of addresses whose size can be estimated, also of the union of several. */
export class BloomFilter {
  readonly bytes: Uint8Array = new Uint8Array(BLOOM_BYTES);

  /** `address`: 4 or 16 bytes, without the port. */
  add(address: Uint8Array): void {
    for (const index of bitsOf(address)) this.bytes[index >> 3]! |= 1 << (index & 7);
  }

  /** Whether the address may be in it; a false yes is possible, a false no is not. */
  mayHave(address: Uint8Array): boolean {
    return bitsOf(address).every((index) => (this.bytes[index >> 3]! & (1 << (index & 7))) !== 0);
  }

  /** Takes in what is in another filter of {@link BLOOM_BYTES}. */
  unite(other: Uint8Array): void {
    for (let at = 0; at < BLOOM_BYTES; at++) this.bytes[at]! |= other[at]!;
  }

  /** About how many addresses are in it. */
  get estimate(): number {
    let zeros = 0;
    for (const byte of this.bytes) for (let bit = 0; bit < 8; bit++) zeros += (byte >> bit) & 1 ? 0 : 1;
    // A full filter would count as infinity.
    const counted = Math.min(BITS - 1, Math.max(1, zeros));
    return Math.log(counted / BITS) / (HASHES * Math.log(1 - 1 / BITS));
  }
}

function bitsOf(address: Uint8Array): readonly [number, number] {
  const digest = createHash('sha1').update(address).digest();
  return [(digest[0]! | (digest[1]! << 8)) % BITS, (digest[2]! | (digest[3]! << 8)) % BITS];
}
