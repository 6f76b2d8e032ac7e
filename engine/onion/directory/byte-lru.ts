/** Values by name, up to a number of bytes; beyond it those go that were not asked for the longest. */
export class ByteLru<Value> {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, { readonly value: Value; readonly byteLength: number }>();
  #byteLength = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The value, which now counts as asked for. */
  get(name: string): Value | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry.value;
  }

  /** Puts a value in, in place of one of the same name. False when it alone is too long. */
  set(name: string, value: Value, byteLength: number): boolean {
    if (byteLength > this.#bytesMax) return false;
    this.delete(name);
    this.#entries.set(name, { value, byteLength });
    this.#byteLength += byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#byteLength <= this.#bytesMax) break;
      this.delete(oldest);
    }
    return true;
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#byteLength -= entry.byteLength;
  }

  /** All values, the one asked for the longest ago first. None counts as asked for by this. */
  *values(): IterableIterator<Value> {
    for (const { value } of this.#entries.values()) yield value;
  }
}
