import type { Lease } from '../../kernels/lease.ts';
import type { ByteStream } from '../../runtime/port.ts';
import { GATHER_BYTES, type GatherBuffers } from './gather-buffers.ts';

/** Ranges from here on are sent from where they lie; shorter ones are gathered by copying. */
const DIRECT_BYTES_MIN = 4096;
/** What is gathered with no buffer at hand goes out in parts of this size: a TLS record. */
const PART_BYTES = 16384;

/** A part of the slab to be sent, or small bytes of our own. */
interface Pending {
  lease: Lease | undefined;
  bytes: Uint8Array;
  start: number;
  end: number;
}

/**
 * Sends ranges of the slab and small cells of ours, in order. Neighbours become one range; long ranges go out as they
 * lie, short ones are copied together, for a write of one cell costs a multiple of a write of thirty.
 */
export class CellSender {
  readonly #slab: Uint8Array;
  readonly #buffers: GatherBuffers;
  readonly #stream: () => ByteStream | undefined;
  readonly #onSent: () => void;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #unsentBytes = 0;
  #closed = false;

  constructor(modules: {
    readonly slab: Uint8Array;
    readonly buffers: GatherBuffers;
    readonly stream: () => ByteStream | undefined;
    /** Something has been taken by the system. */
    readonly onSent: () => void;
  }) {
    this.#slab = modules.slab;
    this.#buffers = modules.buffers;
    this.#stream = modules.stream;
    this.#onSent = modules.onSent;
  }

  /** Bytes given and not yet taken by the system. */
  get queuedBytes(): number {
    return this.#pendingBytes + this.#unsentBytes;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Holds the lease for as long as the bytes are needed. */
  addRange(lease: Lease, offset: number, byteLength: number): void {
    if (this.#closed) return;
    this.#pendingBytes += byteLength;
    const last = this.#pending.at(-1);
    if (last !== undefined && last.lease === lease && last.end === offset) {
      last.end += byteLength;
      return;
    }
    this.#pending.push({ lease: lease.retain(), bytes: this.#slab, start: offset, end: offset + byteLength });
  }

  /** Small bytes that nobody changes any more. */
  addBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#pendingBytes += bytes.length;
    this.#pending.push({ lease: undefined, bytes, start: 0, end: bytes.length });
  }

  /** Writes all that is there. */
  flush(): void {
    const stream = this.#stream();
    const pending = this.#pending;
    if (stream === undefined || pending.length === 0) return;
    this.#pending = [];
    const corks = pending.length > 1;
    if (corks) stream.cork();
    for (let at = 0; at < pending.length; ) at = this.#writeSome(stream, pending, at);
    if (corks) stream.uncork();
  }

  /** Lets go of what is not written; writes under way still answer. */
  close(): void {
    this.#closed = true;
    for (const { lease } of this.#pending) lease?.release();
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #writeRange(stream: ByteStream, range: Pending): void {
    const { lease, bytes, start, end } = range;
    this.#write(stream, bytes.subarray(start, end), lease, undefined);
  }

  /** Writes the range `first`, copied together with those behind it if they are short; the next that was not taken. */
  #writeSome(stream: ByteStream, pending: readonly Pending[], first: number): number {
    // A buffer only where the peer keeps up: it may wait as long as a peer likes.
    const isFast =
      this.#unsentBytes === 0 && this.#pendingBytes >= DIRECT_BYTES_MIN && pending.length > first + 1;
    const buffer = isFast ? this.#buffers.take() : undefined;
    const totalMax = buffer === undefined ? PART_BYTES : GATHER_BYTES;
    let end = first;
    let total = 0;
    while (end < pending.length) {
      const length = pending[end]!.end - pending[end]!.start;
      if (length >= DIRECT_BYTES_MIN || total + length > totalMax) break;
      total += length;
      end++;
    }
    if (end <= first + 1) {
      if (buffer !== undefined) this.#buffers.give(buffer);
      this.#writeRange(stream, pending[first]!);
      return first + 1;
    }
    const target = buffer ?? new Uint8Array(total);
    let at = 0;
    for (let i = first; i < end; i++) {
      const { lease, bytes, start, end: stop } = pending[i]!;
      target.set(bytes.subarray(start, stop), at);
      at += stop - start;
      lease?.release();
    }
    this.#write(stream, target.subarray(0, total), undefined, buffer);
    return end;
  }

  #write(
    stream: ByteStream,
    bytes: Uint8Array,
    lease: Lease | undefined,
    buffer: Uint8Array | undefined,
  ): void {
    const { length } = bytes;
    this.#pendingBytes -= length;
    this.#unsentBytes += length;
    stream.write(bytes, () => {
      this.#unsentBytes -= length;
      lease?.release();
      if (buffer !== undefined) this.#buffers.give(buffer);
      if (!this.#closed) this.#onSent();
    });
  }
}
