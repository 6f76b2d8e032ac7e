import type { ByteStream, StreamEnd, StreamHandler } from '../../../../engine/runtime/port.ts';
import { bytesOf } from './talk.ts';

/** A program that uses the proxy. */
export class Program implements StreamHandler {
  readonly received: number[] = [];
  end: StreamEnd | undefined;
  stream: ByteStream | undefined;
  readonly #target = new Uint8Array(16_384);

  onOpen(): void {}

  readTarget(): Uint8Array {
    return this.#target;
  }

  onRead(length: number): void {
    for (let at = 0; at < length; at++) this.received.push(this.#target[at]!);
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    this.end = end;
  }

  send(...parts: readonly (number | string)[]): void {
    this.stream?.write(bytesOf(parts));
  }

  /** What came since the last call. */
  take(): Uint8Array {
    return Uint8Array.from(this.received.splice(0));
  }
}
