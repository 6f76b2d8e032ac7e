import type { Clock, Endpoint } from '../../runtime/port.ts';
import { peerPriority } from '../peer-priority.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** A peer has so long to become useful. */
const TRIAL_MS = 60_000;
/** Between two peers that have to go for a newcomer. */
const PAUSE_MS = 10_000;

export interface RoomMakerModules {
  readonly clock: Clock;
  readonly peers: ReadonlyMap<number, TorrentPeer>;
  /** This node as others see it, as far as that is known. */
  readonly own: () => Endpoint | undefined;
}

/**
 * What happens in a full torrent when one more peer comes (BEP 40): the peer of lowest canonical priority goes, if the
 * newcomer's is higher. Priorities are the same for everybody, so a swarm in which all do this stays connected. Nobody can
 * push out a peer that moves data, one that is new, or many at once.
 */
export class RoomMaker {
  private readonly modules: RoomMakerModules;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(modules: RoomMakerModules) {
    this.modules = modules;
  }

  /** Closes a peer for this newcomer; false when none has to go. */
  make(newcomer: Endpoint): boolean {
    const { clock, own: ownOf, peers } = this.modules;
    const nowMs = clock.now();
    const own = ownOf();
    if (own === undefined || nowMs - this.lastMs < PAUSE_MS) return false;
    const worst = leastOf(peers.values(), own, nowMs);
    if (worst === undefined || worst.priority >= peerPriority(own, newcomer)) return false;
    this.lastMs = nowMs;
    worst.peer.connection.close('too-many-peers');
    return true;
  }
}

function leastOf(
  peers: Iterable<TorrentPeer>,
  own: Endpoint,
  nowMs: number,
): { readonly peer: TorrentPeer; readonly priority: number } | undefined {
  let worst: { readonly peer: TorrentPeer; readonly priority: number } | undefined;
  for (const peer of peers) {
    if (peer.connection.closed || peer.connection.transport === 'web') continue;
    const isUseful = peer.downRate.bytesPerSec(nowMs) + peer.upRate.bytesPerSec(nowMs) > 0;
    if (isUseful || nowMs - peer.connectedAtMs < TRIAL_MS) continue;
    const priority = peerPriority(own, peer.connection.remote);
    if (worst === undefined || priority < worst.priority) worst = { peer, priority };
  }
  return worst;
}
