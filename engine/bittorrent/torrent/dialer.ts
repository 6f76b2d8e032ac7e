import type { Clock, Endpoint } from '../../runtime/port.ts';
import type { PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import type { TransportName } from '../transport/transport.ts';
import { PeerPool } from './peer-pool.ts';

/** How a dial ends that nobody has answered. */
const UNREACHABLE: ReadonlySet<CloseReason> = new Set(['connect-failed', 'encryption-failed']);

export interface DialerOptions {
  /** Peers connected at once. */
  readonly peersMax: number;
  /** Connections being made at once. */
  readonly dialsMax: number;
  readonly candidatesMax: number;
  readonly bannedMax: number;
}

export interface DialerModules {
  readonly clock: Clock;
  readonly mayDial: () => boolean;
  readonly dial: (endpoint: Endpoint, by?: TransportName) => void;
  /** It could not be called; `introducers` have told of it. */
  readonly onUnreachable?: (endpoint: Endpoint, introducers: readonly Endpoint[]) => void;
  readonly peerCount: () => number;
}

/** Fills a swarm up: dials those the pool names for as long as there is room, and tells the pool how it went. */
export class Dialer {
  readonly pool: PeerPool;
  /** This node as a peer says it sees it; decides who is dialled first. */
  own: Endpoint | undefined;
  /** Peers connected at once; may change. */
  peersMax: number;
  private readonly options: DialerOptions;
  private readonly modules: DialerModules;
  private readonly dialing = new Set<number>();
  private running = false;

  constructor(options: DialerOptions, modules: DialerModules) {
    this.options = options;
    this.modules = modules;
    this.pool = new PeerPool(options);
    this.peersMax = options.peersMax;
  }

  start(): void {
    this.running = true;
  }

  stop(): void {
    this.running = false;
  }

  /** Addresses from a tracker, a user or other peers. `via`: the peer that has told of them. */
  add(endpoints: Iterable<Endpoint>, via?: Endpoint): void {
    for (const endpoint of endpoints) this.pool.add(endpoint, via);
    this.dialMore();
  }

  /** Dials this one now and by uTP: it has been told to do the same (BEP 55). False: there is no room, or no need. */
  callByUtp(endpoint: Endpoint): boolean {
    const hasRoom = this.modules.peerCount() + this.dialing.size < this.peersMax;
    if (!this.running || !hasRoom || !this.modules.mayDial() || !this.pool.claim(endpoint)) return false;
    this.modules.dial(endpoint, 'utp');
    return true;
  }

  dialMore(): void {
    if (!this.running) return;
    const now = this.modules.clock.now();
    const { dialsMax } = this.options;
    while (
      this.modules.mayDial() &&
      this.dialing.size < dialsMax &&
      this.modules.peerCount() + this.dialing.size < this.peersMax
    ) {
      const endpoint = this.pool.next(now, this.own);
      if (endpoint === undefined) return;
      this.modules.dial(endpoint);
    }
  }

  /** A connection is being made. */
  onDialing(connection: PeerConnection): void {
    this.dialing.add(connection.id);
  }

  /** The handshakes are exchanged; from now on it counts as a peer. */
  onGreeted(connection: PeerConnection): void {
    this.dialing.delete(connection.id);
  }

  /** `wasPeer`: it had been accepted as a peer. */
  onClosed(connection: PeerConnection, reason: CloseReason, wasPeer: boolean): void {
    this.dialing.delete(connection.id);
    if (connection.direction !== 'outgoing') return;
    const now = this.modules.clock.now();
    if (reason === 'own-connection') this.pool.remove(connection.remote);
    else if (!wasPeer || reason === 'no-use') this.pool.failed(connection.remote, now);
    else this.pool.closed(connection.remote, now);
    if (this.running && UNREACHABLE.has(reason)) {
      this.modules.onUnreachable?.(connection.remote, this.pool.introducersOf(connection.remote));
    }
  }
}
