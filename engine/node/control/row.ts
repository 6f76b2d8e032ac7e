/**
 * What a torrent is doing. `queued`: it waits for its turn. `offline`: its files are not where they were, perhaps a
 * drive is missing; nothing is written or fetched until they are back. `metadata`: a magnet link is being looked up.
 */
export type RowState =
  | 'metadata'
  | 'queued'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'moving'
  | 'stopped'
  | 'offline'
  | 'error';

/** Rules of when a torrent has been seeded enough; undefined: as the category, the tracker or the node says. */
export interface SeedLimits {
  /** Uploaded bytes by content bytes; Infinity: never. */
  readonly ratio?: number;
  /** Milliseconds of seeding; Infinity: never. */
  readonly seedTimeMs?: number;
  /** Milliseconds without any upload; Infinity: never. */
  readonly idleTimeMs?: number;
}

/** One torrent as a list shows it: plain data that is held in memory for every torrent, running or not. */
export interface TorrentRow {
  /** Small number, never used again: what Transmission's remote controls call the id. */
  readonly id: number;
  /** Hex of the v1 info-hash (40 digits), or of the v2 one (64) where there is no other. */
  readonly infoHash: string;
  /** Hex of 64 digits; empty for v1. */
  readonly infoHashV2: string;
  readonly name: string;
  readonly state: RowState;
  /** Why it is in state `error` or `offline` and what to do; empty otherwise. */
  readonly error: string;
  /** Raised by the library with every change of the row; see {@link import('./control.ts').Control.changes}. */
  readonly revision: number;

  readonly totalBytes: number;
  /** Bytes of the chosen files. */
  readonly wantedBytes: number;
  /** Verified bytes of the chosen files. */
  readonly doneBytes: number;
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly pieceDoneCount: number;
  readonly fileCount: number;
  /** 0 to 1: of the chosen files; while checking, of what is checked; of the metadata while that is looked up. */
  readonly progress: number;

  readonly downBytesPerSec: number;
  readonly upBytesPerSec: number;
  /** Payload since the torrent was added. */
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Payload thrown away because its hash was wrong. */
  readonly wastedBytes: number;
  /** Connected peers, those among them that are seeds, and those that are served and that send. */
  readonly peerCount: number;
  readonly seedCount: number;
  readonly servedCount: number;
  readonly servingCount: number;
  /** As the trackers say; -1: not known. */
  readonly swarmSeeds: number;
  readonly swarmLeechers: number;

  /** The folder its files are saved below, absolute. */
  readonly root: string;
  /** File or folder of the content, absolute. */
  readonly contentPath: string;
  /** Empty: none. */
  readonly category: string;
  readonly tags: readonly string[];
  /** Host of the first tracker; empty without one. */
  readonly trackerHost: string;
  readonly isPrivate: boolean;
  readonly sequential: boolean;
  readonly superSeed: boolean;
  /** It runs whatever the queue says. */
  readonly forced: boolean;
  /** From 0, among those that are queued by the node. */
  readonly queuePosition: number;
  /** Bytes per second; 0: no limit of its own. */
  readonly downLimit: number;
  readonly upLimit: number;
  readonly seedLimits: SeedLimits;

  /** Unix milliseconds; 0: never. */
  readonly addedAtMs: number;
  readonly completedAtMs: number;
  readonly lastActiveMs: number;
  readonly lastCheckedMs: number;
  /** Milliseconds spent so. */
  readonly downloadingMs: number;
  readonly seedingMs: number;
}

/** Time until a torrent is complete at its present rate, in seconds; Infinity when it does not move. */
export function etaSecondsOf(row: TorrentRow): number {
  const left = row.wantedBytes - row.doneBytes;
  if (left <= 0) return 0;
  return row.downBytesPerSec > 0 ? left / row.downBytesPerSec : Number.POSITIVE_INFINITY;
}

/** Uploaded by content bytes, as ratio rules count it. */
export function ratioOf(row: TorrentRow): number {
  return row.totalBytes === 0 ? 0 : row.uploadedBytes / row.totalBytes;
}
