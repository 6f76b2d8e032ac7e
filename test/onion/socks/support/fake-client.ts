import { AlliumError } from '../../../../engine/codec/error.ts';
import type { Slab } from '../../../../engine/kernels/slab.ts';
import { SLOT_BYTES } from '../../../../engine/kernels/types.ts';
import type {
  OnionAddress,
  OnionStream,
  OnionStreamHandler,
  StreamReason,
  StreamRequest,
} from '../../../../engine/onion/client/types.ts';
import type { ProxyClient } from '../../../../engine/onion/socks/proxy-types.ts';

/** A stream of the network as a test wants it: nothing happens unless it says so. */
export class FakeStream implements OnionStream {
  readonly host: string;
  readonly port: number;
  readonly isolation: string;
  /** What has left towards the exit. */
  readonly sent: number[] = [];
  sentBytes = 0;
  queuedBytes = 0;
  queuedBytesPeak = 0;
  consumedBytes = 0;
  state: 'waiting' | 'open' | 'ending' | 'closed' = 'waiting';
  readonly #queue: { bytes: Uint8Array; written: ((ok: boolean) => void) | undefined }[] = [];
  readonly #handler: OnionStreamHandler;
  readonly #slab: Slab;

  constructor(request: StreamRequest, handler: OnionStreamHandler, slab: Slab) {
    this.host = request.host;
    this.port = request.port;
    this.isolation = request.isolation;
    this.#handler = handler;
    this.#slab = slab;
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.state === 'closed' || this.state === 'ending') {
      written?.(false);
      return;
    }
    this.#queue.push({ bytes, written });
    this.queuedBytes += bytes.length;
    this.queuedBytesPeak = Math.max(this.queuedBytesPeak, this.queuedBytes);
  }

  consumed(byteLength: number): void {
    this.consumedBytes += byteLength;
  }

  end(): void {
    if (this.state !== 'open') this.destroy();
    else this.state = 'ending';
    this.#finishEnding();
  }

  destroy(): void {
    this.#close('closed', 'closed');
  }

  /** The exit is connected. */
  open(): void {
    this.state = 'open';
    this.#handler.onOpen(undefined);
  }

  /** Puts whole writes of at least `byteLength` bytes together into cells, or as much as there is. */
  drain(byteLength = Number.POSITIVE_INFINITY): void {
    for (let left = byteLength; left > 0 && this.#queue.length > 0; ) {
      const { bytes, written } = this.#queue.shift()!;
      for (const byte of bytes) this.sent.push(byte);
      this.sentBytes += bytes.length;
      this.queuedBytes -= bytes.length;
      left -= bytes.length;
      written?.(true);
    }
    if (this.queuedBytes === 0 && this.state === 'open') this.#handler.onDrain();
    this.#finishEnding();
  }

  /** Data comes from the exit. */
  deliver(bytes: Uint8Array): void {
    const lease = this.#slab.tryLease(Math.ceil(bytes.length / SLOT_BYTES), 'cells of a test')!;
    const place = this.#slab.bytes.subarray(lease.offset, lease.offset + bytes.length);
    place.set(bytes);
    this.#handler.onData(place, lease);
    lease.release();
  }

  /** The other end says that it is over. */
  gone(reason: StreamReason): void {
    this.#close(reason === 'done' && this.state !== 'waiting' ? 'ended' : 'failed', reason);
  }

  #finishEnding(): void {
    if (this.state === 'ending' && this.#queue.length === 0) this.#close('closed', 'closed');
  }

  #close(kind: 'ended' | 'closed' | 'failed', reason: StreamReason): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    for (const { written } of this.#queue.splice(0)) written?.(false);
    this.queuedBytes = 0;
    this.#handler.onClose({ kind, reason });
  }
}

/** A client without a network behind it. */
export class FakeClient implements ProxyClient {
  readonly streams: FakeStream[] = [];
  readonly lookups: { readonly name: string; readonly isolation: string }[] = [];
  /** Answers of look-ups, by name; names without are `resolveFailed`. */
  readonly names = new Map<string, readonly OnionAddress[]>();
  readonly #slab: Slab;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  openStream(request: StreamRequest, handler: OnionStreamHandler): OnionStream {
    const stream = new FakeStream(request, handler, this.#slab);
    this.streams.push(stream);
    return stream;
  }

  async resolve(name: string, isolation = ''): Promise<readonly OnionAddress[]> {
    this.lookups.push({ name, isolation });
    const found = this.names.get(name);
    if (found !== undefined) return found;
    throw new AlliumError('NETWORK_FAILED', 'no such name', { details: { reason: 'resolveFailed' } });
  }

  /** The stream that was asked for last. */
  get last(): FakeStream {
    return this.streams.at(-1)!;
  }
}
