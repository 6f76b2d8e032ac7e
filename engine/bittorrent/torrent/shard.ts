import { hex } from '../../codec/hex.ts';
import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { ByteStream, Endpoint, Listener, Runtime, StreamHandler } from '../../runtime/port.ts';
import { LimitTree } from '../limits/limit-tree.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { PeerEncryption, type PeerEncryptionOptions } from '../mse/peer-encryption.ts';
import { PeerConnection } from '../peer/connection.ts';
import type { ConnectionModules } from '../peer/connection-options.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { ReceiveMemory } from '../peer/receive-memory.ts';
import { SendTurns } from '../peer/send-turns.ts';
import { FileCache } from '../storage/file-cache.ts';
import { DialRace } from '../transport/dial-race.ts';
import type { Transport, TransportName } from '../transport/transport.ts';
import type { TorrentOptions } from './options.ts';
import type { ExtensionPlug } from './plug.ts';
import type { ShardHost, ShardSeat } from './seat.ts';
import { Torrent, type TorrentEvents } from './torrent.ts';

export interface ShardOptions extends PeerEncryptionOptions {
  /** 20 bytes; BEP 20: the first eight name the program. */
  readonly peerId: Uint8Array;
  /** Open connections of all torrents. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** With several transports: how long one of them is tried alone before the next one is tried beside it. */
  readonly headStartMs: number;
  readonly requestQueueMax: number;
  readonly openFilesMax: number;
}

export const SHARD_DEFAULTS: Omit<ShardOptions, 'peerId'> = {
  connectionsMax: 2000,
  connectTimeoutMs: 10_000,
  headStartMs: 1500,
  requestQueueMax: 2000,
  openFilesMax: 256,
  encryption: 'off',
  encryptionTimeoutMs: 8_000,
  encryptionHandshakesMax: 256,
};

export interface ShardModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly hashes: HashService;
  /** How peers are reached, in the order they are tried; all of them listen. TCP alone unless said otherwise. */
  readonly transports?: readonly Transport[];
}

/** Torrents that are known to a shard and not in memory: they are only there when somebody calls. */
export interface Sleepers {
  /** `key`: the first 20 bytes of the info-hash in hexadecimal. */
  has(key: string): boolean;
  /** Resolves when the shard has the torrent, or will not have it. Never rejects. */
  wake(key: string): Promise<void>;
}

/**
 * One event loop with its sockets and torrents. It owns the listening port, tells incoming connections apart by their
 * info-hash, and lends every torrent what they share: slab, hashing, open files, receive memory. No state outside.
 */
export class Shard {
  readonly memory: ReceiveMemory;
  readonly cache: FileCache;
  readonly encryption: PeerEncryption;
  /** Rate limits of its torrents. */
  readonly limits: LimitTree;
  readonly closeReasons = new Map<CloseReason, number>();
  private readonly options: ShardOptions;
  private readonly modules: ShardModules;
  private readonly connectionModules: ConnectionModules;
  private readonly hosts = new Map<string, ShardHost>();
  private readonly connections = new Set<PeerConnection>();
  private readonly transports: readonly Transport[];
  private readonly listeners: Listener[] = [];
  private nextId = 1;
  private connectionsMax: number;
  /** Asked for a torrent that somebody calls for and the shard does not have. */
  sleepers: Sleepers | undefined;

  constructor(options: ShardOptions, modules: ShardModules) {
    this.options = options;
    this.modules = modules;
    this.connectionsMax = options.connectionsMax;
    const { network } = modules.runtime;
    this.transports = modules.transports ?? [
      {
        name: 'tcp',
        connect: (to, handler, how) => network.connect(to, handler, how),
        listen: (at, accept) => network.listen(at, accept),
      },
    ];
    this.memory = new ReceiveMemory({ slab: modules.slab.bytes });
    this.cache = new FileCache(options, modules.runtime);
    this.limits = new LimitTree(modules.runtime);
    this.encryption = new PeerEncryption(options, { ...modules.runtime, slab: modules.slab });
    this.connectionModules = {
      memory: this.memory,
      slab: modules.slab,
      clock: modules.runtime.clock,
      turns: new SendTurns(modules.runtime),
      lookup: (infoHash) => this.find(infoHash) ?? this.findSleeper(infoHash),
      onClosed: (connection, reason) => this.onClosed(connection, reason),
    };
  }

