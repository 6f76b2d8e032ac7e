import { AlliumError } from '../codec/error.ts';
import type { Kernels } from './module.ts';

/** What wasm/rc4.ts exports. */
export interface Rc4Exports {
  rc4StateBytes(): number;
  rc4SetKey(state: number, key: number, keyBytes: number): void;
  rc4Skip(state: number, count: number): void;
  rc4Crypt(state: number, data: number, byteLength: number): void;
}

/** The longest key that RC4 takes. */
export const RC4_KEY_BYTES_MAX = 256;

export interface Rc4StatesOptions {
  /** How many streams can be open at once. The bound: it never grows. */
  readonly capacity: number;
  /** Where their memory begins: {@link Rc4States.bytesFor}(capacity) bytes, a multiple of 64. */
  readonly offset: number;
}

/**
 * RC4 streams, whose states lie in shared memory and which work in place on bytes that lie there too. There is no
 * native twin: OpenSSL 3 loads RC4 only when its legacy provider is configured.
 */
export class Rc4States {
  readonly #kernels: Kernels;
  readonly #key: number;
  /** Addresses of states that are not in use. */
  readonly #free: number[] = [];

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: Rc4StatesOptions, modules: { readonly kernels: Kernels }) {
    this.#kernels = modules.kernels;
    this.#key = modules.kernels.reserve(RC4_KEY_BYTES_MAX);
    const stateBytes = modules.kernels.exports.rc4StateBytes();
    for (let i = options.capacity - 1; i >= 0; i -= 1) this.#free.push(options.offset + i * stateBytes);
  }

  /** The memory that many states need, in bytes. */
  static bytesFor(capacity: number, modules: { readonly kernels: Kernels }): number {
    return capacity * modules.kernels.exports.rc4StateBytes();
  }

  /**
   * Opens a stream.
   *
   * @param key 1…{@link RC4_KEY_BYTES_MAX} bytes
   * @param skipBytes bytes of key stream to throw away first; MSE: 1024
   * @param free addresses of states to choose from, where the caller has memory of its own; the state comes back there
   * @throws AlliumError SLAB_FULL when `capacity` streams are open
   */
  open(key: Uint8Array, skipBytes = 0, free: number[] = this.#free): Rc4Stream {
    if (key.length < 1 || key.length > RC4_KEY_BYTES_MAX) {
      throw new RangeError(`RC4 takes keys of 1…${RC4_KEY_BYTES_MAX} bytes, not ${key.length}`);
    }
    const state = free.pop();
    if (state === undefined) {
      throw new AlliumError('SLAB_FULL', 'all RC4 states are in use', {
        advice: 'Raise the number of encrypted connections, or close some.',
      });
    }
    const { bytes, exports } = this.#kernels;
    bytes.set(key, this.#key);
    exports.rc4SetKey(state, this.#key, key.length);
    bytes.fill(0, this.#key, this.#key + key.length);
    exports.rc4Skip(state, skipBytes);
    return new Rc4Stream(state, this.#kernels, free);
  }
}

/** One direction of one connection. */
export class Rc4Stream {
  readonly #kernels: Kernels;
  readonly #free: number[];
  #state: number;

  /** For {@link Rc4States.open} only. */
  constructor(state: number, kernels: Kernels, free: number[]) {
    this.#state = state;
    this.#kernels = kernels;
    this.#free = free;
  }

  /** Encrypts or decrypts `byteLength` bytes of the shared memory, in place. Throws RangeError for a closed stream. */
  crypt(offset: number, byteLength: number): void {
    const { bytes, exports } = this.#kernels;
    if (this.#state === 0) throw new RangeError('this RC4 stream is closed');
    if (!(offset >= 0 && byteLength >= 0 && offset + byteLength <= bytes.length)) {
      throw new RangeError(`${byteLength} bytes at ${offset} are outside the memory`);
    }
    exports.rc4Crypt(this.#state, offset, byteLength);
  }

  /** Wipes the state and gives its memory back. Idempotent. */
  close(): void {
    if (this.#state === 0) return;
    const { bytes, exports } = this.#kernels;
    bytes.fill(0, this.#state, this.#state + exports.rc4StateBytes());
    this.#free.push(this.#state);
    this.#state = 0;
  }
}
