import type { Bitfield } from '../bittorrent/bitfield.ts';
import type { Magnet } from '../bittorrent/magnet/types.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { TORRENT_DEFAULTS, type TorrentOptions } from '../bittorrent/torrent/options.ts';
import type { Shard } from '../bittorrent/torrent/shard.ts';
import { AlliumError } from '../codec/error.ts';
import type { AnnounceHandover } from '../discovery/tracker/announcer.ts';
import { createTrackerTransports, type TrackerTransports } from '../discovery/tracker/transports.ts';
import type { HashService } from '../kernels/hash-service.ts';
import type { Slab } from '../kernels/slab.ts';
import type { Endpoint, Runtime } from '../runtime/port.ts';
import { ManagedTorrent, type ManagedTorrentEvents } from './managed-torrent.ts';
import type { PeerFinders } from './sources/finders.ts';
import { MagnetSearch } from './sources/magnet-search.ts';
import type { SourceSettings } from './sources/source-rules.ts';
import type { SessionView } from './view.ts';

export interface SessionOptions {
  readonly listen: Endpoint;
  /** Where peers may come from. */
  readonly sources: SourceSettings;
  /** What every torrent gets unless {@link Session.add} says otherwise. */
  readonly torrentDefaults?: Partial<Omit<TorrentOptions, 'root' | 'have' | 'listenPort'>>;
}

export interface SessionModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly hashes: HashService;
  readonly shard: Shard;
  readonly events: ManagedTorrentEvents;
  /** What there is beside trackers. Asked when a torrent is added. */
  readonly finders?: () => Omit<PeerFinders, 'transports'>;
}

/** What is known of a torrent when it is added. */
export interface AddOptions {
  readonly metainfo: Metainfo;
  /** The folder its files are saved below. */
  readonly root: string;
  readonly have?: Bitfield;
  readonly addedAtMs?: number;
  readonly downloadedBytes?: number;
  readonly uploadedBytes?: number;
  /** Instead of what every torrent gets. */
  readonly torrent?: Partial<Omit<TorrentOptions, 'root' | 'have' | 'listenPort'>>;
  /** Who has told the trackers so far, for each info-hash. */
  readonly announced?: readonly (AnnounceHandover | undefined)[];
}

/** The torrents of a node and what they have in common. */
export class Session {
  private readonly options: SessionOptions;
  private readonly modules: SessionModules;
  private readonly torrents = new Map<string, ManagedTorrent>();
  private readonly transports: TrackerTransports;
  private readonly searches = new Set<MagnetSearch>();
  private listening: Endpoint | undefined;

  constructor(options: SessionOptions, modules: SessionModules) {
    this.options = options;
    this.modules = modules;
    this.transports = createTrackerTransports(modules.runtime);
  }

  /** Opens the port. Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
  async listen(): Promise<Endpoint> {
    this.listening = await this.modules.shard.listen(this.options.listen);
    return this.listening;
  }

  /** Where it listens; undefined when it does not. */
  get local(): Endpoint | undefined {
    return this.listening;
  }

  /** Where peers may come from. */
  get sources(): SourceSettings {
    return this.options.sources;
  }

  get(infoHash: string): ManagedTorrent | undefined {
    return this.torrents.get(infoHash);
  }

  list(): ManagedTorrent[] {
    return [...this.torrents.values()];
  }

  /** Adds a torrent, stopped. Throws BAD_USAGE when it is there already. */
  add(options: AddOptions): ManagedTorrent {
    const { metainfo, root, have } = options;
    const { runtime, shard, events } = this.modules;
    const infoHash = Buffer.from(metainfo.infoHashV1 ?? metainfo.infoHashV2!).toString('hex');
    if (this.torrents.has(infoHash)) {
      throw new AlliumError('BAD_USAGE', `the torrent “${metainfo.name}” is there already`, {
        details: { infoHash },
      });
    }
    const managed = new ManagedTorrent(
      {
        torrent: {
          ...TORRENT_DEFAULTS,
          ...this.options.torrentDefaults,
          ...options.torrent,
          listenPort: this.listening?.port ?? 0,
          root,
          ...(have === undefined ? {} : { have }),
        },
        addedAtMs: options.addedAtMs ?? runtime.clock.wallClock(),
        downloadedBytes: options.downloadedBytes ?? 0,
        uploadedBytes: options.uploadedBytes ?? 0,
        sources: this.options.sources,
        peerId: shard.peerId,
        announced: options.announced ?? [],
      },
      { shard, runtime, metainfo, events, finders: this.finders },
    );
    this.torrents.set(infoHash, managed);
    return managed;
  }

  /** Looks for the metadata of a magnet link. Throws BAD_USAGE when there is something with its info-hash. */
  search(magnet: Magnet): MagnetSearch {
    const { shard, runtime } = this.modules;
    const { sources } = this.options;
    const search = new MagnetSearch(
      { magnet, sources, port: this.listening?.port ?? 0 },
      { shard, runtime, finders: this.finders },
    );
    this.searches.add(search);
    void search.found.catch(() => {}).then(() => this.searches.delete(search));
    return search;
  }

  async remove(infoHash: string): Promise<void> {
    const managed = this.torrents.get(infoHash);
    this.torrents.delete(infoHash);
    await managed?.remove();
  }

  /** Stops all torrents; the shard is closed by its owner. */
  async close(): Promise<void> {
    await Promise.all([...this.searches].map((search) => search.cancel()));
    await Promise.all(this.list().map((managed) => managed.stop()));
    this.transports.close();
  }

  /** How trackers are asked, and who else finds peers. */
  get finders(): PeerFinders {
    return { ...this.modules.finders?.(), transports: this.transports.announce };
  }

  view(): SessionView {
    const { shard, slab, hashes } = this.modules;
    const { slotCount, leasedSlots, leasedSlotsPeak } = slab.stats();
    const { messages, bytes, pending } = hashes.stats;
    return {
      torrents: this.list().map((managed) => managed.view()),
      listening: this.listening === undefined ? '' : `${this.listening.host}:${this.listening.port}`,
      connectionCount: shard.connectionCount,
      closeReasons: Object.fromEntries(shard.closeReasons),
      slab: { slotCount, leasedSlots, leasedSlotsPeak },
      hashing: { messages, bytes, pending },
    };
  }
}
