import type { ByteStream } from '../../runtime/port.ts';

const BYTES_START = 256;

/**
 * Small messages of one turn of the event loop, sent with one write. `reserve` room, write the message there, and
 * `commit` its length; the rest goes out by itself.
 */
export class Outbox {
  private readonly stream: ByteStream;
  private bytes = new Uint8Array(0);
  private filled = 0;
  private inFlight = 0;
  private scheduled = false;

  constructor(modules: { readonly stream: ByteStream }) {
    this.stream = modules.stream;
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return this.filled + this.inFlight;
  }

  /** The buffer to write into, with room for `byteLength` bytes from {@link at} on. */
  reserve(byteLength: number): Uint8Array {
    const needed = this.filled + byteLength;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(BYTES_START, needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.filled));
      this.bytes = grown;
    }
    return this.bytes;
  }

  get at(): number {
    return this.filled;
  }

  commit(byteLength: number): void {
    this.filled += byteLength;
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Sends now what is there. */
  flush(): void {
    this.scheduled = false;
    if (this.filled === 0) return;
    const bytes = this.bytes.subarray(0, this.filled);
    // The stream keeps these bytes until the system has taken them, so the next turn needs a buffer of its own.
    this.bytes = new Uint8Array(0);
    this.filled = 0;
    this.inFlight += bytes.length;
    this.stream.write(bytes, () => {
      this.inFlight -= bytes.length;
    });
  }
}
