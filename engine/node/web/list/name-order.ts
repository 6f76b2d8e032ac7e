import type { Columns } from './columns.ts';

/** The slots of all rows in the order of their names, kept by merging in what is new. */
export class NameOrder {
  readonly #columns: Columns;
  readonly #pending = new Set<number>();
  #order = new Uint32Array(0);
  /** The key a slot was put in its place with. */
  readonly #keys: (string | undefined)[] = [];

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** The row of `slot` is new, or has another name, or is gone. */
  note(slot: number): void {
    const key = this.#columns.isUsed(slot) ? this.#columns.key[slot] : undefined;
    if (this.#keys[slot] !== key) this.#pending.add(slot);
  }

  clear(): void {
    this.#pending.clear();
    this.#keys.length = 0;
    this.#order = new Uint32Array(0);
  }

  /** Valid until the next call. */
  slots(): Uint32Array {
    if (this.#pending.size > 0) this.#merge();
    return this.#order;
  }

  #merge(): void {
    const { key } = this.#columns;
    const pending = this.#pending;
    const fresh = [...pending].filter((slot) => this.#columns.isUsed(slot));
    fresh.sort((a, b) => (key[a]! < key[b]! ? -1 : key[a]! > key[b]! ? 1 : a - b));
    const kept = this.#order.filter((slot) => !pending.has(slot));
    const merged = new Uint32Array(kept.length + fresh.length);
    let [left, right] = [0, 0];
    for (let at = 0; at < merged.length; at++) {
      const isLeft =
        right === fresh.length || (left < kept.length && key[kept[left]!]! <= key[fresh[right]!]!);
      merged[at] = isLeft ? kept[left++]! : fresh[right++]!;
    }
    for (const slot of pending) this.#keys[slot] = undefined;
    for (const slot of fresh) this.#keys[slot] = key[slot];
    pending.clear();
    this.#order = merged;
  }
}
