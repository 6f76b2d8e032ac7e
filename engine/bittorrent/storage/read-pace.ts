/** What a read out of memory may take, besides {@link MEMORY_BYTES_PER_MS}: the system may be busy elsewhere. */
const QUICK_MS = 2;
const MEMORY_BYTES_PER_MS = 250_000;
/** A wait like this is a disk's, not that of another program on this core. */
const LONG_MS = 20;
/** So much doubt sends a file back to the pool; every quick read takes a little away. */
const DOUBT_MAX = 2;
const DOUBT_LOST = 1 / 8;
/** The share of the time that reads may hold up the loop is the inverse of this. */
const PAUSE_FACTOR = 50;
const PAUSE_MIN_MS = 100;

/** What is known of the reads of one file. */
export interface FilePace {
  /** Its last reads at once came out of memory. */
  isProven: boolean;
  doubt: number;
  /** Until then the pool reads it. */
  pausedUntilMs: number;
}

/** Nothing is known yet. */
export function newFilePace(): FilePace {
  return { isProven: false, doubt: 0, pausedUntilMs: 0 };
}

/**
 * Decides which files are read at once and which by the threads of the pool. What lies in the page cache is read in the
 * time that it takes to wake a thread, and stays in the cache of the core that sends it: seeding takes 0.55 of the CPU
 * time then (measured on an AMD Zen 3). But a read that has to wait for a disk holds up everything, so files have to
 * prove themselves, and the time lost in trying is bounded: after every wait none is tried for fifty times as long.
 */
export class ReadPace {
  private noTrialsUntilMs = 0;

  mayReadNow(file: FilePace, nowMs: number): boolean {
    if (nowMs < file.pausedUntilMs) return false;
    return file.isProven || nowMs >= this.noTrialsUntilMs;
  }

  /** A read at once has taken this long; `nowMs` is its end. */
  note(file: FilePace, byteLength: number, tookMs: number, nowMs: number): void {
    const waitedMs = tookMs - byteLength / MEMORY_BYTES_PER_MS;
    if (waitedMs <= QUICK_MS) {
      file.isProven = true;
      file.doubt = Math.max(0, file.doubt - DOUBT_LOST);
      return;
    }
    const pauseMs = tookMs * PAUSE_FACTOR;
    this.noTrialsUntilMs = Math.max(this.noTrialsUntilMs, nowMs) + pauseMs;
    file.doubt += waitedMs > LONG_MS || !file.isProven ? DOUBT_MAX : 1;
    if (file.doubt < DOUBT_MAX) return;
    file.isProven = false;
    file.doubt = 0;
    file.pausedUntilMs = nowMs + Math.max(PAUSE_MIN_MS, pauseMs);
  }
}
