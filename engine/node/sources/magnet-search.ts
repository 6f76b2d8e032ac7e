import type { Magnet } from '../../bittorrent/magnet/types.ts';
import { METADATA_SEARCH_DEFAULTS, MetadataSearch } from '../../bittorrent/metadata/search.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { Shard } from '../../bittorrent/torrent/shard.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Endpoint, Runtime } from '../../runtime/port.ts';
import type { PeerFinders } from './finders.ts';
import { PeerSources } from './peer-sources.ts';
import type { SourceSettings } from './source-rules.ts';

export interface MagnetSearchOptions {
  readonly magnet: Magnet;
  /** Where this node listens; 0: nowhere. */
  readonly port: number;
  readonly sources: SourceSettings;
}

export interface MagnetSearchModules {
  readonly shard: Shard;
  readonly runtime: Runtime;
  readonly finders: PeerFinders;
}

/** A torrent that was found by its magnet link, and the peers that were met on the way. */
export interface FoundMagnet {
  readonly metainfo: Metainfo;
  readonly candidates: readonly Endpoint[];
}

/** Looks for the metadata of a magnet link by everything that finds peers, until it is there or it is given up. */
export class MagnetSearch {
  /** Rejects with BAD_TORRENT and the like when the metadata is no valid torrent, with INTERRUPTED after {@link cancel}. */
  readonly found: Promise<FoundMagnet>;
  private readonly search: MetadataSearch;
  private readonly sources: PeerSources;
  private readonly shard: Shard;
  private reject: (error: unknown) => void = () => {};

  /** Throws BAD_USAGE for a link that names no info-hash. */
  constructor(options: MagnetSearchOptions, modules: MagnetSearchModules) {
    const { magnet, port } = options;
    const { shard } = modules;
    const infoHashes = [magnet.infoHashV1, magnet.infoHashV2].filter((hash) => hash !== undefined);
    if (infoHashes.length === 0) throw noHash();
    this.shard = shard;
    this.sources = new PeerSources(
      {
        infoHashes,
        tiers: magnet.trackers.map((url) => [url]),
        isPrivate: false,
        peerId: shard.peerId,
        port,
        wanted: options.sources,
      },
      {
        ...modules,
        // How much there is to download nobody knows yet; 0 would mean a seeder.
        totals: () => ({ uploaded: 0, downloaded: 0, left: magnet.byteLength ?? 16_384 }),
        isSeed: () => false,
        onPeers: (peers) => this.addPeers(peers),
      },
    );
    let search: MetadataSearch | undefined;
    this.found = new Promise((resolve, reject) => {
      this.reject = reject;
      search = shard.host(
        (seat) =>
          new MetadataSearch(
            { ...METADATA_SEARCH_DEFAULTS, magnet, listenPort: port },
            {
              ...seat,
              plugs: this.sources.plugs,
              onFound: (metainfo, candidates) => {
                void this.end();
                // BEP 27: what DHT, PEX and local network told while this was not known is not to be used.
                resolve({ metainfo, candidates: metainfo.isPrivate ? magnet.peers : candidates });
              },
              onError: (error) => {
                void this.end();
                reject(error);
              },
            },
          ),
      );
    });
    this.found.catch(() => {}); // whoever is interested waits for it
    this.search = search!;
    this.search.start();
    this.sources.start();
    this.addPeers(magnet.peers);
  }

  /** Peers it talks to. */
  get peerCount(): number {
    return this.search.peers.size;
  }

  addPeers(endpoints: Iterable<Endpoint>): void {
    this.search.addCandidates(endpoints);
  }

  async cancel(): Promise<void> {
    this.reject(new AlliumError('INTERRUPTED', 'stopped before the metadata was found'));
    await this.end();
  }

  private async end(): Promise<void> {
    const removed = this.shard.remove(this.search);
    await this.sources.stop();
    await removed;
  }
}

function noHash(): AlliumError {
  return new AlliumError('BAD_USAGE', 'this magnet link names no info-hash, only a key', {
    advice: 'A torrent that is found by a key needs the DHT: name nodes with --dht-bootstrap.',
  });
}