  get peerId(): Uint8Array {
    return this.options.peerId;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Open connections of all torrents from now on; of those too many, the ones that have been silent for longest go. */
  setConnectionsMax(connectionsMax: number): void {
    this.connectionsMax = connectionsMax;
    const surplus = this.connections.size - connectionsMax;
    if (surplus <= 0) return;
    const silentFirst = [...this.connections].sort((a, b) => a.lastReadMs - b.lastReadMs);
    for (const connection of silentFirst.slice(0, surplus)) connection.close('too-many-peers');
  }

  /** Where it listens, undefined when it does not. */
  get local(): Endpoint | undefined {
    return this.listeners.find(({ local }) => local.port !== 0)?.local;
  }

  /** Opens the port, the same one for every transport. */
  async listen(at: Endpoint): Promise<Endpoint> {
    let { port } = at;
    try {
      for (const transport of this.transports) {
        const listener = await transport.listen({ host: at.host, port }, (stream) =>
          this.accept(stream, transport.name),
        );
        this.listeners.push(listener);
        if (port === 0) port = listener.local.port;
      }
    } catch (error) {
      await this.closeListeners();
      throw error;
    }
    return this.local ?? this.listeners[0]!.local;
  }

  /** A torrent of this shard, not started. Throws when it has one with this info-hash. */
  add(
    options: TorrentOptions,
    metainfo: Metainfo,
    events: TorrentEvents,
    plugs: readonly ExtensionPlug[] = [],
  ): Torrent {
    return this.host((seat) => new Torrent(options, { ...seat, metainfo, events, plugs }));
  }

  /** Takes on what `make` makes. Throws when there is something with one of its info-hashes. */
  host<T extends ShardHost>(make: (seat: ShardSeat) => T): T {
    const made = make({
      ...this.modules,
      cache: this.cache,
      limits: this.limits,
      localPeerId: this.options.peerId,
      mayDial: () => this.connections.size < this.connectionsMax,
      dial: (owner, endpoint, by) => this.dial(owner, endpoint, by),
      hasUtp: this.transports.some(({ name }) => name === 'utp'),
    });
    for (const hash of made.infoHashes) {
      if (this.hosts.has(keyOf(hash))) throw new Error(`torrent ${keyOf(hash)} is there already`);
    }
    for (const hash of made.infoHashes) {
      this.hosts.set(keyOf(hash), made);
      this.encryption.torrents.add(hash);
    }
    return made;
  }

  /** Stops it and forgets it. */
  async remove(host: ShardHost): Promise<void> {
    for (const hash of host.infoHashes) {
      if (this.hosts.get(keyOf(hash)) !== host) continue;
      this.hosts.delete(keyOf(hash));
      if (this.sleepers?.has(keyOf(hash)) !== true) this.encryption.torrents.remove(hash);
    }
    await host.stop();
  }

  /** Stops everything and closes all sockets and files. */
  async close(): Promise<void> {
    await this.closeListeners();
    await Promise.all([...new Set(this.hosts.values())].map((host) => this.remove(host)));
    for (const connection of this.connections) connection.close('local');
    await this.cache.close();
  }

  private find(infoHash: Uint8Array): ShardHost | undefined {
    const host = this.hosts.get(keyOf(infoHash));
    return host === undefined || host.isStopped ? undefined : host;
  }

  private findSleeper(infoHash: Uint8Array): Promise<ShardHost | undefined> | undefined {
    const key = keyOf(infoHash);
    if (this.sleepers?.has(key) !== true) return undefined;
    return this.sleepers.wake(key).then(() => this.find(infoHash));
  }

  private accept(stream: ByteStream, by: TransportName): StreamHandler | undefined {
    if (this.connections.size >= this.connectionsMax) {
      this.count('too-many-peers');
      return undefined;
    }
    const connection = this.connection('incoming');
    connection.transport = by;
    return this.encryption.accept(connection, stream);
  }

  /**
   * Takes in a peer that lives in this process and greets as a caller does; `open` makes its stream. False: there is no
   * room.
   */
  admit(open: (owner: StreamHandler) => ByteStream): boolean {
    if (this.connections.size >= this.connectionsMax) return false;
    const connection = this.connection('incoming');
    connection.transport = 'web';
    connection.attach(open(connection));
    return true;
  }

  private dial(host: ShardHost, endpoint: Endpoint, by?: TransportName): void {
    const connection = this.connection('outgoing', host);
    host.onDialing(connection);
    this.encryption.dial(connection, host.infoHashes[0]!, (owner) =>
      this.connect(endpoint, owner, by, (name) => {
        connection.transport = name;
      }),
    );
  }

  /** By the only transport there is, or by whichever comes about. */
  private connect(
    endpoint: Endpoint,
    owner: StreamHandler,
    by: TransportName | undefined,
    onWon: (name: TransportName) => void,
  ): ByteStream {
    const { connectTimeoutMs: timeoutMs, headStartMs } = this.options;
    const transports = this.transports.filter(({ name }) => by === undefined || name === by);
    if (transports.length === 1) {
      onWon(transports[0]!.name);
      return transports[0]!.connect(endpoint, owner, { timeoutMs });
    }
    const { clock } = this.modules.runtime;
    return new DialRace(endpoint, owner, { timeoutMs, headStartMs }, { transports, clock, onWon });
  }

  private async closeListeners(): Promise<void> {
    await Promise.all(this.listeners.splice(0).map((listener) => listener.close()));
  }

  private connection(direction: 'incoming' | 'outgoing', host?: ShardHost): PeerConnection {
    const id = this.nextId++;
    const { requestQueueMax } = this.options;
    const connection = new PeerConnection({ id, direction, requestQueueMax }, this.connectionModules, host);
    this.connections.add(connection);
    return connection;
  }

  private onClosed(connection: PeerConnection, reason: CloseReason): void {
    this.connections.delete(connection);
    this.count(reason);
  }

  private count(reason: CloseReason): void {
    this.closeReasons.set(reason, (this.closeReasons.get(reason) ?? 0) + 1);
  }
}

function keyOf(infoHash: Uint8Array): string {
  return hex(infoHash.subarray(0, 20));
}
