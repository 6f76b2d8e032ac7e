import type { Clock, Endpoint } from '../../runtime/port.ts';
import type { PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { PeerPool } from './peer-pool.ts';

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
  readonly dial: (endpoint: Endpoint) => void;
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

  /** Addresses from a tracker, a user or other peers. */
  add(endpoints: Iterable<Endpoint>): void {
    for (const endpoint of endpoints) this.pool.add(endpoint);
    this.dialMore();
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
  }
}
