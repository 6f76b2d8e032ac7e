/**
 * Bytes that TLS deciphered while nobody wanted them. A TLS socket that is told to stop still hands out all it has
 * read so far: as much as one read of the system, in records of 16 KiB. Also the first bytes of all, which may
 * come before their owner has been asked where to put them.
 */
export class TlsBacklog {
  readonly #chunks: Uint8Array[] = [];

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Keeps a copy. */
  keep(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
  }

  /** Moves bytes into `target`, as many as fit and are there; how many. */
  moveTo(target: Uint8Array): number {
    let moved = 0;
    while (moved < target.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!;
      const length = Math.min(chunk.length, target.length - moved);
      target.set(chunk.subarray(0, length), moved);
      moved += length;
      if (length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(length);
    }
    return moved;
  }

  clear(): void {
    this.#chunks.length = 0;
  }
}
