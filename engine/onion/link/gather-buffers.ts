/** Bytes of a buffer: what a busy link sends in one turn of the event loop. */
export const GATHER_BYTES = 128 * 1024;
/** Links that are busy in one turn need one each. */
const BUFFERS_MAX = 8;

/**
 * Memory for cells that are copied together to be sent, used again and again: new memory for each write would have
 * to be cleared and collected. There is so little of it that links whose peers do not read cannot take much.
 */
export class GatherBuffers {
  readonly #free: Uint8Array[] = [];
  #made = 0;

  /** {@link GATHER_BYTES} bytes, to be given back when they are written; undefined: all 8 are in use. */
  take(): Uint8Array | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === BUFFERS_MAX) return free;
    this.#made++;
    return new Uint8Array(GATHER_BYTES);
  }

  /** What {@link take} handed out, once. */
  give(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}
