import type { Lease } from '../../kernels/lease.ts';
import type { ByteStream } from '../../runtime/port.ts';
import type { OnionStream, OnionStreamEnd, OnionStreamHandler } from '../client/types.ts';
import type { ProxyStats } from './proxy-types.ts';
import type { ReadChunks } from './read-chunks.ts';

export interface PumpOptions {
  readonly uploadQueueBytes: number;
  readonly downloadQueueBytesMax: number;
}

export interface PumpModules {
  readonly local: ByteStream;
  readonly chunks: ReadChunks;
  readonly stats: ProxyStats;
  /** Whether the memory that cells lie in is scarce, so that none of it may wait for a slow program. */
  readonly isTight: () => boolean;
}

/** Whom a pump tells. */
export interface PumpOwner {
  onStreamOpen(): void;
  /** Before or after {@link onStreamOpen}; once. */
  onStreamClose(end: OnionStreamEnd): void;
}

/**
 * Joins a local connection and a stream of the network. Upwards bytes stay where they were read until they are put
 * into cells; downwards they are written from where they were decrypted. Who is slow is waited for: upwards by not
 * reading, downwards by not telling the exit that bytes were consumed.
 */
export class StreamPump implements OnionStreamHandler {
  readonly #options: PumpOptions;
  readonly #modules: PumpModules;
  readonly #owner: PumpOwner;
  #onion: OnionStream | undefined;
  #isPaused = false;
  #waitingBytes = 0;

  constructor(options: PumpOptions, modules: PumpModules, owner: PumpOwner) {
    this.#options = options;
    this.#modules = modules;
    this.#owner = owner;
  }

  /** The stream that it is the handler of. */
  begin(onion: OnionStream): void {
    this.#onion = onion;
  }

  /** `length` bytes have been read into the chunk's last target. */
  upload(length: number): void {
    const { bytes, release } = this.#modules.chunks.take(length);
    this.#send(bytes, release);
  }

  /** What followed the request at once; it must stay as it is. */
  uploadEarly(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#send(bytes, () => {});
  }

  /** The program has finished: what it sent goes out, then the stream ends. */
  end(): void {
    this.#onion?.end();
  }

  destroy(): void {
    this.#onion?.destroy();
  }

  onOpen(): void {
    this.#owner.onStreamOpen();
  }

  onData(bytes: Uint8Array, lease: Lease): void {
    const { local, stats, isTight } = this.#modules;
    const { length } = bytes;
    this.#waitingBytes += length;
    stats.downloadedBytes += length;
    if (this.#waitingBytes > this.#options.downloadQueueBytesMax) {
      // Only an exit that does not stop when told to gets here.
      this.#onion?.destroy();
      return;
    }
    if (isTight()) {
      local.write(bytes.slice(), () => this.#consumed(length));
      return;
    }
    lease.retain();
    local.write(bytes, () => {
      lease.release();
      this.#consumed(length);
    });
  }

  onDrain(): void {
    this.#resume();
  }

  onClose(end: OnionStreamEnd): void {
    this.#onion = undefined;
    this.#owner.onStreamClose(end);
  }

  #send(bytes: Uint8Array, release: () => void): void {
    const onion = this.#onion;
    if (onion === undefined) {
      release();
      return;
    }
    this.#modules.stats.uploadedBytes += bytes.length;
    onion.write(bytes, () => {
      release();
      this.#resume();
    });
    if (onion.queuedBytes >= this.#options.uploadQueueBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#modules.local.pause();
    }
  }

  #resume(): void {
    if (!this.#isPaused) return;
    if ((this.#onion?.queuedBytes ?? 0) > this.#options.uploadQueueBytes / 2) return;
    this.#isPaused = false;
    this.#modules.local.resume();
  }

  #consumed(byteLength: number): void {
    this.#waitingBytes -= byteLength;
    this.#onion?.consumed(byteLength);
  }
}
