/** Why a circuit is torn down: DESTROY and TRUNCATED. tor-spec, "tearing down circuits". */
export const DESTROY_REASON = {
  none: 0,
  protocol: 1,
  internal: 2,
  requested: 3,
  hibernating: 4,
  resourceLimit: 5,
  connectFailed: 6,
  orIdentity: 7,
  channelClosed: 8,
  finished: 9,
  timeout: 10,
  destroyed: 11,
  noSuchService: 12,
} as const;

/** A reason of {@link DESTROY_REASON}, or one that nobody knows. */
export type DestroyReason = number;

/** Why a stream ends: RELAY_END. tor-spec, "closing streams". */
export const END_REASON = {
  misc: 1,
  resolveFailed: 2,
  connectRefused: 3,
  exitPolicy: 4,
  destroy: 5,
  done: 6,
  timeout: 7,
  noRoute: 8,
  hibernating: 9,
  internal: 10,
  resourceLimit: 11,
  connectionReset: 12,
  protocol: 13,
  notDirectory: 14,
} as const;

/** One of {@link END_REASON}; decoders turn all others into `misc`. */
export type EndReason = (typeof END_REASON)[keyof typeof END_REASON];
