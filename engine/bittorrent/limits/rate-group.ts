import type { Clock } from '../../runtime/port.ts';
import { TokenBucket } from './token-bucket.ts';

/** Bytes per second; 0: no limit. */
export interface RateLimits {
  readonly downLimit: number;
  readonly upLimit: number;
}

/** Limits that several torrents, or the peers of one, are under together. */
export class RateGroup {
  readonly down = new TokenBucket();
  readonly up = new TokenBucket();
  readonly #clock: Clock;
  readonly #members = new Set<() => void>();

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  get limits(): RateLimits {
    return { downLimit: this.down.bytesPerSec, upLimit: this.up.bytesPerSec };
  }

  /** Torrents with peers under it. */
  get memberCount(): number {
    return this.#members.size;
  }

  /** Takes effect at once. */
  set({ downLimit, upLimit }: RateLimits): void {
    const before = this.limits;
    if (before.downLimit === downLimit && before.upLimit === upLimit) return;
    const nowMs = this.#clock.now();
    this.down.setRate(downLimit, nowMs);
    this.up.setRate(upLimit, nowMs);
    for (const onChange of [...this.#members]) onChange();
  }

  /** `onChange` hears of every change; returns what ends that. */
  join(onChange: () => void): () => void {
    this.#members.add(onChange);
    return () => {
      this.#members.delete(onChange);
    };
  }
}
