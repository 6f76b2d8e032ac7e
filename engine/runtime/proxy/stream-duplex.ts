import { Duplex } from 'node:stream';
import type { ByteStream, StreamEnd, StreamHandler } from '../port.ts';

const READ_BYTES = 64 * 1024;

/** A stream of the port as one of Node's, for code of Node that wants one (HTTP, TLS). Bytes are copied once. */
export class StreamDuplex extends Duplex implements StreamHandler {
  private stream: ByteStream | undefined;
  private readonly target = Buffer.alloc(READ_BYTES);
  private isOpen = false;

  constructor() {
    super({ allowHalfOpen: false, autoDestroy: true });
  }

  /** The stream whose owner this is. */
  attach(stream: ByteStream): void {
    this.stream = stream;
  }

  /** For code that takes this for a socket. */
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  onOpen(): void {
    this.isOpen = true;
    this.emit('connect');
  }

  readTarget(): Uint8Array {
    return this.target;
  }

  onRead(length: number): void {
    if (!this.push(Buffer.from(this.target.subarray(0, length)))) this.stream!.pause();
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    if (end.kind === 'ended') this.push(null);
    else if (end.kind === 'closed') this.destroy();
    else this.destroy(Object.assign(new Error(end.code || end.kind), { code: end.code || end.kind }));
    if (end.kind === 'ended') this.end();
  }

  override _read(): void {
    if (this.isOpen) this.stream!.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.stream!.write(bytes, (ok) =>
      done(ok ? null : Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' })),
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.stream?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stream?.destroy();
    done(error);
  }
}
