import type { ExtensionPlug } from '../../bittorrent/torrent/plug.ts';
import { PexExchange } from '../../discovery/pex/exchange.ts';
import type { AnnounceHandover, AnnouncerStatus, TransferTotals } from '../../discovery/tracker/announcer.ts';
import type { Endpoint, Runtime } from '../../runtime/port.ts';
import { TorrentTrackers } from '../torrent-trackers.ts';
import type { PeerFinders, RunningAnnounce } from './finders.ts';
import { type SourceSettings, sourcesFor } from './source-rules.ts';

export interface PeerSourcesOptions {
  /** v1 and v2, as far as they are known. */
  readonly infoHashes: readonly Uint8Array[];
  /** BEP 12. */
  readonly tiers: readonly (readonly string[])[];
  /** False while it is not known yet. */
  readonly isPrivate: boolean;
  readonly peerId: Uint8Array;
  /** Where this node listens. */
  readonly port: number;
  readonly wanted: SourceSettings;
}

export interface PeerSourcesModules {
  readonly runtime: Runtime;
  readonly finders: PeerFinders;
  readonly totals: () => TransferTotals;
  readonly isSeed: () => boolean;
  /** `via`: the peer that has told of them. */
  readonly onPeers: (peers: readonly Endpoint[], via?: Endpoint) => void;
}

/** All that finds peers for one torrent: trackers, DHT, PEX and the local network, joined in one place. */
export class PeerSources {
  /** For the torrent: extensions that find peers. */
  readonly plugs: readonly ExtensionPlug[];
  readonly uses: SourceSettings;
  private readonly options: PeerSourcesOptions;
  private readonly modules: PeerSourcesModules;
  private readonly trackers: TorrentTrackers | undefined;
  private running: RunningAnnounce[] = [];

  constructor(options: PeerSourcesOptions, modules: PeerSourcesModules) {
    const { runtime, finders, onPeers } = modules;
    this.options = options;
    this.modules = modules;
    this.uses = sourcesFor(options.isPrivate, options.wanted);
    this.trackers = this.uses.trackers
      ? new TorrentTrackers(options, { ...modules, transports: finders.transports })
      : undefined;
    this.plugs = this.uses.pex
      ? [
          new PexExchange({
            clock: runtime.clock,
            onPeers: (peers, via) =>
              onPeers(
                peers.map(({ endpoint }) => endpoint),
                via,
              ),
          }),
        ]
      : [];
  }

  /** `from`: who has told the trackers so far, for each info-hash. */
  start(from: readonly (AnnounceHandover | undefined)[] = []): void {
    if (this.running.length > 0) return;
    this.trackers?.start(from);
    const { finders, onPeers, isSeed } = this.modules;
    const { infoHashes, port } = this.options;
    for (const infoHash of infoHashes) {
      const short = infoHash.subarray(0, 20);
      if (this.uses.dht && finders.dht !== undefined) {
        this.running.push(finders.dht.announce(short, port, onPeers, { isSeed }));
      }
      if (this.uses.lsd && finders.lsd !== undefined) {
        this.running.push(finders.lsd.announce(short, port, onPeers));
      }
    }
  }

  /** What the trackers say, for each info-hash. */
  get trackerStatus(): readonly AnnouncerStatus[] {
    return this.trackers?.status ?? [];
  }

  /** As soon as the trackers allow. */
  announceSoon(): void {
    this.trackers?.announceSoon();
  }

  /** Stops without a goodbye: somebody else goes on with what is returned, for each info-hash. */
  release(): readonly (AnnounceHandover | undefined)[] {
    for (const announce of this.running.splice(0)) announce.stop();
    return this.trackers?.release() ?? [];
  }

  /** The last piece has just been verified. */
  completed(): void {
    this.trackers?.completed();
  }

  /** BEP 5: a peer has told where its DHT node is. */
  onDhtNode(endpoint: Endpoint): void {
    if (this.uses.dht) this.modules.finders.dht?.addNode(endpoint);
  }

  /** Takes a few seconds at most: trackers are told. */
  async stop(): Promise<void> {
    for (const announce of this.running.splice(0)) announce.stop();
    await this.trackers?.stop();
  }
}
