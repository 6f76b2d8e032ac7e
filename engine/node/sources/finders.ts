import type { DhtItem } from '../../discovery/dht/types.ts';
import type { TrackerTransports } from '../../discovery/tracker/transports.ts';
import type { Endpoint } from '../../runtime/port.ts';

/** An announce that goes on until it is stopped. */
export interface RunningAnnounce {
  stop(): void;
}

/** The DHT as the torrents of a node see it. */
export interface DhtFinder {
  /** 20 bytes; `port`: where this node listens for peers. */
  announce(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
    options?: { readonly isSeed?: () => boolean },
  ): RunningAnnounce;
  /** A node that a peer has told of (BEP 5: port). */
  addNode(endpoint: Endpoint): void;
  /** BEP 44: the newest item of this key (32 bytes). */
  getMutable?(
    publicKey: Uint8Array,
    salt: Uint8Array,
    signal?: AbortSignal,
  ): Promise<{ readonly item: DhtItem | undefined }>;
}

/** Local service discovery as the torrents of a node see it. */
export interface LocalFinder {
  announce(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
  ): RunningAnnounce;
}

/** What a node has running to find peers with. */
export interface PeerFinders {
  /** Ways to trackers, by URL scheme without colon. */
  readonly transports: TrackerTransports['announce'];
  readonly dht?: DhtFinder | undefined;
  /** UDP port of the DHT, for BEP 5: port; 0 for none. */
  readonly dhtPort?: number | undefined;
  readonly lsd?: LocalFinder | undefined;
}
