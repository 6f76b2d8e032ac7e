import type { Endpoint, Timer } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import type { Magnet } from '../magnet/types.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { refusal } from '../torrent/admit.ts';
import { Dialer, type DialerOptions } from '../torrent/dialer.ts';
import { dialableAt, type ExtendedPeer, ExtensionDesk } from '../torrent/extension-desk.ts';
import { keepAlive } from '../torrent/keep-alive.ts';
import type { ExtensionPlug } from '../torrent/plug.ts';
import { EXTENDED_BYTES_MAX } from '../torrent/rules.ts';
import type { ShardHost, ShardSeat } from '../torrent/seat.ts';
import { writeHashRequest } from '../wire/encode.ts';
import type { Handshake, HandshakeFeatures } from '../wire/handshake.ts';
import type { HashRequest, Message } from '../wire/message.ts';
import { HASH_REQUEST_BYTES, MESSAGE_ID } from '../wire/message-id.ts';
import { WIRE_LIMITS_DEFAULT, type WireRules } from '../wire/rules.ts';
import { isInfoOf, metainfoOf } from './found.ts';
import { LayerPlan } from './layer-plan.ts';
import {
  decodeMetadataMessage,
  encodeMetadataRequest,
  METADATA_EXTENSION,
  type MetadataMessage,
} from './message.ts';
import { METADATA_PLAN_DEFAULTS, MetadataPlan, type MetadataPlanOptions } from './plan.ts';

const TICK_MS = 1_000;
/** A peer that has no metadata to give after this makes room for others. */
const USELESS_MS = 30_000;

export interface MetadataSearchOptions extends DialerOptions {
  readonly listenPort: number;
  /** Whose info dictionary; at least one hash. */
  readonly magnet: Pick<Magnet, 'infoHashV1' | 'infoHashV2' | 'trackers' | 'webSeeds'>;
  readonly plan?: Partial<MetadataPlanOptions>;
  /** A hybrid torrent can do without the hashes of BEP 52: how long to wait for them all the same. */
  readonly hybridLayersMs: number;
}

export const METADATA_SEARCH_DEFAULTS: Omit<MetadataSearchOptions, 'magnet'> = {
  peersMax: 30,
  dialsMax: 20,
  candidatesMax: 1000,
  bannedMax: 1000,
  listenPort: 0,
  hybridLayersMs: 10_000,
};

export interface MetadataSearchModules extends ShardSeat {
  readonly plugs?: readonly ExtensionPlug[];
  /** Called once; what it wants of the search it has to take before it returns. The search has stopped. */
  readonly onFound: (metainfo: Metainfo, candidates: readonly Endpoint[]) => void;
  /** The info dictionary is the right one and is no valid torrent. The search has stopped. */
  readonly onError: (error: unknown) => void;
}

interface SearchPeer extends ExtendedPeer {
  readonly sinceMs: number;
  readonly speaksV2: boolean;
  /** It has said that it has the metadata. */
  hasMetadata: boolean;
}

/**
 * A torrent of which no more is known than its hash: talks to peers until it has the info dictionary (BEP 9) and, for
 * v2, the piece layers (BEP 52). Takes nothing of the slab and has nothing to offer.
 */
export class MetadataSearch implements ShardHost {
  readonly infoHashes: readonly Uint8Array[];
  readonly localPeerId: Uint8Array;
  readonly features: HandshakeFeatures;
  readonly rules: Omit<WireRules, 'fast' | 'extended'>;
  readonly have = new Bitfield(0);
  readonly peers = new Map<number, SearchPeer>();
  readonly dialer: Dialer;
  readonly plan: MetadataPlan;
  private readonly options: MetadataSearchOptions;
  private readonly modules: MetadataSearchModules;
  private readonly desk: ExtensionDesk;
  private metainfo: Metainfo | undefined;
  private layers: LayerPlan | undefined;
  private layersSinceMs = 0;
  private ticker: Timer | undefined;
  private stopped = true;

