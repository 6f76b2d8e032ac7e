/** What the choker looks at in one peer. `id` is the caller's own number for it. */
export interface ChokerPeer {
  readonly id: number;
  /** It wants something of this side. */
  readonly isInterested: boolean;
  /** This side has unchoked it. */
  readonly isUnchoked: boolean;
  /** See {@link import('./snub.ts').isSnubbed}; means nothing while seeding. */
  readonly isSnubbing: boolean;
  /** From the peer, 20 s average. */
  readonly downloadBytesPerSec: number;
  /** To the peer, 20 s average. */
  readonly uploadBytesPerSec: number;
  readonly connectedAtMs: number;
}

export interface ChokerOptions {
  /** Peers unchoked at once, the optimistic ones included; Infinity: all that are interested. */
  readonly slots: number;
  /** Between two rounds; the caller keeps this time. */
  readonly roundMs: number;
  /** How long a peer stays optimistically unchoked. */
  readonly optimisticMs: number;
  /** A peer connected for less than this is new: three times as likely to be unchoked optimistically. */
  readonly newPeerMs: number;
  /** No block for this long from a peer that was asked for some: it snubs this side. */
  readonly snubMs: number;
}

/** BEP 3. */
export const CHOKER_DEFAULTS: ChokerOptions = {
  slots: 4,
  roundMs: 10_000,
  optimisticMs: 30_000,
  newPeerMs: 30_000,
  snubMs: 60_000,
};

/** What one round hands on to the next. */
export interface ChokerState {
  /** Peers unchoked without regard to their rate. */
  readonly optimistic: readonly number[];
  /** When these were chosen. */
  readonly rotatedAtMs: number;
}

export interface ChokeDecision {
  readonly state: ChokerState;
  /** Peers to unchoke that are choked now. */
  readonly unchoke: readonly number[];
  /** Peers to choke that are unchoked now. */
  readonly choke: readonly number[];
}
