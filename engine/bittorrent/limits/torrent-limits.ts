import type { Clock } from '../../runtime/port.ts';
import type { PeerConnection } from '../peer/connection.ts';
import { FREE_READS, FREE_UPLOADS } from './gates.ts';
import { LimitPath } from './limit-path.ts';
import { LimitedReads } from './limited-reads.ts';
import { LimitedUploads } from './limited-uploads.ts';
import { RateGroup, type RateLimits } from './rate-group.ts';
import type { TurnQueue } from './turn-queue.ts';

/** What a torrent's limits share with those of others. */
export interface TorrentLimitsModules {
  readonly clock: Clock;
  readonly downQueue: TurnQueue;
  readonly upQueue: TurnQueue;
  readonly groupsOf: (category: string, trackerHost: string) => readonly RateGroup[];
}

/** The rate limits of one torrent: its own, and those that it is under together with others. */
export class TorrentLimits {
  readonly #modules: TorrentLimitsModules;
  readonly #own: RateGroup;
  readonly #down = new LimitPath();
  readonly #up = new LimitPath();
  readonly #connections = new Set<PeerConnection>();
  #category = '';
  #trackerHost = '';
  #groups: readonly RateGroup[] = [];
  readonly #leave: (() => void)[] = [];

  constructor(modules: TorrentLimitsModules) {
    this.#modules = modules;
    this.#own = new RateGroup(modules);
  }

  get own(): RateLimits {
    return this.#own.limits;
  }

  /** Its own limits. Takes effect at once. */
  set(limits: RateLimits): void {
    this.#own.set(limits);
  }

  /** Whose limits it is under besides its own and those of all; empty: nobody's. */
  assign(to: { readonly category: string; readonly trackerHost: string }): void {
    this.#category = to.category;
    this.#trackerHost = to.trackerHost;
    if (this.#connections.size === 0) return;
    this.#leaveAll();
    this.#joinAll();
  }

  /** A peer has come. */
  add(connection: PeerConnection): void {
    this.#connections.add(connection);
    if (this.#connections.size === 1) this.#joinAll();
    else this.#guard(connection);
  }

  /** A peer has gone. */
  remove(connection: PeerConnection): void {
    if (!this.#connections.delete(connection)) return;
    connection.readGate.close();
    connection.uploader.gate.close();
    if (this.#connections.size === 0) this.#leaveAll();
  }

  #joinAll(): void {
    this.#groups = [this.#own, ...this.#modules.groupsOf(this.#category, this.#trackerHost)];
    for (const group of this.#groups) this.#leave.push(group.join(() => this.#choose()));
    this.#choose();
  }

  /** Without peers it is nowhere a member, so that thousands of idle torrents cost nothing when a limit changes. */
  #leaveAll(): void {
    for (const leave of this.#leave.splice(0)) leave();
  }

  #choose(): void {
    const { downQueue, upQueue } = this.#modules;
    this.#down.set(this.#groups.map(({ down }) => down));
    this.#up.set(this.#groups.map(({ up }) => up));
    for (const connection of this.#connections) this.#guard(connection);
    downQueue.changed();
    upQueue.changed();
  }

  /** Gives it the gates that fit the limits of now, unless it has them. */
  #guard(connection: PeerConnection): void {
    const { readGate, uploader } = connection;
    const { downQueue, upQueue } = this.#modules;
    if ((readGate !== FREE_READS) !== this.#down.isLimited) {
      const wasHolding = readGate.isHolding;
      readGate.close();
      if (wasHolding) connection.reading.resume();
      connection.readGate = this.#down.isLimited
        ? new LimitedReads({ path: this.#down, queue: downQueue, peer: connection })
        : FREE_READS;
    }
    if ((uploader.gate !== FREE_UPLOADS) === this.#up.isLimited) return;
    uploader.gate.close();
    uploader.gate = this.#up.isLimited
      ? new LimitedUploads({ path: this.#up, queue: upQueue, uploads: uploader })
      : FREE_UPLOADS;
    uploader.pump();
  }
}
