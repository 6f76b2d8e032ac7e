const STEP_MS = 1_000;
/** What “recently active” means to Transmission. */
export const RECENT_MS = 60_000;
const SAMPLES_MAX = 2 * (RECENT_MS / STEP_MS);

/** Remembers which revision there was when, so that changes of the last minute can be asked for. Bounded. */
export class RecentRevisions {
  private readonly samples: { readonly atMs: number; readonly revision: number }[] = [];

  get size(): number {
    return this.samples.length;
  }

  note(nowMs: number, revision: number): void {
    const last = this.samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < STEP_MS) return;
    this.samples.push({ atMs: nowMs, revision });
    // One that is too old has to stay: it is what a later question is answered from.
    while (this.samples.length > SAMPLES_MAX || (this.samples[1]?.atMs ?? nowMs) <= nowMs - RECENT_MS) {
      this.samples.shift();
    }
  }

  /** The newest revision that is at least a minute old, or the oldest that is known: it gives more, never less. */
  since(nowMs: number): number {
    let found = this.samples[0]?.revision ?? 0;
    for (const { atMs, revision } of this.samples) {
      if (atMs > nowMs - RECENT_MS) break;
      found = revision;
    }
    return found;
  }
}
