import {
  type AnnounceHandover,
  Announcer,
  type AnnouncerStatus,
  type TransferTotals,
} from '../discovery/tracker/announcer.ts';
import type { AnnounceTransport } from '../discovery/tracker/types.ts';
import type { Endpoint, Runtime } from '../runtime/port.ts';

/** Trackers refuse port 0. Who listens nowhere names one at which hardly anybody listens. */
const NOWHERE_PORT = 1;

export interface TorrentTrackersOptions {
  readonly peerId: Uint8Array;
  /** Where this node listens; trackers hand it to other peers. 0: nowhere. */
  readonly port: number;
  /** v1 and v2, as far as they are known. */
  readonly infoHashes: readonly Uint8Array[];
  /** BEP 12. */
  readonly tiers: readonly (readonly string[])[];
}

export interface TorrentTrackersModules {
  readonly runtime: Runtime;
  /** By URL scheme without colon. */
  readonly transports: Readonly<Record<string, AnnounceTransport>>;
  readonly totals: () => TransferTotals;
  readonly onPeers: (peers: readonly Endpoint[]) => void;
}

/** The trackers of one torrent. A hybrid torrent is announced under both of its info-hashes (BEP 52). */
export class TorrentTrackers {
  private readonly announcers: readonly Announcer[];

  constructor(options: TorrentTrackersOptions, modules: TorrentTrackersModules) {
    const { infoHashes, tiers, peerId } = options;
    const port = options.port === 0 ? NOWHERE_PORT : options.port;
    this.announcers =
      tiers.length === 0
        ? []
        : infoHashes.map((infoHash) => new Announcer({ peerId, port, infoHash, tiers }, modules));
  }

  get status(): readonly AnnouncerStatus[] {
    return this.announcers.map((announcer) => announcer.status);
  }

  /** `from`: where others have stopped, in the order of the info-hashes. */
  start(from: readonly (AnnounceHandover | undefined)[] = []): void {
    for (const [index, announcer] of this.announcers.entries()) announcer.start(from[index]);
  }

  /** Stops without a goodbye; one for each info-hash. */
  release(): readonly (AnnounceHandover | undefined)[] {
    return this.announcers.map((announcer) => announcer.release());
  }

  /** As soon as the trackers allow. */
  announceSoon(): void {
    for (const announcer of this.announcers) announcer.announceSoon();
  }

  /** The last piece has just been verified. */
  completed(): void {
    for (const announcer of this.announcers) announcer.completed();
  }

  /** Says goodbye; takes a few seconds at most. */
  async stop(): Promise<void> {
    await Promise.all(this.announcers.map((announcer) => announcer.stop()));
  }
}
