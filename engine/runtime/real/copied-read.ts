import type { StreamHandler } from '../port.ts';
import type { RealStats } from './stats.ts';

/**
 * Hands bytes that lie in a buffer of Node's to a handler by copying them into its targets: for sockets that
 * cannot read into memory of ours. What a pause leaves over waits here; it is at most one read.
 */
export class CopiedRead {
  readonly #handler: StreamHandler;
  readonly #stats: RealStats;
  #rest: Uint8Array = new Uint8Array(0);
  #stopped = false;

  constructor(handler: StreamHandler, modules: { readonly stats: RealStats }) {
    this.#handler = handler;
    this.#stats = modules.stats;
  }

  /** Delivers `chunk` until it is used up or {@link stop} is called. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      const target = this.#handler.readTarget();
      const length = Math.min(target.length, chunk.length - at);
      target.set(chunk.subarray(at, at + length));
      at += length;
      this.#stats.bytesCopied += length;
      this.#handler.onRead(length);
    }
    this.#rest = chunk.subarray(at);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Delivers what is left over. True when the socket may read on. */
  go(): boolean {
    this.#stopped = false;
    this.push(this.#rest);
    return !this.#stopped;
  }
}
