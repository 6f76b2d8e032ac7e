import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { ByteStream, Endpoint, Listener, Runtime, StreamHandler } from '../../runtime/port.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { type ConnectionModules, PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { ReceiveMemory } from '../peer/receive-memory.ts';
import { FileCache } from '../storage/file-cache.ts';
import type { TorrentOptions } from './options.ts';
import type { ShardHost, ShardSeat } from './seat.ts';
import { Torrent, type TorrentEvents } from './torrent.ts';

export interface ShardOptions {
  /** 20 bytes; BEP 20: the first eight name the program. */
  readonly peerId: Uint8Array;
  /** Open connections of all torrents. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly requestQueueMax: number;
  readonly openFilesMax: number;
}

export const SHARD_DEFAULTS: Omit<ShardOptions, 'peerId'> = {
  connectionsMax: 2000,
  connectTimeoutMs: 10_000,
  requestQueueMax: 2000,
  openFilesMax: 256,
};

export interface ShardModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly hashes: HashService;
}

/**
 * One event loop with its sockets and torrents. It owns the listening port, tells incoming connections apart by their
 * info-hash, and lends every torrent what they share: slab, hashing, open files, receive memory. No state outside.
 */
export class Shard {
  readonly memory: ReceiveMemory;
  readonly cache: FileCache;
  readonly closeReasons = new Map<CloseReason, number>();
  private readonly options: ShardOptions;
  private readonly modules: ShardModules;
  private readonly connectionModules: ConnectionModules;
  private readonly hosts = new Map<string, ShardHost>();
  private readonly connections = new Set<PeerConnection>();
  private listener: Listener | undefined;
  private nextId = 1;

  constructor(options: ShardOptions, modules: ShardModules) {
    this.options = options;
    this.modules = modules;
    this.memory = new ReceiveMemory({ slab: modules.slab.bytes });
    this.cache = new FileCache(options, { files: modules.runtime.files });
    this.connectionModules = {
      memory: this.memory,
      slab: modules.slab,
      clock: modules.runtime.clock,
      lookup: (infoHash) => this.find(infoHash),
      onClosed: (connection, reason) => this.onClosed(connection, reason),
    };
  }

  get peerId(): Uint8Array {
    return this.options.peerId;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Where it listens, undefined when it does not. */
  get local(): Endpoint | undefined {
    return this.listener?.local;
  }

  async listen(at: Endpoint): Promise<Endpoint> {
    this.listener = await this.modules.runtime.network.listen(at, (stream) => this.accept(stream));
    return this.listener.local;
  }

  /** A torrent of this shard, not started. Throws when it has one with this info-hash. */
  add(options: TorrentOptions, metainfo: Metainfo, events: TorrentEvents): Torrent {
    return this.host((seat) => new Torrent(options, { ...seat, metainfo, events }));
  }

  /** Takes on what `make` makes. Throws when there is something with one of its info-hashes. */
  host<T extends ShardHost>(make: (seat: ShardSeat) => T): T {
    const made = make({
      ...this.modules,
      cache: this.cache,
      localPeerId: this.options.peerId,
      mayDial: () => this.connections.size < this.options.connectionsMax,
      dial: (owner, endpoint) => this.dial(owner, endpoint),
    });
    for (const hash of made.infoHashes) {
      if (this.hosts.has(keyOf(hash))) throw new Error(`torrent ${keyOf(hash)} is there already`);
    }
    for (const hash of made.infoHashes) this.hosts.set(keyOf(hash), made);
    return made;
  }

  /** Stops it and forgets it. */
  async remove(host: ShardHost): Promise<void> {
    for (const hash of host.infoHashes) {
      if (this.hosts.get(keyOf(hash)) === host) this.hosts.delete(keyOf(hash));
    }
    await host.stop();
  }

  /** Stops everything and closes all sockets and files. */
  async close(): Promise<void> {
    await this.listener?.close();
    this.listener = undefined;
    await Promise.all([...new Set(this.hosts.values())].map((host) => this.remove(host)));
    for (const connection of this.connections) connection.close('local');
    await this.cache.close();
  }

  private find(infoHash: Uint8Array): ShardHost | undefined {
    const host = this.hosts.get(keyOf(infoHash));
    return host === undefined || host.isStopped ? undefined : host;
  }

  private accept(stream: ByteStream): StreamHandler | undefined {
    if (this.connections.size >= this.options.connectionsMax) {
      this.count('too-many-peers');
      return undefined;
    }
    const connection = this.connection('incoming');
    connection.attach(stream);
    return connection;
  }

  private dial(host: ShardHost, endpoint: Endpoint): void {
    const connection = this.connection('outgoing', host);
    host.onDialing(connection);
    const { connectTimeoutMs: timeoutMs } = this.options;
    connection.attach(this.modules.runtime.network.connect(endpoint, connection, { timeoutMs }));
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
  return Buffer.from(infoHash.buffer, infoHash.byteOffset, 20).toString('hex');
}
