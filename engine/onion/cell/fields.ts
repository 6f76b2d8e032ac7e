/**
 * Reads numbers and bytes one after the other from a message. Whoever reads beyond the end gets zeros and empty
 * views, and {@link short} says so: one question at the end instead of one for each field.
 */
export class FieldReader {
  short = false;
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#take(1) ? this.#bytes[this.#at - 1]! : 0;
  }

  uint16(): number {
    return this.#take(2) ? (this.#bytes[this.#at - 2]! << 8) | this.#bytes[this.#at - 1]! : 0;
  }

  uint32(): number {
    return this.#take(4) ? readUint32(this.#bytes, this.#at - 4) : 0;
  }

  /** A view. */
  bytes(length: number): Uint8Array {
    if (!this.#take(length)) return this.#bytes.subarray(0, 0);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  #take(length: number): boolean {
    if (this.short || this.#end - this.#at < length) {
      this.short = true;
      return false;
    }
    this.#at += length;
    return true;
  }
}

/** The four bytes at `at` as an unsigned big-endian number. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes an unsigned 32-bit number, big-endian. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes an unsigned 16-bit number, big-endian. */
export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** A 16-bit number as bytes. */
export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/** A 32-bit number as bytes. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** All parts behind one another in fresh memory: for messages, not for streams of data. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  let byteLength = 0;
  for (const part of parts) byteLength += part.length;
  const out = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
