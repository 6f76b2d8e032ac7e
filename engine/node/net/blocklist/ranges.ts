import { readAddress } from '../../../codec/address.ts';
import type { AddressRange } from './parse-line.ts';

const V6_WORDS = 4;
/** ::ffff:0:0/96: an IPv4 address in IPv6. */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255);

/**
 * Ranges of addresses, sorted and without overlaps, in 8 bytes for a range of IPv4 and 32 for one of IPv6. A question
 * is one binary search.
 */
export class AddressRanges {
  private readonly v4: SortedRanges;
  private readonly v6: SortedRanges;

  constructor(ranges: readonly AddressRange[]) {
    this.v4 = new SortedRanges(
      ranges.filter(({ first }) => first.length === 4),
      1,
    );
    this.v6 = new SortedRanges(
      ranges.filter(({ first }) => first.length === 16),
      V6_WORDS,
    );
  }

  /** Ranges after joining those that touch. */
  get size(): number {
    return this.v4.count + this.v6.count;
  }

  /** `host`: a literal address; anything else is in no range. */
  has(host: string): boolean {
    const bytes = readAddress(host);
    if (bytes === undefined) return false;
    if (bytes.length === 4) return this.v4.has(bytes);
    if (MAPPED.every((byte, at) => bytes[at] === byte)) return this.v4.has(bytes.subarray(12));
    return this.v6.has(bytes);
  }
}

/** Ranges of one family; an address is one or four words of 32 bits. */
class SortedRanges {
  readonly count: number;
  private readonly words: number;
  private readonly firsts: Uint32Array;
  private readonly lasts: Uint32Array;

  constructor(ranges: readonly AddressRange[], words: number) {
    this.words = words;
    const sorted = ranges.toSorted((a, b) => Buffer.compare(a.first, b.first));
    this.firsts = new Uint32Array(sorted.length * words);
    this.lasts = new Uint32Array(sorted.length * words);
    let count = 0;
    let last: Uint8Array | undefined;
    for (const range of sorted) {
      if (last === undefined || Buffer.compare(range.first, last) > 0) {
        this.put(this.firsts, count, range.first);
        count++;
      } else if (Buffer.compare(range.last, last) <= 0) continue;
      this.put(this.lasts, count - 1, range.last);
      last = range.last;
    }
    this.count = count;
  }

  has(address: Uint8Array): boolean {
    const { words } = this;
    const key = new Uint32Array(words);
    this.put(key, 0, address);
    let low = 0;
    let high = this.count;
    // The number of ranges that begin at the address or before it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(this.firsts, middle, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.compare(this.lasts, low - 1, key) >= 0;
  }

  private put(into: Uint32Array, index: number, bytes: Uint8Array): void {
    for (let word = 0; word < this.words; word++) {
      const at = word * 4;
      into[index * this.words + word] =
        ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
    }
  }

  private compare(list: Uint32Array, index: number, key: Uint32Array): number {
    for (let word = 0; word < this.words; word++) {
      const difference = list[index * this.words + word]! - key[word]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
