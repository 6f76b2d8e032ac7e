import type { Bitfield } from '../bitfield.ts';
import type { ChokerOptions } from '../choker/types.ts';
import { CHOKER_DEFAULTS } from '../choker/types.ts';
import type { IsVerifiedElsewhere } from '../storage/foreign-files.ts';

/** Settings of one torrent. */
export interface TorrentOptions {
  /** The folder its files are saved below. */
  readonly root: string;
  /** Files, by index, that belong to another torrent: they are read and never written. */
  readonly foreign?: ReadonlySet<number>;
  /** Asked before each write: bytes that another torrent has verified are not overwritten with others. */
  readonly isVerifiedElsewhere?: IsVerifiedElsewhere;
  /** Pieces known to be verified; without it all are to be downloaded. */
  readonly have?: Bitfield;
  readonly choker: ChokerOptions;
  /** Peers connected at once. */
  readonly peersMax: number;
  /** Connections being made at once. */
  readonly dialsMax: number;
  readonly candidatesMax: number;
  readonly bannedMax: number;
  /** Requests in flight with one peer. */
  readonly pipelineBlocksMax: number;
  /** Where this node listens; 0: nowhere. Told to peers (BEP 10: p). */
  readonly listenPort: number;
  /** UDP port of this node's DHT, told to peers (BEP 5: port); 0: none. */
  readonly dhtPort: number;
  /** BEP 16: while it has everything, show each peer few pieces at a time. */
  readonly superSeed: boolean;
}

export const TORRENT_DEFAULTS: Omit<TorrentOptions, 'root' | 'have' | 'foreign' | 'isVerifiedElsewhere'> = {
  choker: CHOKER_DEFAULTS,
  peersMax: 100,
  dialsMax: 20,
  candidatesMax: 1000,
  bannedMax: 1000,
  pipelineBlocksMax: 512,
  listenPort: 0,
  dhtPort: 0,
  superSeed: false,
};
