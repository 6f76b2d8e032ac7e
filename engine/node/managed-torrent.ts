import { Bitfield } from '../bittorrent/bitfield.ts';
import { isInSpans } from '../bittorrent/magnet/file-spans.ts';
import type { FileSpan } from '../bittorrent/magnet/types.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { PRIORITY_SKIP } from '../bittorrent/picker/types.ts';
import type { TorrentOptions } from '../bittorrent/torrent/options.ts';
import type { Shard } from '../bittorrent/torrent/shard.ts';
import type { Torrent, TorrentEvents } from '../bittorrent/torrent/torrent.ts';
import { fileIndex, type PieceIndex } from '../bittorrent/units.ts';
import { webSeedsOf } from '../bittorrent/web-seed/addresses.ts';
import { WebSeeds } from '../bittorrent/web-seed/web-seeds.ts';
import type { AnnounceHandover, AnnouncerStatus } from '../discovery/tracker/announcer.ts';
import type { Endpoint, Runtime } from '../runtime/port.ts';
import type { PeerFinders } from './sources/finders.ts';
import { PeerSources } from './sources/peer-sources.ts';
import type { SourceSettings } from './sources/source-rules.ts';
import type { TorrentState, TorrentView } from './view.ts';

export interface ManagedTorrentOptions {
  readonly torrent: TorrentOptions;
  readonly addedAtMs: number;
  /** Counters of earlier runs. */
  readonly downloadedBytes?: number;
  readonly uploadedBytes?: number;
  /** Where its peers may come from. */
  readonly sources: SourceSettings;
  readonly peerId: Uint8Array;
  /** Who has told the trackers so far, for each info-hash. */
  readonly announced?: readonly (AnnounceHandover | undefined)[];
}

/** What the owner of a torrent wants to hear. */
export interface ManagedTorrentEvents {
  onPiece?(torrent: ManagedTorrent, piece: PieceIndex): void;
  onDone?(torrent: ManagedTorrent): void;
  onState?(torrent: ManagedTorrent): void;
}

export interface ManagedTorrentModules {
  readonly shard: Shard;
  readonly runtime: Runtime;
  readonly metainfo: Metainfo;
  readonly finders: PeerFinders;
  readonly events: ManagedTorrentEvents;
}

/** A torrent and the state a user knows it by: checked first, then downloading or seeding, or stopped with a reason. */
export class ManagedTorrent {
  readonly torrent: Torrent;
  readonly metainfo: Metainfo;
  readonly addedAtMs: number;
  private readonly options: ManagedTorrentOptions;
  private readonly modules: ManagedTorrentModules;
  private readonly sources: PeerSources;
  private readonly webSeeds: WebSeeds;
  private currentState: TorrentState = 'stopped';
  private error: Error | undefined;
  private piecesChecked = 0;
  private cancelCheck = false;
  /** Counts what was begun: an answer of the disk that comes after the next command is not acted upon. */
  private life = 0;
  private announced: readonly (AnnounceHandover | undefined)[];
  private checking: Promise<void> | undefined;

  /** Throws when the shard has this torrent already. */
  constructor(options: ManagedTorrentOptions, modules: ManagedTorrentModules) {
    this.options = options;
    this.modules = modules;
    this.metainfo = modules.metainfo;
    this.addedAtMs = options.addedAtMs;
    this.announced = options.announced ?? [];
    const { metainfo } = modules;
    this.sources = new PeerSources(
      {
        infoHashes: [metainfo.infoHashV1, metainfo.infoHashV2].filter((hash) => hash !== undefined),
        tiers: metainfo.trackers,
        isPrivate: metainfo.isPrivate,
        peerId: options.peerId,
        port: options.torrent.listenPort,
        wanted: options.sources,
      },
      {
        ...modules,
        totals: () => this.totals(),
        isSeed: () => this.torrent.picker.isDone,
        onPeers: (peers, via) => this.torrent.addCandidates(peers, via),
      },
    );
    const dhtPort = this.sources.uses.dht ? (modules.finders.dhtPort ?? 0) : 0;
    this.torrent = modules.shard.add(
      { ...options.torrent, dhtPort },
      metainfo,
      this.torrentEvents(),
      this.sources.plugs,
    );
    this.webSeeds = new WebSeeds(options.sources.webSeeds === false ? [] : webSeedsOf(metainfo), {
      runtime: modules.runtime,
      torrent: this.torrent,
      admit: (open) => modules.shard.admit(open),
    });
  }

  get state(): TorrentState {
    return this.currentState;
  }

  /** Why it is in state `error`. */
  get failure(): Error | undefined {
    return this.error;
  }

  get infoHash(): string {
    return Buffer.from(this.metainfo.infoHashV1 ?? this.metainfo.infoHashV2!).toString('hex');
  }

  get have(): Bitfield {
    return this.torrent.have;
  }

  get downloadedBytes(): number {
    return (this.options.downloadedBytes ?? 0) + this.torrent.downRate.totalBytes;
  }

  get uploadedBytes(): number {
    return (this.options.uploadedBytes ?? 0) + this.torrent.upRate.totalBytes;
  }

  /** Joins the swarm with what is known to be verified. */
  async start(): Promise<void> {
    if (this.currentState === 'downloading' || this.currentState === 'seeding') return;
    this.error = undefined;
    const life = ++this.life;
    try {
      await this.torrent.storage.prepare();
    } catch (error) {
      if (life === this.life) this.fail(error);
      return;
    }
    if (life !== this.life) return;
    this.enter(this.torrent.picker.isDone ? 'seeding' : 'downloading');
    this.torrent.start();
    this.sources.start(this.announced);
    this.announced = [];
    this.webSeeds.start();
  }

