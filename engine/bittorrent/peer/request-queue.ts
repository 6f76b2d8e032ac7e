const FIELDS = 3;
const CAPACITY_START = 64;

/**
 * Blocks a peer asks for, first come first served: a ring of numbers, since a fast peer queues and takes 150,000 of
 * them a second. Never longer than `lengthMax`.
 */
export class RequestQueue {
  private readonly lengthMax: number;
  private ring = new Uint32Array(0);
  private head = 0;
  private count = 0;

  constructor(options: { readonly lengthMax: number }) {
    this.lengthMax = options.lengthMax;
  }

  get length(): number {
    return this.count;
  }

  /** False when the queue is full. */
  push(piece: number, begin: number, byteLength: number): boolean {
    if (this.count === this.lengthMax) return false;
    if (this.count * FIELDS === this.ring.length) this.grow();
    const at = this.at(this.count);
    this.ring[at] = piece;
    this.ring[at + 1] = begin;
    this.ring[at + 2] = byteLength;
    this.count++;
    return true;
  }

  piece(index: number): number {
    return this.ring[this.at(index)]!;
  }

  begin(index: number): number {
    return this.ring[this.at(index) + 1]!;
  }

  byteLength(index: number): number {
    return this.ring[this.at(index) + 2]!;
  }

  /** Takes the first `count` away. */
  shift(count: number): void {
    this.head = (this.head + count * FIELDS) % Math.max(1, this.ring.length);
    this.count -= count;
  }

  /** Takes one request out; false when it is not there. */
  remove(piece: number, begin: number, byteLength: number): boolean {
    for (let index = 0; index < this.count; index++) {
      const at = this.at(index);
      if (this.ring[at] !== piece || this.ring[at + 1] !== begin || this.ring[at + 2] !== byteLength)
        continue;
      for (let next = index + 1; next < this.count; next++)
        this.ring.copyWithin(this.at(next - 1), this.at(next), this.at(next) + FIELDS);
      this.count--;
      return true;
    }
    return false;
  }

  clear(): void {
    this.count = 0;
    this.head = 0;
  }

  /** How many requests from the head on are consecutive blocks of one piece, up to `countMax` and `bytesMax`. */
  runLength(countMax: number, bytesMax: number, bytesPerMessage: number): number {
    let bytes = 0;
    let count = 0;
    while (count < this.count && count < countMax) {
      bytes += this.byteLength(count) + bytesPerMessage;
      const follows =
        count === 0 ||
        (this.piece(count) === this.piece(0) &&
          this.begin(count) === this.begin(count - 1) + this.byteLength(count - 1));
      if (!follows || bytes > bytesMax) break;
      count++;
    }
    return count;
  }

  private at(index: number): number {
    return (this.head + index * FIELDS) % this.ring.length;
  }

  private grow(): void {
    const capacity = Math.min(Math.max(CAPACITY_START, (this.ring.length / FIELDS) * 2), this.lengthMax);
    const ring = new Uint32Array(capacity * FIELDS);
    for (let index = 0; index < this.count * FIELDS; index++) {
      ring[index] = this.ring[(this.head + index) % this.ring.length]!;
    }
    this.ring = ring;
    this.head = 0;
  }
}