  constructor(options: MetadataSearchOptions, modules: MetadataSearchModules) {
    const { infoHashV1, infoHashV2 } = options.magnet;
    this.options = options;
    this.modules = modules;
    this.localPeerId = modules.localPeerId;
    this.infoHashes = [infoHashV1, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined);
    this.features = { extended: true, fast: true, dht: false, v2: infoHashV2 !== undefined };
    this.rules = {
      limits: { ...WIRE_LIMITS_DEFAULT, extendedBytesMax: EXTENDED_BYTES_MAX },
      pieceCount: undefined,
      pieceByteLength: () => 0,
      hashes: true,
    };
    this.dialer = new Dialer(options, {
      clock: modules.runtime.clock,
      mayDial: modules.mayDial,
      dial: (endpoint) => modules.dial(this, endpoint),
      peerCount: () => this.peers.size,
    });
    this.desk = new ExtensionDesk(
      { listenPort: options.listenPort, own: { [METADATA_EXTENSION]: 2 } },
      { plugs: modules.plugs ?? [] },
    );
    this.plan = new MetadataPlan({ ...METADATA_PLAN_DEFAULTS, ...options.plan }, (info) =>
      isInfoOf(info, options.magnet),
    );
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.dialer.start();
    this.tick();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.ticker?.cancel();
    this.dialer.stop();
    for (const { connection } of this.peers.values()) connection.close('local');
  }

  addCandidates(endpoints: Iterable<Endpoint>): void {
    this.dialer.add(endpoints);
  }

  onDialing(connection: PeerConnection): void {
    this.dialer.onDialing(connection);
  }

  onHandshake(connection: PeerConnection, handshake: Handshake): CloseReason | undefined {
    this.dialer.onGreeted(connection);
    const refused = refusal(this, connection, handshake);
    if (refused !== undefined) return refused;
    if (!connection.extended) return 'no-use';
    this.peers.set(connection.id, {
      connection,
      extensions: new Map(),
      listenPort: undefined,
      client: '',
      uploadOnly: false,
      hasMetadata: false,
      sinceMs: this.modules.runtime.clock.now(),
      speaksV2: handshake.v2 || isShortOf(handshake.infoHash, this.options.magnet.infoHashV2),
    });
    if (connection.fast) connection.sendBare(MESSAGE_ID.haveNone);
    this.desk.sendHandshake(connection);
    if (this.layers !== undefined) this.ask(this.peers.get(connection.id)!);
    return undefined;
  }

  onMessage(connection: PeerConnection, message: Message): void {
    const peer = this.peers.get(connection.id);
    if (peer === undefined) return;
    if (message.kind === 'extended') this.onExtended(peer, message.extension, message.payload);
    else if (message.kind === 'hashes') this.onHashes(peer, message);
    else if (message.kind === 'hash-reject') {
      this.layers?.refused(connection.id, message, this.modules.runtime.clock.now());
    } else if (message.kind === 'hash-request') sendHashMessage(connection, MESSAGE_ID.hashReject, message);
  }

  onClosed(connection: PeerConnection, reason: CloseReason): void {
    const peer = this.peers.get(connection.id);
    this.dialer.onClosed(connection, reason, peer !== undefined);
    if (peer === undefined) return;
    this.peers.delete(connection.id);
    this.plan.removePeer(connection.id);
    this.layers?.removePeer(connection.id);
    this.desk.onGone(peer);
  }

  /** Blocks, requests and disk are for torrents; the rules let none of them through. */
  onBlock(): void {}
  onSent(): void {}
  onReadError(): void {}
  onBatch(): void {}
  mayServe(): boolean {
    return false;
  }
  read(): Promise<void> {
    return Promise.reject(new Error('there are no pieces'));
  }

  private onExtended(peer: SearchPeer, extension: number, payload: Uint8Array): void {
    const { connection } = peer;
    const taken = this.desk.take(peer, extension, payload);
    if (taken?.kind === 'handshake') {
      const { metadataBytes } = taken.handshake;
      const has = metadataBytes !== undefined && (peer.extensions.get(METADATA_EXTENSION) ?? 0) !== 0;
      peer.hasMetadata ||= has;
      if (has && this.metainfo === undefined) this.plan.addPeer(connection.id, metadataBytes);
      this.ask(peer);
      return;
    }
    if (taken === undefined) return;
    const message = decodeMetadataMessage(taken.payload);
    if (message === 'bad-extension') connection.close(message);
    else if (message !== 'unknown') this.onMetadata(peer, message);
  }

  private onMetadata(peer: SearchPeer, message: MetadataMessage): void {
    const { id } = peer.connection;
    if (message.kind === 'request') {
      this.desk.send(peer, METADATA_EXTENSION, encodeMetadataRequest('reject', message.part));
      return;
    }
    if (message.kind === 'reject') {
      this.plan.refused(id, message.part, this.modules.runtime.clock.now());
    } else {
      const verdict = this.plan.take(id, message.part, message.bytes);
      for (const liar of verdict.liars) this.ban(liar);
      if (verdict.kind === 'done') {
        this.onInfo(this.plan.info!);
        return;
      }
    }
    for (const other of this.peers.values()) this.ask(other);
  }

