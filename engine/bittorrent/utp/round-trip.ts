/** BEP 29: before anything was measured, and never less. */
const TIMEOUT_START_MS = 1000;
const TIMEOUT_MIN_MS = 500;
const TIMEOUT_MAX_MS = 60_000;

/** How long a packet and its acknowledgement take, and how long to wait for one before it counts as lost. */
export class RoundTrip {
  /** Smoothed; 0 before the first sample. */
  averageMs = 0;
  private variationMs = 0;
  private baseTimeoutMs = TIMEOUT_START_MS;
  private doublings = 0;

  /** BEP 29: rtt += (packet_rtt - rtt) / 8, rtt_var += (|delta| - rtt_var) / 4. Only of packets sent once. */
  sample(ms: number): void {
    if (this.averageMs === 0) {
      this.averageMs = ms;
      this.variationMs = ms / 2;
    } else {
      const delta = this.averageMs - ms;
      this.variationMs += (Math.abs(delta) - this.variationMs) / 4;
      this.averageMs += (ms - this.averageMs) / 8;
    }
    this.baseTimeoutMs = Math.max(TIMEOUT_MIN_MS, this.averageMs + 4 * this.variationMs);
  }

  /** BEP 29: max(rtt + rtt_var * 4, 500), doubled with each timeout in a row. */
  get timeoutMs(): number {
    return Math.min(TIMEOUT_MAX_MS, this.baseTimeoutMs * 2 ** this.doublings);
  }

  /** Timeouts in a row. */
  get timeouts(): number {
    return this.doublings;
  }

  onTimeout(): void {
    this.doublings++;
  }

  /** Something new was acknowledged. */
  onProgress(): void {
    this.doublings = 0;
  }
}
