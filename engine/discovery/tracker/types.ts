import type { Endpoint } from '../../runtime/port.ts';

/** BEP 3: what has happened; undefined: one of the regular announces. */
export type AnnounceEvent = 'started' | 'completed' | 'stopped' | undefined;

/** What a peer tells a tracker. */
export interface AnnounceRequest {
  /** 20 bytes; of a v2 torrent the first 20 of its hash (BEP 52). Longer ones are cut. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where this peer listens. */
  readonly port: number;
  /** Bytes since the `started` event. */
  readonly uploaded: number;
  readonly downloaded: number;
  /** Bytes to go. */
  readonly left: number;
  readonly event: AnnounceEvent;
  /** Peers wanted; 0 for none. */
  readonly peersWanted: number;
  /** Any 32 bits, the same for the life of the torrent, so that the tracker knows this peer at another address. */
  readonly key: number;
  /** What the tracker gave before. */
  readonly trackerId?: Uint8Array | undefined;
  /** BEP 7: further addresses of this peer. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** What a tracker tells a peer. */
export interface AnnounceAnswer {
  /** When to come again; undefined when the tracker does not say. */
  readonly intervalMs: number | undefined;
  /** Never come again sooner than this. */
  readonly minIntervalMs: number | undefined;
  /** Literal addresses; no more than {@link PEERS_MAX}. */
  readonly peers: readonly Endpoint[];
  readonly trackerId: Uint8Array | undefined;
  /** Something the user should know. */
  readonly warning: string | undefined;
  /** Seeders. */
  readonly complete: number | undefined;
  /** Leechers. */
  readonly incomplete: number | undefined;
  /** BEP 24: this peer's address as the tracker sees it. */
  readonly externalAddress: string | undefined;
}

/** Peers taken from one answer. */
export const PEERS_MAX = 2000;

/** One exchange with a tracker. Rejects with AlliumError TRACKER_FAILED or NETWORK_FAILED. */
export type AnnounceTransport = (
  url: string,
  request: AnnounceRequest,
  timeoutMs: number,
) => Promise<AnnounceAnswer>;