  /** Joins the swarm to serve what is verified; what is missing is not fetched and not written. */
  async seedOnly(): Promise<void> {
    const { picker, have } = this.torrent;
    for (const piece of have.missing()) picker.setPriority(piece, PRIORITY_SKIP);
    this.enter('seeding');
    this.torrent.start();
    this.sources.start();
  }

  /** Leaves it in state `error`: something has to be done first. */
  hold(error: Error): void {
    this.fail(error);
  }

  /** Reads and hashes what is on the disk, all of it or some pieces. The torrent must not be running. */
  async check(onProgress?: (done: number) => void, pieces?: Iterable<PieceIndex>): Promise<void> {
    const life = ++this.life;
    this.cancelCheck = false;
    await this.torrent.stop();
    if (life !== this.life) return;
    this.piecesChecked = 0;
    this.enter('checking');
    this.checking = this.torrent.recheck({
      ...(pieces === undefined ? {} : { pieces }),
      isCancelled: () => this.cancelCheck,
      onProgress: (done) => {
        this.piecesChecked = done;
        onProgress?.(done);
      },
    });
    try {
      await this.checking;
      this.enter('stopped');
    } catch (error) {
      this.fail(error);
    } finally {
      this.checking = undefined;
    }
  }

  async stop(): Promise<void> {
    this.life++;
    this.cancelCheck = true;
    this.webSeeds.stop();
    await this.checking?.catch(() => {});
    await Promise.all([this.torrent.stop(), this.sources.stop()]);
    if (this.currentState !== 'error') this.enter('stopped');
  }

  /** Stops it without a goodbye to the trackers: somebody else goes on with what is returned, for each info-hash. */
  async sleep(): Promise<readonly (AnnounceHandover | undefined)[]> {
    this.life++;
    const announced = this.sources.release();
    this.webSeeds.stop();
    await this.torrent.stop();
    if (this.currentState !== 'error') this.enter('stopped');
    return announced;
  }

  /** What the trackers say, for each info-hash. */
  get trackerStatus(): readonly AnnouncerStatus[] {
    return this.sources.trackerStatus;
  }

  /** As soon as the trackers allow. */
  announceSoon(): void {
    this.sources.announceSoon();
  }

  /** Stops it and takes it off the shard. */
  async remove(): Promise<void> {
    await this.stop();
    await this.modules.shard.remove(this.torrent);
  }

  /** BEP 53: downloads these files only; counted from 0 in the order of the torrent, padding included. */
  selectFiles(spans: readonly FileSpan[]): void {
    const { picker, layout } = this.torrent;
    const wanted = new Bitfield(this.metainfo.pieceCount);
    for (const [index, file] of this.metainfo.files.entries()) {
      if (file.byteLength === 0 || file.isPadding || !isInSpans(index, spans)) continue;
      const { first, end } = layout.piecesOf(fileIndex(index));
      for (let piece: number = first; piece < end; piece++) wanted.set(piece);
    }
    for (const piece of wanted.missing()) picker.setPriority(piece, PRIORITY_SKIP);
  }

  addPeers(endpoints: Iterable<Endpoint>): void {
    this.torrent.addCandidates(endpoints);
  }

  view(): TorrentView {
    const { torrent, metainfo } = this;
    const now = this.modules.runtime.clock.now();
    const done = this.currentState === 'checking' ? this.piecesChecked : torrent.have.count;
    return {
      infoHash: this.infoHash,
      name: metainfo.name,
      state: this.currentState,
      error: this.error?.message ?? '',
      totalBytes: metainfo.contentBytes,
      pieceCount: metainfo.pieceCount,
      pieceDoneCount: done,
      progress: metainfo.pieceCount === 0 ? 1 : done / metainfo.pieceCount,
      downBytesPerSec: torrent.downRate.bytesPerSec(now),
      upBytesPerSec: torrent.upRate.bytesPerSec(now),
      downloadedBytes: this.downloadedBytes,
      uploadedBytes: this.uploadedBytes,
      peerCount: torrent.peers.size,
      root: this.options.torrent.root,
      addedAtMs: this.addedAtMs,
    };
  }

  private torrentEvents(): TorrentEvents {
    const { events } = this.modules;
    return {
      onPiece: (piece) => events.onPiece?.(this, piece),
      onDone: () => {
        // A torrent that has nothing to fetch when it starts has not been completed here.
        if (this.currentState === 'downloading') {
          this.enter('seeding');
          // BEP 3: a part of the files is not the whole.
          if (this.have.isFull) this.sources.completed();
        }
        events.onDone?.(this);
      },
      onUndone: () => this.enter('downloading'),
      onError: (error) => this.fail(error),
      onDhtNode: (endpoint) => this.sources.onDhtNode(endpoint),
    };
  }

  private totals() {
    const { downRate, upRate, have } = this.torrent;
    const missing = this.metainfo.pieceCount - have.count;
    const left = Math.min(this.metainfo.contentBytes, missing * this.metainfo.pieceLength);
    return { uploaded: upRate.totalBytes, downloaded: downRate.totalBytes, left };
  }

  private fail(error: unknown): void {
    this.error = error instanceof Error ? error : new Error(String(error));
    this.enter('error');
    this.webSeeds.stop();
    void this.sources.stop();
  }

  private enter(state: TorrentState): void {
    if (this.currentState === state) return;
    this.currentState = state;
    this.modules.events.onState?.(this);
  }
}
