/** How torrents are brought into memory and out of it. */
export interface RunnerOptions {
  /** A seeding torrent without peers for so long is put to sleep. */
  readonly sleepAfterMs: number;
  /** Torrents that are being brought into memory at the same time. */
  readonly wakesMax: number;
  /** Pieces are hashed in portions of so many bytes, and what has been found out is saved after each. */
  readonly checkStrideBytes: number;
  /** Waiting for writes under way when a torrent is put away. */
  readonly settleTimeoutMs: number;
}

export const RUNNER_DEFAULTS: RunnerOptions = {
  sleepAfterMs: 5 * 60_000,
  wakesMax: 32,
  checkStrideBytes: 1024 ** 3,
  settleTimeoutMs: 10_000,
};
