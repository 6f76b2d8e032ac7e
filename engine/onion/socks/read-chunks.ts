/** What a read can bring at most. */
export const CHUNK_BYTES = 16_384;
/** With less room than this a new chunk is begun. */
const ROOM_BYTES_MIN = 2048;
/** Chunks kept for the next who reads. */
const FREE_CHUNKS_MAX = 256;

interface Chunk {
  readonly bytes: Uint8Array;
  /** Parts of it that somebody still needs. */
  holds: number;
  end: number;
}

/** Memory that all connections of a proxy read into, a chunk at a time; what nobody needs is used again. */
export class ChunkPool {
  readonly #free: Chunk[] = [];

  get freeCount(): number {
    return this.#free.length;
  }

  take(): Chunk {
    const chunk = this.#free.pop() ?? { bytes: new Uint8Array(CHUNK_BYTES), holds: 0, end: 0 };
    chunk.end = 0;
    return chunk;
  }

  giveBack(chunk: Chunk): void {
    if (this.#free.length < FREE_CHUNKS_MAX) this.#free.push(chunk);
  }
}

/**
 * What one connection reads into. Bytes stay where they were read until whoever got them by {@link take} lets go, so
 * that they need not be copied on their way into cells.
 */
export class ReadChunks {
  readonly #pool: ChunkPool;
  #current: Chunk | undefined;
  #lentAt = 0;
  #isClosed = false;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  /** Where the next read shall go. */
  target(): Uint8Array {
    let chunk = this.#current;
    if (chunk === undefined || (chunk.holds > 0 && chunk.bytes.length - chunk.end < ROOM_BYTES_MIN)) {
      // The one before comes back when its last part is let go of.
      chunk = this.#pool.take();
      this.#current = chunk;
    }
    if (chunk.holds === 0) chunk.end = 0;
    this.#lentAt = chunk.end;
    return chunk.bytes.subarray(this.#lentAt);
  }

  /** The first `length` bytes of the last target; they stay as they are until `release` is called. */
  take(length: number): { readonly bytes: Uint8Array; readonly release: () => void } {
    const chunk = this.#current!;
    const bytes = chunk.bytes.subarray(this.#lentAt, this.#lentAt + length);
    chunk.end = this.#lentAt + length;
    chunk.holds += 1;
    return { bytes, release: () => this.#release(chunk) };
  }

  /** Nothing is read any more. */
  close(): void {
    this.#isClosed = true;
    const chunk = this.#current;
    this.#current = undefined;
    if (chunk !== undefined && chunk.holds === 0) this.#pool.giveBack(chunk);
  }

  #release(chunk: Chunk): void {
    chunk.holds -= 1;
    if (chunk.holds === 0 && (chunk !== this.#current || this.#isClosed)) this.#pool.giveBack(chunk);
  }
}
