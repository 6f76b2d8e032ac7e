/** RFC 6817, BASE_HISTORY: BEP 29 asks for two minutes at least; a longer memory drifts less in a standing queue. */
const MINUTES = 10;
const MINUTE_MS = 60_000;
/** RFC 6817, CURRENT_FILTER: one late packet is no queue. */
const RECENT = 4;

/**
 * What the delays of our packets say about queues on the way. The two clocks are not in step, so only differences
 * count: the least delay of the last minutes is the path alone (BEP 29, base_delay), what is above it is queue.
 */
export class DelayHistory {
  private readonly baseUs = new Uint32Array(MINUTES);
  private readonly longestMs = new Float64Array(MINUTES);
  private readonly recentMs = new Float64Array(RECENT);
  private minutes = 0;
  private minute = 0;
  private minuteEndMs = 0;
  private samples = 0;

  /** Takes the delay that the peer measured on our packet; 32 bits that go round. */
  add(delayUs: number, nowMs: number): void {
    if (this.minutes === 0 || nowMs >= this.minuteEndMs) this.beginMinute(delayUs, nowMs);
    else if (isLess(delayUs, this.baseUs[this.minute]!)) this.baseUs[this.minute] = delayUs;
    const queueMs = Math.max(0, (delayUs - this.base()) | 0) / 1000;
    this.recentMs[this.samples % RECENT] = queueMs;
    this.samples++;
    // Of what the filter lets through: a single late packet must not stand for a full queue.
    const current = this.currentMs;
    if (current > this.longestMs[this.minute]!) this.longestMs[this.minute] = current;
  }

  /** The queue now: the least of the last samples. */
  get currentMs(): number {
    const known = Math.min(this.samples, RECENT);
    let least = known === 0 ? 0 : Infinity;
    for (let i = 0; i < known; i++) least = Math.min(least, this.recentMs[i]!);
    return least;
  }

  /** The longest queue of the last minutes. */
  get longestQueueMs(): number {
    let longest = 0;
    for (let i = 0; i < this.minutes; i++) longest = Math.max(longest, this.longestMs[i]!);
    return longest;
  }

  private base(): number {
    let base = this.baseUs[0]!;
    for (let i = 1; i < this.minutes; i++) if (isLess(this.baseUs[i]!, base)) base = this.baseUs[i]!;
    return base;
  }

  private beginMinute(delayUs: number, nowMs: number): void {
    this.minute = this.minutes === 0 ? 0 : (this.minute + 1) % MINUTES;
    this.minutes = Math.min(MINUTES, Math.max(this.minutes, this.minute + 1));
    this.minuteEndMs = nowMs + MINUTE_MS;
    this.baseUs[this.minute] = delayUs;
    this.longestMs[this.minute] = 0;
  }
}

/** Of two delays that go round. */
function isLess(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
