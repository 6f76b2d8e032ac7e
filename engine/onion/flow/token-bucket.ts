/** A rate with a burst. Tokens are bytes, circuits or whatever is counted. */
export interface TokenBucket {
  ratePerSec: number;
  burst: number;
  /** May be negative after a {@link spendTokens} of more than there was. */
  tokens: number;
  /** When it was filled last, milliseconds. */
  filledMs: number;
}

/** A full bucket. */
export function tokenBucket(ratePerSec: number, burst: number, nowMs: number): TokenBucket {
  return { ratePerSec, burst, tokens: burst, filledMs: nowMs };
}

/** Fills it for the time that has gone by; a clock that went backwards fills nothing. Gives the tokens there are. */
export function refillTokens(bucket: TokenBucket, nowMs: number): number {
  const passedMs = nowMs - bucket.filledMs;
  bucket.filledMs = nowMs;
  if (passedMs > 0) {
    bucket.tokens = Math.min(bucket.burst, bucket.tokens + (passedMs * bucket.ratePerSec) / 1000);
  }
  return bucket.tokens;
}

/** Takes `count` if they are there. */
export function takeTokens(bucket: TokenBucket, count: number, nowMs: number): boolean {
  if (refillTokens(bucket, nowMs) < count) return false;
  bucket.tokens -= count;
  return true;
}

/** Takes `count` whether they are there or not: for bytes that have already been moved. */
export function spendTokens(bucket: TokenBucket, count: number): void {
  bucket.tokens -= count;
}

/** Milliseconds until `count` tokens are there; 0: now; Infinity: never, it is more than the burst. */
export function waitForTokensMs(bucket: TokenBucket, count: number, nowMs: number): number {
  const missing = count - refillTokens(bucket, nowMs);
  if (missing <= 0) return 0;
  return count > bucket.burst ? Number.POSITIVE_INFINITY : (missing * 1000) / bucket.ratePerSec;
}

/** Another rate and burst, from a configuration that was read again or an XON; tokens above the burst are lost. */
export function setTokenRate(bucket: TokenBucket, ratePerSec: number, burst: number, nowMs: number): void {
  refillTokens(bucket, nowMs);
  bucket.ratePerSec = ratePerSec;
  bucket.burst = burst;
  bucket.tokens = Math.min(bucket.tokens, burst);
}

/** The limits of a relay for one direction, bytes; the relayed part may have tighter ones of its own. */
export interface RateLimits {
  readonly all: TokenBucket;
  readonly relayed: TokenBucket | undefined;
}

/**
 * How many bytes may be moved now, at most `wantedBytes`, in whole cells where there are several. Does not take them.
 * `isRelayed`: traffic of others rather than of the operator.
 */
export function allowedBytes(
  limits: RateLimits,
  wantedBytes: number,
  isRelayed: boolean,
  nowMs: number,
): number {
  const all = refillTokens(limits.all, nowMs);
  const relayed =
    isRelayed && limits.relayed !== undefined
      ? refillTokens(limits.relayed, nowMs)
      : Number.POSITIVE_INFINITY;
  const allowed = Math.min(wantedBytes, Math.floor(Math.max(0, Math.min(all, relayed))));
  return allowed > CELL_BYTES && allowed < wantedBytes ? allowed - (allowed % CELL_BYTES) : allowed;
}

/** A fixed cell on the wire. */
const CELL_BYTES = 514;

/** `byteCount` bytes were moved. */
export function spendBytes(limits: RateLimits, byteCount: number, isRelayed: boolean): void {
  spendTokens(limits.all, byteCount);
  if (isRelayed && limits.relayed !== undefined) spendTokens(limits.relayed, byteCount);
}
