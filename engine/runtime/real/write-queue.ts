/**
 * The writes of one stream that the system has not taken yet, oldest first. Node answers writes in order, so one
 * callback for all of them is enough (no closure per write), and whatever is left when the stream dies is
 * answered from here: exactly once each.
 */
export class WriteQueue {
  readonly #lengths: number[] = [];
  readonly #callbacks: (((ok: boolean) => void) | undefined)[] = [];
  #head = 0;
  /** Bytes written and not yet taken. */
  bytes = 0;

  /** With those that are answered and not yet forgotten: 1,024 at most. */
  get storedWrites(): number {
    return this.#lengths.length;
  }

  push(length: number, written: ((ok: boolean) => void) | undefined): void {
    this.#lengths.push(length);
    this.#callbacks.push(written);
    this.bytes += length;
  }

  /** Answers the oldest write; without one does nothing. */
  settle(ok: boolean): void {
    const at = this.#head;
    if (at === this.#lengths.length) return;
    const written = this.#callbacks[at];
    this.bytes -= this.#lengths[at]!;
    this.#callbacks[at] = undefined;
    this.#head = at + 1;
    if (this.#head === this.#lengths.length) this.#reset();
    else if (this.#head >= 1024) this.#compact();
    written?.(ok);
  }

  /** The stream is dead: answers all with false. */
  fail(): void {
    while (this.#lengths.length > 0) this.settle(false);
  }

  #reset(): void {
    this.#lengths.length = 0;
    this.#callbacks.length = 0;
    this.#head = 0;
  }

  #compact(): void {
    this.#lengths.splice(0, this.#head);
    this.#callbacks.splice(0, this.#head);
    this.#head = 0;
  }
}
