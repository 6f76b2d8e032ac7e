import type { TorrentRow } from './row.ts';

/** How a file is wanted: 0 not at all, 1 low, 2 normal, 3 high. */
export type FileWish = 0 | 1 | 2 | 3;

export interface FileDetail {
  /** In the order of the torrent, padding included; padding files are not shown. */
  readonly index: number;
  /** Relative to the root, parts joined with `/`. */
  readonly path: string;
  readonly byteLength: number;
  readonly doneBytes: number;
  readonly wish: FileWish;
  readonly firstPiece: number;
  /** One past the last. */
  readonly endPiece: number;
}

export interface PeerDetail {
  readonly host: string;
  readonly port: number;
  /** Name of the program as far as it is known; never raw bytes of the peer. */
  readonly client: string;
  readonly transport: 'tcp' | 'utp' | 'web';
  readonly encrypted: boolean;
  readonly incoming: boolean;
  readonly progress: number;
  readonly downBytesPerSec: number;
  readonly upBytesPerSec: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly amChoking: boolean;
  readonly amInterested: boolean;
  readonly peerChoking: boolean;
  readonly peerInterested: boolean;
}

export interface TrackerDetail {
  readonly url: string;
  /** From 0. */
  readonly tier: number;
  readonly state: 'idle' | 'announcing' | 'working' | 'failed' | 'off';
  /** What it said last, made safe to show; empty when there is nothing to say. */
  readonly message: string;
  /** -1: not known. */
  readonly seeds: number;
  readonly leechers: number;
  readonly downloads: number;
  readonly peersGiven: number;
  /** Unix milliseconds; 0: never or not known. */
  readonly lastAnnounceMs: number;
  readonly nextAnnounceMs: number;
}

/** All there is to know of one torrent: its metadata is read from the disk for that when it does not run. */
export interface TorrentDetail {
  readonly row: TorrentRow;
  readonly comment: string;
  readonly createdBy: string;
  /** Unix seconds; 0: not said. */
  readonly createdAtSec: number;
  readonly magnet: string;
  readonly files: readonly FileDetail[];
  readonly trackers: readonly TrackerDetail[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly PeerDetail[];
  /** Bitfield of the verified pieces, most significant bit first. */
  readonly have: Uint8Array;
  /** Pieces being fetched at this moment. */
  readonly fetching: readonly number[];
  /** For each piece how many connected peers have it (255: that many or more); empty when it does not run. */
  readonly availability: Uint8Array;
}
