import { TURN_BYTES_MAX } from './gates.ts';
import type { TokenBucket } from './token-bucket.ts';

/** The limits that one torrent is under in one direction; its peers' gates look here. */
export class LimitPath {
  /** Each is limited. Empty: no limit. */
  buckets: readonly TokenBucket[] = [];
  /** What one turn brings, as the highest of the limits says: so peers under further limits have turns as long. */
  turnBytes = TURN_BYTES_MAX;
  /** What one read brings at most, as the lowest of them says. */
  stepBytes = TURN_BYTES_MAX;

  get isLimited(): boolean {
    return this.buckets.length > 0;
  }

  /** All buckets of the path, or their rates, are other ones. */
  set(buckets: readonly TokenBucket[]): void {
    this.buckets = buckets.filter(({ bytesPerSec }) => bytesPerSec > 0);
    const turns = this.buckets.map(({ turnBytes }) => turnBytes);
    this.turnBytes = Math.max(...turns);
    this.stepBytes = Math.min(...turns);
  }

  /** The bucket that lets nothing through now; undefined: all do. */
  blockedBy(nowMs: number): TokenBucket | undefined {
    return this.buckets.find((bucket) => bucket.waitMs(nowMs) > 0);
  }

  /** How much of `wantedBytes` may go at once, after {@link blockedBy} has named none: what was saved, a turn at least. */
  allowance(wantedBytes: number): number {
    let bytes = wantedBytes;
    for (const { tokens, turnBytes } of this.buckets) bytes = Math.min(bytes, Math.max(turnBytes, tokens));
    return bytes;
  }

  /** Whether a turn that has begun may go on: no limit is overdrawn by a whole turn. */
  mayGoOn(nowMs: number): boolean {
    return this.buckets.every((bucket) => bucket.waitMs(nowMs) === 0 || bucket.tokens > -bucket.turnBytes);
  }

  /** Negative: gives back. */
  spend(byteLength: number): void {
    for (const bucket of this.buckets) bucket.spend(byteLength);
  }
}
