import { truncate } from '../../codec/text.ts';
import { formatBytes, formatDuration, formatPercent, formatRate } from '../../codec/units.ts';

const REDRAW_MS = 100;
const ERASE_LINE = '\r\x1b[2K';
/** The rate shown forgets half of the past in this time. */
const HALF_LIFE_MS = 3_000;

/** What a progress line is written to: standard error, or a stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that is drawn over again, on a terminal only. Elsewhere every call does nothing. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: ProgressStream = process.stderr, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Whether anything will be drawn at all. */
  get active(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Draws what `text` returns, at most ten times a second. */
  update(text: () => string): void {
    if (!this.active) return;
    const now = this.#now();
    if (now - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = now;
    this.#shown = true;
    this.#stream.write(ERASE_LINE + truncate(text(), (this.#stream.columns || 80) - 1));
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#shown) this.#stream.write(ERASE_LINE);
    this.#shown = false;
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** A rate that is smooth to look at: an average that forgets. */
export class RateMeter {
  readonly #now: () => number;
  #lastMs: number;
  #lastBytes: number;
  #bytesPerMs = 0;
  #weight = 0;

  /** `startBytes`: what was there before, which does not count. */
  constructor(startBytes = 0, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastMs = now();
    this.#lastBytes = startBytes;
  }

  /** Tells it how many bytes are done by now; returns bytes per second. */
  sample(doneBytes: number): number {
    const now = this.#now();
    const elapsedMs = now - this.#lastMs;
    if (elapsedMs > 0) {
      const keep = 0.5 ** (elapsedMs / HALF_LIFE_MS);
      this.#bytesPerMs = this.#bytesPerMs * keep + ((doneBytes - this.#lastBytes) / elapsedMs) * (1 - keep);
      this.#weight = this.#weight * keep + (1 - keep);
      this.#lastMs = now;
      this.#lastBytes = doneBytes;
    }
    return this.#weight === 0 ? 0 : (this.#bytesPerMs / this.#weight) * 1000;
  }
}

const BAR_COLUMNS = 24;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** `[██████▌         ] 27.0 %  1.35 of 5.00 GiB  512 MiB/s  7.1 s left`. */
export function progressText(doneBytes: number, totalBytes: number, bytesPerSec: number): string {
  const ratio = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const eighths = Math.floor(ratio * BAR_COLUMNS * 8);
  const bar = '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
  const left = bytesPerSec > 0 ? formatDuration(((totalBytes - doneBytes) / bytesPerSec) * 1000) : '∞';
  return (
    `[${bar.padEnd(BAR_COLUMNS)}] ${formatPercent(ratio)}  ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}` +
    `  ${formatRate(bytesPerSec)}  ${left} left`
  );
}
