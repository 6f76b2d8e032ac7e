import type { KrpcFault } from './krpc-types.ts';

const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const D = 0x64;
const E = 0x65;
const I = 0x69;
const L = 0x6c;

/** Lists and dictionaries inside one another; `v` of BEP 44 is the only one that may nest at all. */
const DEPTH_MAX = 32;
const INTEGER_DIGITS_MAX = 19;
/** Longer keys are none that we know. */
const KEY_BYTES_MAX = 32;

/** Steps through bencoded bytes from value to value and copies nothing. After a fault `failed` is true. */
export class BencodeCursor {
  fault: KrpcFault = 'bencode';
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The byte that the next value begins with. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  isString(): boolean {
    const byte = this.#bytes[this.#at];
    return byte !== undefined && byte >= ZERO && byte <= NINE;
  }

  isInteger(): boolean {
    return this.#bytes[this.#at] === I;
  }

  /** Steps into the list or dictionary that begins here. */
  enter(token: number): boolean {
    if (this.#bytes[this.#at] !== token) return this.#fail();
    this.#at += 1;
    return true;
  }

  /** Whether the list or dictionary ends here; if so, steps out of it. */
  leave(): boolean {
    if (this.#bytes[this.#at] !== E) return false;
    this.#at += 1;
    return true;
  }

  /** The key of a dictionary; one that is too long to be known comes as nothing but is skipped over. */
  key(): string | undefined {
    const length = this.#length();
    if (length < 0) return undefined;
    const start = this.#at;
    this.#at += length;
    return length > KEY_BYTES_MAX ? '' : shortText(this.#bytes, start, this.#at);
  }

  /** The string here as text, a character a byte; empty when it is longer than any name we know. */
  text(): string {
    return this.key() ?? '';
  }

  /** The string here. Empty after a fault. */
  bytes(): Uint8Array {
    const length = this.#length();
    if (length < 0) return NOTHING;
    const start = this.#at;
    this.#at += length;
    // Four times as fast as subarray (measured on Node 20).
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  /** The string here if it has one of these lengths. */
  bytesOf(length: number, otherLength = length): Uint8Array | undefined {
    const bytes = this.bytes();
    return bytes.length === length || bytes.length === otherLength ? bytes : undefined;
  }

  /** The integer here; undefined when it is beyond 2^53 or, with `failed`, none at all. */
  integer(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    const negative = bytes[at] === MINUS;
    if (negative) at += 1;
    const first = at;
    let value = 0;
    for (;;) {
      const digit = bytes[at];
      if (digit === E) break;
      if (digit === undefined || digit < ZERO || digit > NINE || at - first >= INTEGER_DIGITS_MAX) {
        this.#fail();
        return undefined;
      }
      value = value * 10 + digit - ZERO;
      at += 1;
    }
    if (at === first) {
      this.#fail();
      return undefined;
    }
    this.#at = at + 1;
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    return negative ? 0 - value : value;
  }

  /** Whether an integer other than 0 stands here; anything else is skipped. */
  flag(): boolean {
    if (this.isInteger()) return (this.integer() ?? 1) !== 0;
    this.skip();
    return false;
  }

  /** The bytes of the value here, whatever it is. */
  span(): Uint8Array {
    const start = this.#at;
    if (!this.skip()) return NOTHING;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, this.#at - start);
  }

  /** Steps over one value. False after a fault. */
  skip(depth = 0): boolean {
    const token = this.#bytes[this.#at];
    if (token === I) {
      this.integer();
      return !this.failed;
    }
    if (token === L || token === D) {
      if (depth >= DEPTH_MAX) {
        this.fault = 'too-deep';
        return this.#fail();
      }
      this.#at += 1;
      while (!this.leave()) {
        if (token === D && this.#skipString() === false) return false;
        if (!this.skip(depth + 1)) return false;
      }
      return true;
    }
    return this.#skipString();
  }

  #skipString(): boolean {
    const length = this.#length();
    if (length < 0) return false;
    this.#at += length;
    return true;
  }

  /** Reads `123:`; -1 after a fault. */
  #length(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let length = 0;
    for (;;) {
      const digit = bytes[at];
      if (digit === COLON && at > this.#at) break;
      if (digit === undefined || digit < ZERO || digit > NINE || at - this.#at > 5) {
        this.#fail();
        return -1;
      }
      length = length * 10 + digit - ZERO;
      at += 1;
    }
    if (length > bytes.length - at - 1) {
      this.#fail();
      return -1;
    }
    this.#at = at + 1;
    return length;
  }

  #fail(): false {
    this.failed = true;
    return false;
  }
}

const NOTHING = new Uint8Array(0);

/** Texts of one or two bytes without a call into the runtime; nearly all keys are. */
function shortText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start === 1) return ONE[bytes[start]!]!;
  let text = '';
  for (let at = start; at < end; at += 1) text += ONE[bytes[at]!];
  return text;
}

const ONE: readonly string[] = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
