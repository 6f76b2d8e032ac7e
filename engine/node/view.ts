import type { RowState } from './control/row.ts';

/** What a torrent in memory is doing. */
export type TorrentState = 'checking' | 'downloading' | 'seeding' | 'stopped' | 'error';

/** One torrent as `/status.json` and the commands show it: plain data. */
export interface TorrentView {
  /** Hex of the v1 info-hash (40 digits), or of the v2 one (64) where there is no other. */
  readonly infoHash: string;
  readonly name: string;
  readonly state: RowState;
  /** Why it is in state `error`; empty otherwise. */
  readonly error: string;
  readonly totalBytes: number;
  readonly pieceCount: number;
  /** Verified pieces; while checking, pieces looked at. */
  readonly pieceDoneCount: number;
  /** 0 to 1, by {@link pieceDoneCount}. */
  readonly progress: number;
  readonly downBytesPerSec: number;
  readonly upBytesPerSec: number;
  /** Payload since the torrent was added. */
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly peerCount: number;
  readonly root: string;
  /** Unix milliseconds. */
  readonly addedAtMs: number;
}

/** The whole node. */
export interface SessionView {
  readonly torrents: readonly TorrentView[];
  readonly listening: string;
  readonly connectionCount: number;
  /** Why connections ended, counted since the start. */
  readonly closeReasons: Readonly<Record<string, number>>;
  readonly slab: {
    readonly slotCount: number;
    readonly leasedSlots: number;
    readonly leasedSlotsPeak: number;
  };
  readonly hashing: { readonly messages: number; readonly bytes: number; readonly pending: number };
}
