interface Waiting {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/** What an owner has written and what is not in cells yet. Bytes stay where they are until they are copied into a cell. */
export class WriteBacklog {
  readonly #waiting: Waiting[] = [];
  /** Of the first. */
  #at = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(bytes: Uint8Array, written: ((ok: boolean) => void) | undefined): void {
    this.#waiting.push({ bytes, written });
    this.#byteLength += bytes.length;
  }

  /** Copies the next `byteLength` bytes, of which there must be as many, to `out` at `at`. */
  take(out: Uint8Array, at: number, byteLength: number): void {
    const done: Waiting[] = [];
    const end = at + byteLength;
    this.#byteLength -= byteLength;
    for (let to = at; to < end; ) {
      const { bytes } = this.#waiting[0]!;
      const part = Math.min(end - to, bytes.length - this.#at);
      out.set(bytes.subarray(this.#at, this.#at + part), to);
      to += part;
      this.#at += part;
      if (this.#at === bytes.length) this.#finishFirst(done);
    }
    // Empty writes are done as soon as those before them are.
    while (this.#waiting[0]?.bytes.length === 0) this.#finishFirst(done);
    // Last, because whoever hears of it may write or drop.
    for (const { written } of done) written?.(true);
  }

  /** Nothing of the rest will be sent. */
  drop(): void {
    this.#byteLength = 0;
    this.#at = 0;
    for (const { written } of this.#waiting.splice(0)) written?.(false);
  }

  #finishFirst(done: Waiting[]): void {
    done.push(this.#waiting.shift()!);
    this.#at = 0;
  }
}
