import type { Endpoint } from '../../runtime/port.ts';

/** Somebody asked for a connection and has not shown yet that our answer reaches it. */
export interface HalfOpen {
  readonly remote: Endpoint;
  readonly receiveId: number;
  readonly sendId: number;
  /** Ours, drawn by chance: who acknowledges it has seen our answer. */
  readonly seq: number;
  /** The peer's. */
  readonly ack: number;
  readonly longestBytes: number;
  readonly bornMs: number;
}

/** Honest peers go on within a few round trips, or after one more try. */
const AGE_MS_MAX = 15_000;

/** Requests that may become connections; when there are too many the oldest is forgotten. */
export class HalfOpenTable {
  private readonly lengthMax: number;
  private readonly entries = new Map<string, HalfOpen>();

  constructor(options: { readonly lengthMax: number }) {
    this.lengthMax = options.lengthMax;
  }

  get size(): number {
    return this.entries.size;
  }

  add(entry: HalfOpen): void {
    const key = keyOf(entry.remote, entry.receiveId);
    if (this.entries.size >= this.lengthMax && !this.entries.has(key)) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(key, entry);
  }

  find(remote: Endpoint, receiveId: number, nowMs: number): HalfOpen | undefined {
    if (this.entries.size === 0) return undefined;
    const entry = this.entries.get(keyOf(remote, receiveId));
    return entry !== undefined && nowMs - entry.bornMs <= AGE_MS_MAX ? entry : undefined;
  }

  remove(entry: HalfOpen): void {
    this.entries.delete(keyOf(entry.remote, entry.receiveId));
  }

  clear(): void {
    this.entries.clear();
  }
}

function keyOf(remote: Endpoint, receiveId: number): string {
  return `${remote.host} ${remote.port} ${receiveId}`;
}
