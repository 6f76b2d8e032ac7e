import type { Clock, Endpoint, Random } from '../../runtime/port.ts';

/** Where datagrams of a DHT node go out: a socket of its own, or its share of one that carries uTP as well. */
export interface DhtPort {
  /** The address it is bound to; decides between IPv4 and IPv6 (BEP 32). */
  readonly local: Endpoint;
  /** `bytes` are not changed afterwards. Datagrams may get lost. */
  send(bytes: Uint8Array, to: Endpoint): void;
}

/** The parts of a Runtime that the DHT needs. */
export interface DhtRuntime {
  readonly clock: Clock;
  readonly random: Random;
}

export interface DhtModules {
  readonly runtime: DhtRuntime;
  readonly socket: DhtPort;
  /**
   * A node of the other address family in the same process: its table answers `want` (BEP 32). Asked anew each time.
   */
  readonly sibling?: () => NodeLookup | undefined;
  /** Where ids of known nodes are searched. Default: one without kernels, of `knownMax` of the options. */
  readonly index?: IdIndex;
}

/** Ids by number, and which of them are nearest to a target; the table of the kernels is one. */
export interface IdIndex {
  readonly length: number;
  readonly capacity: number;
  /** The number it got; undefined when there is no room. */
  add(id: Uint8Array): number | undefined;
  replace(index: number, id: Uint8Array): void;
  /** Nearest first. */
  nearest(k: number, target: Uint8Array): number[];
}

/** A node as others tell of it. */
export interface NodeContact {
  /** 20 bytes. */
  readonly id: Uint8Array;
  /** A literal address. */
  readonly host: string;
  readonly port: number;
}

/** Gives the nodes it knows nearest to a target. */
export interface NodeLookup {
  /** BEP 5: at most `count` good nodes, nearest first. */
  nearest(target: Uint8Array, count: number, nowMs: number): readonly NodeContact[];
}

/** What a look-up of peers has found in the end. */
export interface PeersFound {
  /** Without duplicates; no more than `peersMax` of the options. */
  readonly peers: readonly Endpoint[];
  readonly lookup: LookupReport;
  /** BEP 33, when it was asked for: estimates over all filters that came. */
  readonly seeders: number | undefined;
  readonly leechers: number | undefined;
}

/** How a look-up went. */
export interface LookupReport {
  readonly queriesSent: number;
  readonly answers: number;
  readonly timeouts: number;
  /** Length of the chain of answers that led to the nearest node. */
  readonly hops: number;
  readonly durationMs: number;
  /** Until the first peer or value; undefined when there was none. */
  readonly firstFoundMs: number | undefined;
  /** The nearest nodes that answered, at most k. */
  readonly nearest: readonly NodeContact[];
}

/** How storing something on the nearest nodes went. */
export interface StoreReport {
  /** Nodes that took it. */
  readonly stored: number;
  /** Nodes that answered with an error. */
  readonly refused: number;
  readonly lookup: LookupReport;
}

export interface AnnounceOptions {
  /** BEP 5: let nodes take the port that the datagram came from, as uTP behind a NAT needs. */
  readonly impliedPort?: boolean;
  /** BEP 33. Asked anew at each announce. */
  readonly isSeed?: () => boolean;
}

/** A running announce. */
export interface Announcement {
  /** Idempotent. Nodes forget the peer by themselves; nothing is sent. */
  stop(): void;
  /** Announces as soon as is polite. */
  again(): void;
}

export interface FindOptions {
  /** BEP 33: ask for the filters that count seeders and leechers. */
  readonly scrape?: boolean;
  /** BEP 33: rather not seeders. */
  readonly noSeeds?: boolean;
  readonly signal?: AbortSignal;
}

/** BEP 44: an item as it lies in the DHT. */
export interface DhtItem {
  /** Bencoded, at most 1,000 bytes. */
  readonly value: Uint8Array;
  /** Present for mutable ones. */
  readonly signed?: {
    /** 32 bytes. */
    readonly publicKey: Uint8Array;
    /** At most 64 bytes; empty for none. */
    readonly salt: Uint8Array;
    readonly sequence: number;
    /** 64 bytes. */
    readonly signature: Uint8Array;
  };
}

/** What has happened at a node since it was made. Counts only grow; sizes are of now. */
export interface DhtStats {
  readonly nodeId: string;
  /** Nodes in the table. */
  readonly nodes: number;
  readonly goodNodes: number;
  readonly replacements: number;
  readonly buckets: number;
  readonly infoHashes: number;
  readonly peers: number;
  readonly items: number;
  readonly pendingQueries: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly queriesIn: number;
  readonly queriesOut: number;
  readonly answersIn: number;
  readonly timeouts: number;
  /** Datagrams that were no message, by reason and all together. */
  readonly malformed: number;
  /** Answers nobody waited for, or from another address than asked. */
  readonly unexpected: number;
  /** Queries that rate limits left unanswered. */
  readonly limited: number;
  readonly badTokens: number;
}
