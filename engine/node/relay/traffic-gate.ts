import {
  refillTokens,
  setTokenRate,
  spendTokens,
  type TokenBucket,
  tokenBucket,
  waitForTokensMs,
} from '../../onion/flow/token-bucket.ts';
import type { Clock, Timer } from '../../runtime/port.ts';

/** What the gate asks of a stream that waits. */
export interface GatedStream {
  /** Sends one waiting write, which calls {@link TrafficGate.countSent}. True: more are waiting. */
  sendOne(): boolean;
  /** Reads again. */
  goOn(): void;
}

export interface TrafficRate {
  readonly bytesPerSec: number;
  readonly burstBytes: number;
}

/** While streams wait they are looked at this often at most. */
const TICK_MS = 10;

/**
 * Counts what a relay moves and, where there is a limit, lets no more through. Each direction has its own bucket, as
 * in C tor (BandwidthRate, BandwidthBurst). Streams that wait take turns, one write or read each.
 */
export class TrafficGate {
  receivedBytes = 0;
  sentBytes = 0;
  /** Times that a stream had to wait, by direction. */
  heldReads = 0;
  heldWrites = 0;
  readonly #clock: Clock;
  #in: TokenBucket | undefined;
  #out: TokenBucket | undefined;
  readonly #receivers = new Set<GatedStream>();
  readonly #senders = new Set<GatedStream>();
  #timer: Timer | undefined;

  /** `rate` undefined: count only. */
  constructor(options: { readonly rate: TrafficRate | undefined }, modules: { readonly clock: Clock }) {
    const { rate } = options;
    this.#clock = modules.clock;
    const nowMs = this.#clock.now();
    this.#in = rate && tokenBucket(rate.bytesPerSec, rate.burstBytes, nowMs);
    this.#out = rate && tokenBucket(rate.bytesPerSec, rate.burstBytes, nowMs);
  }

  /** Another limit; undefined: none from now on. */
  setRate(rate: TrafficRate | undefined): void {
    const nowMs = this.#clock.now();
    const renew = (bucket: TokenBucket | undefined): TokenBucket | undefined => {
      if (rate === undefined) return undefined;
      const { bytesPerSec, burstBytes } = rate;
      if (bucket === undefined) return tokenBucket(bytesPerSec, burstBytes, nowMs);
      setTokenRate(bucket, bytesPerSec, burstBytes, nowMs);
      return bucket;
    };
    this.#in = renew(this.#in);
    this.#out = renew(this.#out);
    if (rate === undefined) this.#turn();
  }

  /** Streams that wait for their turn. */
  get waiting(): number {
    return this.#receivers.size + this.#senders.size;
  }

  /** Counts bytes that were read. False: no further ones for now. */
  countReceived(byteLength: number): boolean {
    this.receivedBytes += byteLength;
    if (this.#in === undefined) return true;
    spendTokens(this.#in, byteLength);
    return refillTokens(this.#in, this.#clock.now()) > 0;
  }

  /** Counts the bytes when they may go now. */
  maySend(byteLength: number): boolean {
    if (this.#out !== undefined) {
      if (this.#senders.size > 0 || refillTokens(this.#out, this.#clock.now()) <= 0) return false;
      spendTokens(this.#out, byteLength);
    }
    this.sentBytes += byteLength;
    return true;
  }

  /** Counts the bytes of {@link GatedStream.sendOne}. */
  countSent(byteLength: number): void {
    this.sentBytes += byteLength;
    if (this.#out !== undefined) spendTokens(this.#out, byteLength);
  }

  waitToReceive(stream: GatedStream): void {
    this.heldReads += 1;
    this.#receivers.add(stream);
    this.#wake();
  }

  waitToSend(stream: GatedStream): void {
    if (!this.#senders.has(stream)) this.heldWrites += 1;
    this.#senders.add(stream);
    this.#wake();
  }

  /** The stream is gone. */
  forget(stream: GatedStream): void {
    this.#receivers.delete(stream);
    this.#senders.delete(stream);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wake(): void {
    if (this.#timer !== undefined || this.waiting === 0) return;
    const nowMs = this.#clock.now();
    const waitMs = Math.min(
      this.#receivers.size > 0 && this.#in !== undefined
        ? waitForTokensMs(this.#in, 1, nowMs)
        : Number.POSITIVE_INFINITY,
      this.#senders.size > 0 && this.#out !== undefined
        ? waitForTokensMs(this.#out, 1, nowMs)
        : Number.POSITIVE_INFINITY,
    );
    this.#timer = this.#clock.setTimer(Math.max(TICK_MS, waitMs), () => {
      this.#timer = undefined;
      this.#turn();
      this.#wake();
    });
  }

  #turn(): void {
    const nowMs = this.#clock.now();
    for (const stream of [...this.#receivers]) {
      if (this.#in !== undefined && refillTokens(this.#in, nowMs) <= 0) break;
      this.#receivers.delete(stream);
      stream.goOn();
    }
    while (this.#senders.size > 0 && (this.#out === undefined || refillTokens(this.#out, nowMs) > 0)) {
      const [stream] = this.#senders;
      if (stream === undefined) return;
      this.#senders.delete(stream);
      if (stream.sendOne()) this.#senders.add(stream);
    }
  }
}
