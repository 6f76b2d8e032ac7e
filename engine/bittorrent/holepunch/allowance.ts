/** How often each peer may have something done: some at once, and then one in each interval. */
export class Allowance {
  private readonly options: { readonly burst: number; readonly intervalMs: number };
  private readonly left = new Map<number, { count: number; sinceMs: number }>();

  constructor(options: { readonly burst: number; readonly intervalMs: number }) {
    this.options = options;
  }

  /** Peers that it remembers; bounded by the peers there are, as {@link gone} is called for each. */
  get size(): number {
    return this.left.size;
  }

  /** Whether it may be done now; if so, it counts. */
  take(peer: number, nowMs: number): boolean {
    const { burst, intervalMs } = this.options;
    const entry = this.left.get(peer) ?? { count: burst, sinceMs: nowMs };
    this.left.set(peer, entry);
    const gained = Math.floor((nowMs - entry.sinceMs) / intervalMs);
    entry.count = Math.min(burst, entry.count + gained);
    entry.sinceMs += gained * intervalMs;
    if (entry.count === 0) return false;
    entry.count--;
    return true;
  }

  gone(peer: number): void {
    this.left.delete(peer);
  }
}
