/** Which rows are chosen, and the one that the keyboard is at. By info-hash, so that it survives sorting. */
export class Selection {
  readonly chosen = new Set<string>();
  cursor = '';
  /** Raised whenever the cursor is put somewhere, be it where it is: it is to be seen then. */
  moves = 0;
  #anchor = '';

  /** Only this one. */
  choose(infoHash: string): void {
    this.chosen.clear();
    this.chosen.add(infoHash);
    this.cursor = infoHash;
    this.moves++;
    this.#anchor = infoHash;
  }

  toggle(infoHash: string): void {
    if (!this.chosen.delete(infoHash)) this.chosen.add(infoHash);
    this.cursor = infoHash;
    this.moves++;
    this.#anchor = infoHash;
  }

  /** Moves the cursor and chooses nothing. */
  point(infoHash: string): void {
    this.cursor = infoHash;
    this.moves++;
  }

  /** All between where it began and here; `order` is the list as it is shown. */
  extend(infoHash: string, order: readonly string[]): void {
    const from = order.indexOf(this.#anchor);
    const to = order.indexOf(infoHash);
    this.chosen.clear();
    const first = Math.min(from === -1 ? to : from, to);
    for (const some of order.slice(first, Math.max(from, to) + 1)) this.chosen.add(some);
    this.cursor = infoHash;
    this.moves++;
    if (from === -1) this.#anchor = infoHash;
  }

  all(order: readonly string[]): void {
    for (const infoHash of order) this.chosen.add(infoHash);
  }

  clear(): void {
    this.chosen.clear();
  }

  /** Rows that are gone are no longer chosen. */
  keep(isThere: (infoHash: string) => boolean): void {
    for (const infoHash of this.chosen) if (!isThere(infoHash)) this.chosen.delete(infoHash);
    if (!isThere(this.cursor)) this.cursor = '';
  }
}
