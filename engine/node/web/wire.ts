import type { FileDetail, PeerDetail, TrackerDetail } from '../control/details.ts';
import type { RowState } from '../control/row.ts';
import type { NodeOptions, NodeStats } from '../control/session-options.ts';

/** The states of a row; on the wire each is its place in this list. */
export const WIRE_STATES = [
  'error',
  'offline',
  'checking',
  'moving',
  'metadata',
  'downloading',
  'seeding',
  'queued',
  'stopped',
] as const satisfies readonly RowState[];

/**
 * A row as it is pushed to the page: a list, as the names of fields would be more than half of 100,000 rows. Times in
 * Unix seconds, sizes in bytes, rates in bytes per second.
 */
export type WireRow = readonly [
  infoHash: string,
  name: string,
  /** Place in {@link WIRE_STATES}. */
  state: number,
  error: string,
  progress: number,
  totalBytes: number,
  wantedBytes: number,
  doneBytes: number,
  downBytesPerSec: number,
  upBytesPerSec: number,
  downloadedBytes: number,
  uploadedBytes: number,
  peerCount: number,
  seedCount: number,
  swarmSeeds: number,
  swarmLeechers: number,
  addedAtSec: number,
  completedAtSec: number,
  lastActiveSec: number,
  queuePosition: number,
  category: string,
  tags: readonly string[],
  trackerHost: string,
  /** Sum of {@link WIRE_FLAGS}. */
  flags: number,
];

export const WIRE_FLAGS = { isPrivate: 1, sequential: 2, superSeed: 4, forced: 8 } as const;

/** Event `rows`: these are new or have changed. `reset`: forget all others first; more may follow. */
export interface RowsEvent {
  readonly reset: boolean;
  /** Of a first load, how many rows it has; -1 otherwise. */
  readonly total: number;
  readonly rows: readonly WireRow[];
  readonly removed: readonly string[];
  /** To begin with after a pause; 0 while a first load is under way. */
  readonly revision: number;
}

/** Event `stats`: the whole node, once a second. */
export interface StatsEvent {
  readonly nowMs: number;
  readonly stats: NodeStats;
  readonly freeBytes: number;
}

/** Event `setup`: what an operator can change, when it has changed. */
export interface SetupEvent {
  readonly version: string;
  readonly options: NodeOptions;
  readonly categories: readonly {
    readonly name: string;
    readonly root: string;
    readonly downLimit: number;
    readonly upLimit: number;
  }[];
  readonly tags: readonly string[];
}

/** Event `history`: rates of the last minutes, one a second, the oldest first. */
export interface HistoryEvent {
  /** Unix seconds of the last ones. */
  readonly endSec: number;
  readonly down: readonly number[];
  readonly up: readonly number[];
}

/** Of one torrent; each event carries what has changed since the last one. Bit and byte fields in base64. */
export interface DetailEvent {
  readonly general?: GeneralDetail;
  readonly files?: readonly FileDetail[];
  readonly peers?: readonly PeerDetail[];
  readonly trackers?: readonly TrackerDetail[];
  readonly pieces?: {
    readonly count: number;
    readonly have: string;
    readonly fetching: readonly number[];
    readonly availability: string;
  };
}

export interface GeneralDetail {
  readonly infoHash: string;
  readonly infoHashV2: string;
  readonly comment: string;
  readonly createdBy: string;
  readonly createdAtSec: number;
  readonly magnet: string;
  readonly webSeeds: readonly string[];
  readonly root: string;
  readonly contentPath: string;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly pieceDoneCount: number;
  readonly fileCount: number;
  readonly wastedBytes: number;
  readonly downLimit: number;
  readonly upLimit: number;
  readonly lastCheckedMs: number;
  readonly downloadingMs: number;
  readonly seedingMs: number;
}

/** Why an action failed, for one torrent or as a whole. */
export interface ApiFailure {
  readonly infoHash: string;
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** How an action on several torrents went. */
export interface ActionAnswer {
  readonly done: number;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly ApiFailure[];
}

/** Header that every changing request of the page carries: no form and no page of others can send it unasked. */
export const PAGE_HEADER = 'X-Allium-Page';