  private onHashes(peer: SearchPeer, message: Extract<Message, { kind: 'hashes' }>): void {
    const { id } = peer.connection;
    const verdict = this.layers?.take(id, message, message.hashes);
    if (verdict === 'bad') this.ban(id);
    if (this.layers?.isDone === true) this.finish();
    else for (const other of this.peers.values()) this.ask(other);
  }

  private ban(id: number): void {
    const connection = this.peers.get(id)?.connection;
    if (connection === undefined) return;
    this.dialer.pool.ban(connection.remote, connection.peerId!);
    connection.close('banned');
  }

  /** Sends this peer what it should be asked now. */
  private ask(peer: SearchPeer): void {
    const { connection } = peer;
    if (this.stopped || !connection.ready) return;
    const now = this.modules.runtime.clock.now();
    if (this.layers === undefined) {
      for (const part of this.plan.next(connection.id, now)) {
        this.desk.send(peer, METADATA_EXTENSION, encodeMetadataRequest('request', part));
      }
      return;
    }
    // Whoever looks for the metadata himself has no layers.
    if (!peer.speaksV2 || !peer.hasMetadata) return;
    for (const request of this.layers.next(connection.id, now)) {
      sendHashMessage(connection, MESSAGE_ID.hashRequest, request);
    }
  }

  private onInfo(rawInfo: Uint8Array): void {
    try {
      this.metainfo = metainfoOf(rawInfo, this.options.magnet);
    } catch (error) {
      void this.stop();
      this.modules.onError(error);
      return;
    }
    if (this.metainfo.version !== 'v1') this.layers = new LayerPlan(this.metainfo);
    this.layersSinceMs = this.modules.runtime.clock.now();
    if (this.layers === undefined || this.layers.isDone || this.isNotWorthWaiting()) this.finish();
    else for (const peer of this.peers.values()) this.ask(peer);
  }

  /** The pieces of a hybrid torrent can be checked without the hashes of BEP 52, and not every peer has those. */
  private isNotWorthWaiting(): boolean {
    if (this.metainfo?.version !== 'hybrid') return false;
    const waitedMs = this.modules.runtime.clock.now() - this.layersSinceMs;
    const anybody = [...this.peers.values()].some((peer) => peer.speaksV2 && peer.hasMetadata);
    return !anybody || waitedMs >= this.options.hybridLayersMs;
  }

  private finish(): void {
    const metainfo = this.metainfo!;
    const pieceLayers = this.layers?.isDone === true ? this.layers.layers() : metainfo.pieceLayers;
    const candidates = this.candidates();
    void this.stop();
    this.modules.onFound({ ...metainfo, pieceLayers }, candidates);
  }

  /** Peers that are connected first, then the other known addresses. */
  private candidates(): Endpoint[] {
    const connected = [...this.peers.values()].map(dialableAt).filter((endpoint) => endpoint !== undefined);
    return [...connected, ...this.dialer.pool.endpoints()];
  }

  private tick(): void {
    if (this.stopped) return;
    const { clock } = this.modules.runtime;
    this.ticker = clock.setTimer(TICK_MS, () => this.tick());
    const now = clock.now();
    this.plan.expire(now);
    this.layers?.expire(now);
    for (const peer of this.peers.values()) {
      keepAlive(peer.connection, now);
      const isUseless = !this.plan.knows(peer.connection.id) && this.layers === undefined;
      if (isUseless && now - peer.sinceMs > USELESS_MS) peer.connection.close('no-use');
      else this.ask(peer);
    }
    this.desk.tick(now, () => this.peers.values());
    if (this.layers !== undefined && this.isNotWorthWaiting()) this.finish();
    else this.dialer.dialMore();
  }
}

function sendHashMessage(connection: PeerConnection, id: 21 | 23, request: HashRequest): void {
  const box = connection.outbox;
  box.commit(writeHashRequest(box.reserve(5 + HASH_REQUEST_BYTES), box.at, id, request));
}

function isShortOf(hash: Uint8Array, infoHashV2: Uint8Array | undefined): boolean {
  return infoHashV2 !== undefined && Buffer.compare(hash, infoHashV2.subarray(0, 20)) === 0;
}
