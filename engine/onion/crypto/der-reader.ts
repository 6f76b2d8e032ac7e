import { DER } from './der.ts';

/** An element that was read: views into the bytes it came in. */
export interface DerElement {
  readonly tag: number;
  readonly body: Uint8Array;
  /** Tag and length as well: what signatures are over. */
  readonly whole: Uint8Array;
}

/**
 * Reads elements of strict DER one behind the other: tags of one byte, lengths in their shortest form and inside of
 * what there is. It never descends by itself, so nothing deep can grow. After the first fault everything that is
 * asked for is undefined.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** All was read, without a fault. */
  get done(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  /** The next element must have this tag. */
  expect(tag: number): DerElement | undefined {
    const element = this.#read();
    if (element?.tag === tag) return element;
    this.#failed = true;
    return undefined;
  }

  /** The next element, of whatever tag. */
  any(): DerElement | undefined {
    return this.#read();
  }

  /** Skips the next element if it has this tag. */
  skip(tag: number): void {
    if (this.#bytes[this.#at] === tag) this.#read();
  }

  /** What is inside the next element, which must be a SEQUENCE. */
  sequence(): DerReader | undefined {
    const element = this.expect(DER.sequence);
    return element === undefined ? undefined : new DerReader(element.body);
  }

  /** An INTEGER > 0 as big-endian bytes without zeros in front, of at most `bytesMax` bytes. */
  positiveInteger(bytesMax: number): Uint8Array | undefined {
    const body = this.expect(DER.integer)?.body;
    const first = body?.[0];
    if (body === undefined || first === undefined || first >= 0x80) return undefined;
    if (first === 0 && (body[1] ?? 0) < 0x80) return undefined; // zero, or a zero too many
    const magnitude = first === 0 ? body.subarray(1) : body;
    return magnitude.length <= bytesMax ? magnitude : undefined;
  }

  #read(): DerElement | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    const tag = bytes[start];
    const first = bytes[start + 1];
    if (this.#failed || tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
      return this.#fail();
    let length = first;
    let bodyAt = start + 2;
    if (first >= 0x80) {
      const lengthBytes = first & 0x7f;
      if (lengthBytes === 0 || lengthBytes > 2 || bodyAt + lengthBytes > bytes.length) return this.#fail();
      length = lengthBytes === 1 ? bytes[bodyAt]! : bytes[bodyAt]! * 256 + bytes[bodyAt + 1]!;
      if (length < (lengthBytes === 1 ? 0x80 : 0x100)) return this.#fail();
      bodyAt += lengthBytes;
    }
    if (length > bytes.length - bodyAt) return this.#fail();
    this.#at = bodyAt + length;
    return { tag, body: bytes.subarray(bodyAt, this.#at), whole: bytes.subarray(start, this.#at) };
  }

  #fail(): undefined {
    this.#failed = true;
    return undefined;
  }
}
