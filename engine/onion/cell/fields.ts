import { readUint32 } from '../../codec/big-endian.ts';
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
