import { isHandshakeStart } from '../wire/handshake.ts';
import type { MseCipher } from './types.ts';

/** The name of the protocol, which a handshake without encryption begins with. */
const NAME_BYTES = 20;

/**
 * What has come of a handshake: bytes are taken from the front, and deciphered when they are looked at. It holds
 * whatever one call brought plus what was left, so its users stop feeding it once they have found a fault.
 */
export class HandshakeInput {
  private bytes = new Uint8Array(0);
  private clearBytes = 0;

  get length(): number {
    return this.bytes.length;
  }

  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.bytes.length + bytes.length);
    joined.set(this.bytes);
    joined.set(bytes, this.bytes.length);
    this.bytes = joined;
  }

  /** Whether it begins as a handshake without encryption does: no key ever has. */
  startsLikePlain(): boolean {
    return this.bytes.length >= NAME_BYTES && isHandshakeStart(this.bytes, 0, NAME_BYTES);
  }

  /** The first `length` bytes, which are there. */
  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    this.clearBytes = Math.max(0, this.clearBytes - length);
    return taken;
  }

  /** The first `length` bytes deciphered, without taking them; undefined while they are not all there. */
  peekClear(length: number, cipher: MseCipher): Uint8Array | undefined {
    if (this.bytes.length < length) return undefined;
    if (this.clearBytes < length) {
      cipher.crypt(this.bytes.subarray(this.clearBytes, length), length - this.clearBytes);
      this.clearBytes = length;
    }
    return this.bytes.subarray(0, length);
  }

  /** All there is, deciphered as far as `length`. */
  takeRest(length: number, cipher: MseCipher): Uint8Array {
    this.peekClear(Math.min(length, this.bytes.length), cipher);
    return this.take(this.bytes.length);
  }

  /**
   * Throws away everything up to and with `mark`, which has at most `padBytesMax` bytes in front of it. `more` when it
   * may still come, false when it cannot any more.
   */
  skipPast(mark: Uint8Array, padBytesMax: number): boolean | 'more' {
    const window = this.bytes.subarray(0, padBytesMax + mark.length);
    const at = Buffer.from(window.buffer, window.byteOffset, window.byteLength).indexOf(mark);
    if (at >= 0) {
      this.take(at + mark.length);
      return true;
    }
    return window.length < padBytesMax + mark.length ? 'more' : false;
  }
}
