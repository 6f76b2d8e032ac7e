/** dir-spec, uploading server descriptors: a relay says again what it said before it is a day old. */
export const REPUBLISH_MS = 18 * 3_600_000;
/** Changes come in groups: what changed is published at once, but not more often than this. */
export const CHANGE_PAUSE_MS = 60_000;
/** Bandwidth goes up and down; it alone is told this often at most. C tor: MAX_BANDWIDTH_CHANGE_FREQ. */
export const BANDWIDTH_PAUSE_MS = 3 * 3_600_000;
/** Only a change by this factor is one. */
const BANDWIDTH_FACTOR = 2;
/** A consensus without us is a reason to say again who we are, after this time. */
export const UNLISTED_PAUSE_MS = 3_600_000;

/** What the last descriptor said. */
export interface Published {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** All that others act on but bandwidth, as text. */
  readonly essence: string;
  readonly observedBytesPerSec: number;
}

export type PublishReason = 'first' | 'due' | 'changed' | 'bandwidth' | 'unlisted';

/** Whether to make and upload a new descriptor now, and why. Pure. `isListed` undefined: there is no consensus. */
export function publishReason(
  last: Published | undefined,
  now: {
    readonly nowMs: number;
    readonly essence: string;
    readonly observedBytesPerSec: number;
    readonly isListed: boolean | undefined;
  },
): PublishReason | undefined {
  if (last === undefined) return 'first';
  const ageMs = now.nowMs - last.atMs;
  // A clock that was set back must not keep it silent for long.
  if (ageMs >= REPUBLISH_MS || ageMs < -CHANGE_PAUSE_MS) return 'due';
  if (ageMs >= CHANGE_PAUSE_MS && now.essence !== last.essence) return 'changed';
  if (ageMs >= BANDWIDTH_PAUSE_MS && isOtherBandwidth(last.observedBytesPerSec, now.observedBytesPerSec)) {
    return 'bandwidth';
  }
  return ageMs >= UNLISTED_PAUSE_MS && now.isListed === false ? 'unlisted' : undefined;
}

function isOtherBandwidth(before: number, after: number): boolean {
  if (before === 0 || after === 0) return before !== after;
  return after >= before * BANDWIDTH_FACTOR || after * BANDWIDTH_FACTOR <= before;
}

/** Pauses after an authority could not be reached or did not take the descriptor: 1 minute, doubled up to an hour. */
export function uploadPauseMs(failures: number): number {
  return Math.min(3_600_000, 60_000 * 2 ** Math.min(10, Math.max(0, failures - 1)));
}
