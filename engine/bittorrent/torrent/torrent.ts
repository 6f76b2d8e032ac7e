import type { Lease } from '../../kernels/lease.ts';
import { BLOCK_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { Endpoint, Timer } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import { RateMeter } from '../choker/rate-meter.ts';
import { Downloader } from '../download/downloader.ts';
import { PieceCheck } from '../download/piece-check.ts';
import type { HolePunch } from '../holepunch/hole-punch.ts';
import { joinHolePunch } from '../holepunch/join.ts';
import { Layout } from '../layout.ts';
import type { TorrentLimits } from '../limits/torrent-limits.ts';
import { MetadataResponder } from '../metadata/responder.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { PeerConnection } from '../peer/connection.ts';
import type { InboundRun } from '../peer/inbound-run.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { Picker } from '../picker/picker.ts';
import { type BorrowedExtent, TorrentStorage } from '../storage/torrent-storage.ts';
import { SuperSeed } from '../super-seed.ts';
import type { BlockOffset, PieceIndex } from '../units.ts';
import { HAVE_FRAME_BYTES, writeHave } from '../wire/encode.ts';
import type { Handshake, HandshakeFeatures } from '../wire/handshake.ts';
import type { Message } from '../wire/message.ts';
import type { WireRules } from '../wire/rules.ts';
import { refusal } from './admit.ts';
import { ChokeLoop } from './choke-loop.ts';
import { ChosenFiles } from './chosen-files.ts';
import { Dialer } from './dialer.ts';
import type { PieceListener, TorrentEvents } from './events.ts';
import { ExtensionDesk } from './extension-desk.ts';
import { OWN_EXTENSIONS } from './extensions.ts';
import { HashResponder } from './hash-responder.ts';
import { keepAlive } from './keep-alive.ts';
import { sendGreeting, takeMessage } from './messages.ts';
import type { TorrentOptions } from './options.ts';
import type { PeerPool } from './peer-pool.ts';
import { PeerTrust } from './peer-trust.ts';
import type { ExtensionPlug } from './plug.ts';
import { allPieces, type RecheckOptions, recheck } from './recheck.ts';
import { RoomMaker } from './room-maker.ts';
import { partialsMaxOf, rulesOf } from './rules.ts';
import type { ShardHost, ShardSeat } from './seat.ts';
import { surplus } from './surplus.ts';
import { TorrentPeer } from './torrent-peer.ts';

const TICK_MS = 1_000;
/** Share of the slab that whole pieces may take while they wait for their hash or for the disk. */
const UNDER_CHECK_SLAB_SHARE = 0.125;

export type { TorrentEvents };

export interface TorrentModules extends ShardSeat {
  readonly metainfo: Metainfo;
  readonly events: TorrentEvents;
  /** Extensions from other rooms. */
  readonly plugs?: readonly ExtensionPlug[];
}

/** One torrent: its peers, what it has, and the parts that decide. Effects are in the parts; this joins them. */
export class Torrent implements ShardHost {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly storage: TorrentStorage;
  readonly picker: Picker;
  readonly downloader: Downloader;
  readonly check: PieceCheck;
  readonly infoHashes: readonly Uint8Array[];
  readonly localPeerId: Uint8Array;
  readonly features: HandshakeFeatures;
  readonly rules: Omit<WireRules, 'fast' | 'extended'>;
  readonly peers = new Map<number, TorrentPeer>();
  readonly dialer: Dialer;
  readonly options: TorrentOptions;
  readonly downRate: RateMeter;
  readonly upRate: RateMeter;
  readonly modules: TorrentModules;
  readonly hashResponder: HashResponder;
  readonly metadata: MetadataResponder;
  readonly desk: ExtensionDesk;
  /** BEP 55; only where there is uTP. */
  readonly punch: HolePunch | undefined;
  readonly room: RoomMaker;
  /** Rate limits. */
  readonly limits: TorrentLimits;
  /** Which files are wanted; to be changed by {@link choose}. */
  readonly files: ChosenFiles;
  /** Those that want to hear of every piece, besides its owner. */
  readonly listeners = new Set<PieceListener>();
  /** BEP 16; only while it runs and has everything. */
  superSeed: SuperSeed | undefined;
  private readonly chokeLoop: ChokeLoop;
  private readonly trust: PeerTrust;
  private ticker: Timer | undefined;
  private stopped = true;
  private announcedDone = false;

  constructor(options: TorrentOptions, modules: TorrentModules) {
    const { metainfo, runtime, slab } = modules;
    const { clock, random } = runtime;
    this.options = options;
    this.modules = modules;
    this.metainfo = metainfo;
    this.localPeerId = modules.localPeerId;
    this.layout = new Layout(metainfo);
    this.storage = new TorrentStorage(options, { ...modules, layout: this.layout, files: runtime.files });
    this.picker = new Picker(
      {
        pieceCount: metainfo.pieceCount,
        blocksIn: (piece) => Math.ceil(this.layout.pieceLengthOf(piece) / BLOCK_BYTES),
        partialsMax: partialsMaxOf(metainfo, slab),
        ...(options.have === undefined ? {} : { have: options.have }),
      },
      { random },
    );
    this.infoHashes = [metainfo.infoHashV1, metainfo.infoHashV2?.subarray(0, 20)].filter(
      (hash) => hash !== undefined,
    );
    const [dht, v2] = [options.dhtPort !== 0, metainfo.version !== 'v1'];
    this.features = { extended: true, fast: true, dht, v2 };
    this.rules = rulesOf(metainfo, this.layout);
    this.dialer = new Dialer(options, {
      clock,
      mayDial: modules.mayDial,
      dial: (endpoint, by) => modules.dial(this, endpoint, by),
      onUnreachable: (endpoint, introducers) => this.punch?.unreachable(endpoint, introducers),
      peerCount: () => this.peers.size,
    });
    this.downRate = new RateMeter(clock.now());
    this.upRate = new RateMeter(clock.now());
    this.chokeLoop = new ChokeLoop(options.choker, {
      clock,
      random,
      peers: this.peers,
      mode: () => (this.picker.isDone ? 'seed' : 'leech'),
    });
    this.limits = modules.limits.forTorrent();
    this.files = new ChosenFiles({ metainfo, layout: this.layout, picker: this.picker });
    this.check = new PieceCheck({ metainfo, layout: this.layout, hashes: modules.hashes });
    this.trust = new PeerTrust({
      hashes: modules.hashes,
      picker: this.picker,
      pool: this.pool,
      peers: this.peers,
    });
    this.metadata = new MetadataResponder(metainfo.rawInfo);
    this.punch = joinHolePunch(this);
    this.room = new RoomMaker({ clock, peers: this.peers, own: () => this.dialer.own });
    const plugs = [...(modules.plugs ?? []), this.punch].filter((plug) => plug !== undefined);
    this.desk = new ExtensionDesk({ ...options, own: OWN_EXTENSIONS }, { plugs });
    this.hashResponder = new HashResponder({
      ...modules,
      layout: this.layout,
      storage: this.storage,
      has: (piece) => this.have.has(piece),
    });
    this.downloader = new Downloader(
      {
        snubAfterMs: options.choker.snubMs,
        pipelineBlocksMax: options.pipelineBlocksMax,
        underCheckBytesMax: slab.slotCount * SLOT_BYTES * UNDER_CHECK_SLAB_SHARE,
      },
      {
        picker: this.picker,
        layout: this.layout,
        slab,
        storage: this.storage,
        check: this.check,
        clock,
        onVerified: (piece) => this.onVerified(piece),
        onPassed: (assembly) => this.trust.onPassed(assembly),
        onFailed: (assembly) => this.trust.onFailed(assembly),
        onError: (error) => this.onError(error),
      },
    );
  }

  /** Verified pieces. */
  get have(): Bitfield {
    return this.picker.complete;
  }

  get pool(): PeerPool {
    return this.dialer.pool;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.announcedDone &&= this.picker.isDone;
    const { pieceCount } = this.metainfo;
    const isSuper = this.options.superSeed && this.have.isFull;
    this.superSeed = isSuper ? new SuperSeed({ pieceCount }, this.modules.runtime) : undefined;
    this.downloader.start();
    this.chokeLoop.start();
    this.dialer.start();
    this.tick();
    if (this.picker.isDone) this.announceDone();
  }

  /**
   * Looks at what is on the disk, all pieces or some: right ones are taken as verified, others as missing. Only
   * while stopped. `onProgress` hears how many pieces have been looked at.
   */
  async recheck(options: Partial<RecheckOptions> = {}): Promise<void> {
    if (!this.stopped) throw new Error('a running torrent cannot be rechecked');
    const pieces = [...(options.pieces ?? allPieces(this.metainfo.pieceCount))];
    const found = await recheck(
      { ...options, pieces },
      { slab: this.modules.slab, storage: this.storage, layout: this.layout, check: this.check },
    );
    await this.storage.close();
    if (options.isCancelled?.() === true) return;
    for (const piece of pieces) {
      if (found.has(piece)) this.picker.pieceVerified(piece);
      else this.picker.pieceLost(piece);
    }
    this.files.recount();
  }

  /** Another choice of files, by index; what is not named is wanted. May be called at any time. */
  choose(wishes: Uint8Array): void {
    this.files.set(wishes);
    if (this.stopped) return;
    this.downloader.dropUnwanted();
    for (const peer of [...this.peers.values()]) this.updateInterest(peer);
    if (this.picker.isDone) this.announceDone();
    else if (this.announcedDone) this.announceUndone();
  }

  /** Closes all connections and files. Slots go back as soon as the sockets let go of them. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.ticker?.cancel();
    this.chokeLoop.stop();
    this.dialer.stop();
    this.downloader.stop();
    for (const peer of this.peers.values()) peer.connection.close('local');
    for (const listener of [...this.listeners]) listener.onStopped();
    await this.storage.close();
  }

  /** How many peers may be connected, and served, at once, from now on. Those too many go, or are choked. */
  setRoom(room: { readonly peersMax?: number; readonly uploadSlots?: number }): void {
    const peersMax = room.peersMax ?? this.dialer.peersMax;
    this.dialer.peersMax = peersMax;
    for (const peer of surplus(this.peers.values(), peersMax, this.modules.runtime.clock.now()))
      peer.connection.close('too-many-peers');
    if (room.uploadSlots !== undefined) this.chokeLoop.setSlots(room.uploadSlots);
    this.dialer.dialMore();
  }

  /** Addresses from a tracker, a user or other peers. `via`: the peer that has told of them. */
  addCandidates(endpoints: Iterable<Endpoint>, via?: Endpoint): void {
    this.dialer.add(endpoints, via);
  }

  onHandshake(connection: PeerConnection, handshake: Handshake): CloseReason | undefined {
    this.dialer.onGreeted(connection);
    const refused = refusal(this, connection, handshake);
    if (refused !== undefined) return refused;
    connection.pieces = new Bitfield(this.metainfo.pieceCount);
    const peer = new TorrentPeer(
      { nowMs: this.modules.runtime.clock.now() },
      { connection, download: this.downloader.addPeer(connection) },
    );
    this.peers.set(connection.id, peer);
    this.limits.add(connection);
    sendGreeting(this, peer, handshake);
    return undefined;
  }

  onMessage(connection: PeerConnection, message: Message): void {
    const peer = this.peers.get(connection.id);
    if (peer !== undefined) takeMessage(this, peer, message);
  }

  onBlock(connection: PeerConnection, run: InboundRun, index: number, slot: Lease): void {
    const peer = this.peers.get(connection.id);
    if (peer === undefined) return;
    const now = this.modules.runtime.clock.now();
    peer.downRate.add(run.bytesOf(index), now);
    this.downRate.add(run.bytesOf(index), now);
    this.downloader.onBlock(peer.download, run, index, slot);
  }

  onBatch(connection: PeerConnection): void {
    const peer = this.peers.get(connection.id);
    if (peer !== undefined) this.downloader.fill(peer.download);
  }

  mayServe(connection: PeerConnection, piece: PieceIndex): boolean {
    if (!this.have.has(piece)) return false;
    return !connection.amChoking || this.peers.get(connection.id)?.fastPieces.has(piece) === true;
  }

  onSent(connection: PeerConnection, byteLength: number): void {
    const now = this.modules.runtime.clock.now();
    this.peers.get(connection.id)?.upRate.add(byteLength, now);
    this.upRate.add(byteLength, now);
  }

  onReadError(_connection: PeerConnection, _piece: PieceIndex, error: unknown): void {
    this.onError(error);
  }

  read(piece: PieceIndex, begin: BlockOffset, targets: readonly Uint8Array[]): Promise<void> | undefined {
    if (this.storage.readNow(piece, begin, targets)) return undefined;
    return this.storage.read(piece, begin, targets);
  }

  borrow(piece: PieceIndex, begin: BlockOffset, byteLength: number): BorrowedExtent | undefined {
    return this.storage.borrow(piece, begin, byteLength);
  }

  onClosed(connection: PeerConnection, reason: CloseReason): void {
    const peer = this.peers.get(connection.id);
    this.dialer.onClosed(connection, reason, peer !== undefined);
    this.modules.events.onClosed?.(reason);
    if (peer === undefined) return;
    this.trust.onGone(peer);
    this.desk.onGone(peer);
    this.superSeed?.gone(connection.id);
    this.limits.remove(connection);
    this.peers.delete(connection.id);
    this.downloader.removePeer(peer.download);
  }

  /** A peer's wish to be served has changed. */
  onInterest(peer: TorrentPeer): void {
    if (peer.connection.peerInterested) this.chokeLoop.onInterested(peer);
  }

  /** Says whether this side wants something of the peer; a peer neither side has use for is let go. */
  updateInterest(peer: TorrentPeer): void {
    const { connection } = peer;
    const interested = this.picker.interesting(peer.download.picking);
    connection.setInterested(interested);
    const peerDone = peer.uploadOnly || connection.pieces?.isFull === true;
    if (!interested && this.picker.isDone && peerDone) connection.close('no-use');
  }

  private tick(): void {
    if (this.stopped) return;
    this.ticker = this.modules.runtime.clock.setTimer(TICK_MS, () => this.tick());
    const now = this.modules.runtime.clock.now();
    for (const { connection } of this.peers.values()) keepAlive(connection, now);
    this.downloader.tick();
    this.desk.tick(now, () => this.peers.values());
    this.dialer.dialMore();
  }

  onDialing(connection: PeerConnection): void {
    this.dialer.onDialing(connection);
  }

  private onVerified(piece: PieceIndex): void {
    if (this.stopped) return;
    // First of all: what is told to peers must already be remembered.
    this.modules.events.onPiece?.(piece);
    this.files.verified(piece);
    for (const listener of this.listeners) listener.onPiece(piece);
    for (const peer of this.peers.values()) {
      const { connection } = peer;
      if (!connection.ready) continue;
      // Seeders do not care; others hear it even if they have the piece: a super-seeder waits for it (BEP 16).
      if (connection.pieces?.isFull !== true) {
        const box = connection.outbox;
        box.commit(writeHave(box.reserve(HAVE_FRAME_BYTES), box.at, piece));
      }
      if (peer.download.picking.wantedCount === 0) this.updateInterest(peer);
    }
    if (this.picker.isDone) this.announceDone();
  }

  private announceDone(): void {
    if (this.announcedDone) return;
    this.announcedDone = true;
    this.modules.events.onDone?.();
  }

  private announceUndone(): void {
    this.announcedDone = false;
    this.pool.forgive();
    this.dialer.dialMore();
    this.downloader.fillAll();
    this.modules.events.onUndone?.();
  }

  private onError(error: unknown): void {
    if (this.stopped) return;
    void this.stop();
    this.modules.events.onError?.(error);
  }
}
