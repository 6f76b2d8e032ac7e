import { timingSafeEqual } from 'node:crypto';

const CAPACITY_FIRST = 16;

/**
 * What the SENDMEs still to come have to prove: for each the tag of the cell that it answers and the time that cell
 * was sent. A ring that grows by doubling up to `countMax`; one per circuit and direction.
 */
export class SendmeTags {
  readonly tagBytes: number;
  readonly #countMax: number;
  #capacity: number;
  #tags: Uint8Array;
  #sentMs: Float64Array;
  #first = 0;
  #count = 0;
  #isNewestFilled = true;

  /** `tagBytes`: 20 for the running SHA-1 digest (tor-spec, SENDME version 1), 16 for CGO. */
  constructor(tagBytes: number, countMax: number) {
    this.tagBytes = tagBytes;
    this.#countMax = countMax;
    this.#capacity = Math.min(CAPACITY_FIRST, countMax);
    this.#tags = new Uint8Array(this.#capacity * tagBytes);
    this.#sentMs = new Float64Array(this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** A SENDME will answer the cell sent at `sentMs`; its tag follows by {@link fill}. False: no room, nothing kept. */
  reserve(sentMs: number): boolean {
    if (this.#count === this.#countMax) return false;
    if (this.#count === this.#capacity) this.#grow();
    this.#sentMs[(this.#first + this.#count) % this.#capacity] = sentMs;
    this.#count += 1;
    this.#isNewestFilled = false;
    return true;
  }

  /** The tag of the cell reserved last; longer input is cut to `tagBytes`. */
  fill(tag: Uint8Array): void {
    if (this.#count === 0 || this.#isNewestFilled) return;
    const slot = (this.#first + this.#count - 1) % this.#capacity;
    this.#tags.set(tag.subarray(0, this.tagBytes), slot * this.tagBytes);
    this.#isNewestFilled = true;
  }

  /** When the cell was sent that the next SENDME answers, milliseconds; NaN when none is due. */
  get oldestSentMs(): number {
    return this.#count === 0 ? Number.NaN : this.#sentMs[this.#first]!;
  }

  /** Whether `tag` is what the next SENDME has to carry. In constant time. */
  matches(tag: Uint8Array): boolean {
    if (this.#count === 0 || tag.byteLength !== this.tagBytes) return false;
    if (this.#count === 1 && !this.#isNewestFilled) return false;
    const at = this.#first * this.tagBytes;
    return timingSafeEqual(this.#tags.subarray(at, at + this.tagBytes), tag);
  }

  /** Forgets the oldest. */
  shift(): void {
    if (this.#count === 0) return;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#count -= 1;
  }

  #grow(): void {
    const capacity = Math.min(this.#capacity * 2, this.#countMax);
    const tags = new Uint8Array(capacity * this.tagBytes);
    const sentMs = new Float64Array(capacity);
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#first + i) % this.#capacity;
      tags.set(this.#tags.subarray(slot * this.tagBytes, (slot + 1) * this.tagBytes), i * this.tagBytes);
      sentMs[i] = this.#sentMs[slot]!;
    }
    this.#capacity = capacity;
    this.#tags = tags;
    this.#sentMs = sentMs;
    this.#first = 0;
  }
}
