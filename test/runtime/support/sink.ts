import type { ByteStream, Endpoint, StreamEnd, StreamHandler } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';

export const PORT = 6881;

/** Counts what arrives, and remembers when the last of it did. */
export class Sink implements StreamHandler {
  stream: ByteStream | undefined;
  byteLength = 0;
  lastMs = 0;
  openedMs = -1;
  readonly bytes: number[] = [];
  end: StreamEnd | undefined;
  endMs = 0;
  readonly #host: SimHost;
  readonly #keep: boolean;
  readonly #target = new Uint8Array(65536);

  constructor(host: SimHost, options: { readonly keep?: boolean } = {}) {
    this.#host = host;
    this.#keep = options.keep ?? false;
  }

  onOpen(): void {
    this.openedMs = this.#now();
  }

  readTarget(): Uint8Array {
    return this.#target;
  }

  onRead(length: number): void {
    this.byteLength += length;
    this.lastMs = this.#now();
    if (this.#keep) this.bytes.push(...this.#target.subarray(0, length));
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    this.end = end;
    this.endMs = this.#now();
  }

  #now(): number {
    return this.#host.runtime.clock.now();
  }
}

/** Accepts everything on {@link PORT}. */
export async function listenAll(host: SimHost, options: { readonly keep?: boolean } = {}): Promise<Sink[]> {
  const sinks: Sink[] = [];
  await host.runtime.network.listen({ host: '0.0.0.0', port: PORT }, (stream) => {
    const sink = new Sink(host, options);
    sink.stream = stream;
    sinks.push(sink);
    return sink;
  });
  return sinks;
}

export function dialFrom(host: SimHost, to: SimHost | Endpoint, timeoutMs = 60_000): Sink {
  const sink = new Sink(host);
  const at = 'address' in to ? { host: to.address, port: PORT } : to;
  sink.stream = host.runtime.network.connect(at, sink, { timeoutMs });
  return sink;
}
