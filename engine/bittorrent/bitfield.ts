import type { PieceIndex } from './units.ts';

/**
 * A set of pieces in the form of the wire (BEP 3): piece 0 is the highest bit of the first byte. Counts as it
 * changes, so {@link count} costs nothing. Spare bits at the end are always zero.
 */
export class Bitfield {
  readonly pieceCount: number;
  /** The wire form. Read only: writing here makes the count wrong. */
  readonly bytes: Uint8Array;
  #count = 0;

  /** `bytes` is taken over, not copied, and must have zero spare bits; without it the set is empty. */
  constructor(pieceCount: number, bytes: Uint8Array = new Uint8Array(Math.ceil(pieceCount / 8))) {
    if (bytes.length !== Math.ceil(pieceCount / 8)) {
      throw new RangeError(`${bytes.length} bytes cannot hold the bits of ${pieceCount} pieces`);
    }
    this.pieceCount = pieceCount;
    this.bytes = bytes;
    this.#count = countBits(bytes);
  }

  /** All pieces. */
  static full(pieceCount: number): Bitfield {
    const bytes = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff);
    const spare = bytes.length * 8 - pieceCount;
    if (spare > 0) bytes[bytes.length - 1] = (0xff << spare) & 0xff;
    return new Bitfield(pieceCount, bytes);
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.pieceCount;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  has(piece: number): boolean {
    return (this.bytes[piece >>> 3]! & (0x80 >>> (piece & 7))) !== 0;
  }

  /** True when the piece was not in the set before. Indexes outside change nothing. */
  set(piece: number): boolean {
    if (piece >= this.pieceCount || this.has(piece)) return false;
    this.bytes[piece >>> 3]! |= 0x80 >>> (piece & 7);
    this.#count++;
    return true;
  }

  /** True when the piece was in the set before. */
  clear(piece: number): boolean {
    if (piece >= this.pieceCount || !this.has(piece)) return false;
    this.bytes[piece >>> 3]! &= ~(0x80 >>> (piece & 7));
    this.#count--;
    return true;
  }

  equals(other: Bitfield): boolean {
    if (other.pieceCount !== this.pieceCount || other.#count !== this.#count) return false;
    for (let index = 0; index < this.bytes.length; index++) {
      if (this.bytes[index] !== other.bytes[index]) return false;
    }
    return true;
  }

  copy(): Bitfield {
    return new Bitfield(this.pieceCount, this.bytes.slice());
  }

  /** The pieces of both sets, as a new one. */
  and(other: Bitfield): Bitfield {
    return this.#combine(other, (mine, theirs) => mine & theirs);
  }

  /** The pieces of this set that are not in `other`, as a new one. */
  andNot(other: Bitfield): Bitfield {
    return this.#combine(other, (mine, theirs) => mine & ~theirs);
  }

  /** Whether any piece of this set is not in `other`. */
  hasAnyNotIn(other: Bitfield): boolean {
    for (let index = 0; index < this.bytes.length; index++) {
      if ((this.bytes[index]! & ~other.bytes[index]!) !== 0) return true;
    }
    return false;
  }

  /** Calls `visit` with each piece in the set, ascending; several times as fast as {@link pieces}. */
  forEach(visit: (piece: PieceIndex) => void): void {
    const { bytes } = this;
    for (let index = 0; index < bytes.length; index++) {
      let byte = bytes[index]!;
      while (byte !== 0) {
        const bit = Math.clz32(byte) - 24;
        visit((index * 8 + bit) as PieceIndex);
        byte &= ~(0x80 >>> bit);
      }
    }
  }

  /** The pieces in the set, ascending. */
  *pieces(): Generator<PieceIndex> {
    yield* listBits(this.bytes, this.pieceCount, 0);
  }

  /** The pieces not in the set, ascending. */
  *missing(): Generator<PieceIndex> {
    yield* listBits(this.bytes, this.pieceCount, 0xff);
  }

  #combine(other: Bitfield, combine: (mine: number, theirs: number) => number): Bitfield {
    if (other.pieceCount !== this.pieceCount) throw new RangeError('bitfields of different torrents');
    const bytes = new Uint8Array(this.bytes.length);
    for (let index = 0; index < bytes.length; index++) {
      bytes[index] = combine(this.bytes[index]!, other.bytes[index]!);
    }
    return new Bitfield(this.pieceCount, bytes);
  }
}

function* listBits(bytes: Uint8Array, pieceCount: number, flip: number): Generator<PieceIndex> {
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes[index]! ^ flip;
    while (byte !== 0) {
      const bit = Math.clz32(byte) - 24;
      const piece = index * 8 + bit;
      if (piece >= pieceCount) return;
      yield piece as PieceIndex;
      byte &= ~(0x80 >>> bit);
    }
  }
}

/** How many bits are set; four bytes at a time. */
function countBits(bytes: Uint8Array): number {
  let count = 0;
  let index = 0;
  for (; index + 4 <= bytes.length; index += 4) {
    let word =
      bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  for (; index < bytes.length; index++) {
    for (let byte = bytes[index]!; byte !== 0; byte &= byte - 1) count++;
  }
  return count;
}
