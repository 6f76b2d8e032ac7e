/** Whether downloads into one place are held back for want of space. */
export interface SpaceState {
  readonly isHeld: boolean;
  /** The disk itself said that it is full: also without a minimum there is nothing to be written for now. */
  readonly isFull: boolean;
}

export const SPACE_AT_START: SpaceState = { isHeld: false, isFull: false };

export interface SpaceReading {
  /** Bytes that can be written; undefined when nobody can say (the drive is missing). */
  readonly freeBytes: number | undefined;
  /** Bytes that are to stay free; 0: none. */
  readonly minBytes: number;
  /** A write was refused for want of space since the last reading. */
  readonly refused: boolean;
}

/** To go on, so much more has to be free than made downloads stop: they must not stop and start all the time. */
const MARGIN_SHARE = 0.1;
const MARGIN_BYTES_MIN = 64 * 1024 * 1024;

/** Bytes that have to be free again before downloads into a place go on. */
export function spaceToGoOn(minBytes: number): number {
  return minBytes + Math.max(MARGIN_BYTES_MIN, minBytes * MARGIN_SHARE);
}

/**
 * The state after looking at the disk once more. Held back when less than the minimum is free or a write was refused;
 * going on when clearly more is. What cannot be examined leaves everything as it is: a missing drive is another matter.
 */
export function nextSpaceState(
  before: SpaceState,
  { freeBytes, minBytes, refused }: SpaceReading,
): SpaceState {
  if (refused) return { isHeld: true, isFull: true };
  if (freeBytes === undefined) return before;
  if (minBytes === 0 && !before.isFull) return SPACE_AT_START;
  if (!before.isHeld) return freeBytes < minBytes ? { isHeld: true, isFull: false } : before;
  return freeBytes >= spaceToGoOn(minBytes) ? SPACE_AT_START : before;
}
