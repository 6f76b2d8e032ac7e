interface Write {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/** What was written to a stream and is not in packets yet, in order. */
export class WriteList {
  /** Bytes that wait. */
  byteLength = 0;
  private writes: Write[] = [];
  private head = 0;
  /** Bytes of the first write that are taken. */
  private taken = 0;
  private answers: Write[] = [];

  push(bytes: Uint8Array, written: ((ok: boolean) => void) | undefined): void {
    this.writes.push({ bytes, written });
    this.byteLength += bytes.length;
    if (bytes.length === 0) this.settle();
  }

  /** Copies the next `byteLength` bytes, which must be there, to `target` from `at` on. */
  take(target: Uint8Array, at: number, byteLength: number): void {
    let done = 0;
    while (done < byteLength) {
      const { bytes } = this.writes[this.head]!;
      const count = Math.min(byteLength - done, bytes.length - this.taken);
      const whole = count === bytes.length && this.taken === 0;
      target.set(whole ? bytes : bytes.subarray(this.taken, this.taken + count), at + done);
      this.taken += count;
      done += count;
      if (this.taken === bytes.length) this.settle();
    }
    this.byteLength -= byteLength;
  }

  /** Answers the writes that are wholly taken. Whether there were any. */
  answer(): boolean {
    if (this.answers.length === 0) return false;
    const answers = this.answers;
    this.answers = [];
    for (const { written } of answers) written?.(true);
    return true;
  }

  /** Drops what waits. Those who wrote it are told by {@link fail}. */
  drop(): void {
    this.byteLength = 0;
    this.taken = 0;
  }

  /** Answers all that is left, with false what was not taken. */
  fail(): void {
    this.answer();
    const writes = this.writes.splice(0).slice(this.head);
    this.head = 0;
    this.drop();
    for (const { written } of writes) written?.(false);
  }

  /** The first write, and empty ones behind it, are taken. */
  private settle(): void {
    for (;;) {
      const first = this.writes[this.head];
      if (first === undefined || first.bytes.length > this.taken) break;
      this.answers.push(first);
      this.head++;
      this.taken = 0;
    }
    if (this.head === this.writes.length) {
      this.writes = [];
      this.head = 0;
    } else if (this.head >= 256) {
      this.writes.splice(0, this.head);
      this.head = 0;
    }
  }
}
