import { type AddressScope, scopeOf } from '../../codec/address-scope.ts';
import type { Clock, Endpoint } from '../../runtime/port.ts';
import { endpointKey } from '../dht/compact.ts';
import { decodePexMessage, encodePexMessage, PEX_EXTENSION, PEX_PEERS_MAX, type PexPeer } from './message.ts';

/** BEP 11: no more than one message a minute to a peer. */
const INTERVAL_MS = 60_000;
/** A new peer hears of the others soon, once its own handshake is through. */
const FIRST_AFTER_MS = 3_000;
/** How often it is looked whose turn it is. */
const ROUND_MS = 1_000;
/** Messages a peer may send at once; then one in this time. Clocks differ, so a little less than the minute. */
const TAKEN_BURST_MAX = 3;
const TAKEN_INTERVAL_MS = 45_000;
/** Who goes on sending after this many messages too many is let go. */
const TOO_MANY_MAX = 20;

/** What the exchange needs to know of a connected peer. */
export interface PexPartner {
  readonly id: number;
  /** Where others can dial it; undefined when that is not known. */
  readonly dialable: Endpoint | undefined;
  readonly isOutgoing: boolean;
  readonly isSeed: boolean;
  readonly canHolepunch: boolean;
  /** It has agreed to this extension. */
  readonly takes: boolean;
  send(payload: Uint8Array): void;
}

export interface PexExchangeModules {
  readonly clock: Clock;
  /** New addresses that a peer told of. `via`: where that peer is; it can introduce (BEP 55). */
  readonly onPeers: (peers: readonly PexPeer[], via: Endpoint | undefined) => void;
}

interface Partner {
  /** Who it has been told of and not been told that they have left. */
  readonly told: Map<string, Endpoint>;
  nextSendMs: number;
  /** Messages it may still send, as of {@link refilledMs}. */
  credit: number;
  refilledMs: number;
  tooMany: number;
}

/**
 * Peer exchange (BEP 11) in one torrent: tells each peer, once a minute, who has come and who has left, and takes what
 * they tell, within bounds. Never to be used in a private torrent (BEP 27).
 */
export class PexExchange {
  readonly name = PEX_EXTENSION;
  private readonly modules: PexExchangeModules;
  private readonly partners = new Map<number, Partner>();
  private nextRoundMs = 0;

  constructor(modules: PexExchangeModules) {
    this.modules = modules;
  }

  /** A message of a peer. A reason says that it is to be let go. */
  take(peer: PexPartner, payload: Uint8Array): 'bad-extension' | undefined {
    const message = decodePexMessage(payload);
    if (message === undefined) return 'bad-extension';
    const partner = this.partnerOf(peer.id, this.modules.clock.now());
    if (!this.mayTake(partner)) return ++partner.tooMany > TOO_MANY_MAX ? 'bad-extension' : undefined;
    const scope = scopeFor(peer);
    const fit = message.added.filter(({ endpoint }) => scopeOf(endpoint.host) >= scope);
    if (fit.length > 0) this.modules.onPeers(fit, peer.dialable);
    return undefined;
  }

  /** To be called about once a second. */
  tick(nowMs: number, peers: () => readonly PexPartner[]): void {
    if (nowMs < this.nextRoundMs) return;
    this.nextRoundMs = nowMs + ROUND_MS;
    const all = peers();
    let current: Map<string, PexPeer> | undefined;
    for (const peer of all) {
      const partner = this.partnerOf(peer.id, nowMs);
      if (!peer.takes || nowMs < partner.nextSendMs) continue;
      current ??= peersOf(all);
      this.tell(peer, partner, current, nowMs);
    }
  }

  /** The peer has left. */
  gone(peer: number): void {
    this.partners.delete(peer);
  }

  private tell(
    peer: PexPartner,
    partner: Partner,
    current: ReadonlyMap<string, PexPeer>,
    nowMs: number,
  ): void {
    const own = peer.dialable === undefined ? undefined : endpointKey(peer.dialable);
    const scope = scopeFor(peer);
    const added: PexPeer[] = [];
    for (const [key, other] of current) {
      if (added.length >= PEX_PEERS_MAX) break;
      if (key === own || partner.told.has(key) || scopeOf(other.endpoint.host) < scope) continue;
      added.push(other);
    }
    const dropped: Endpoint[] = [];
    for (const [key, endpoint] of partner.told) {
      if (dropped.length >= PEX_PEERS_MAX) break;
      if (!current.has(key)) dropped.push(endpoint);
    }
    if (added.length === 0 && dropped.length === 0) return;
    for (const { endpoint } of added) partner.told.set(endpointKey(endpoint), endpoint);
    for (const endpoint of dropped) partner.told.delete(endpointKey(endpoint));
    partner.nextSendMs = nowMs + INTERVAL_MS;
    peer.send(encodePexMessage({ added, dropped }));
  }

  private mayTake(partner: Partner): boolean {
    const now = this.modules.clock.now();
    const gained = Math.floor((now - partner.refilledMs) / TAKEN_INTERVAL_MS);
    if (gained > 0) {
      partner.credit = Math.min(TAKEN_BURST_MAX, partner.credit + gained);
      partner.refilledMs += gained * TAKEN_INTERVAL_MS;
    }
    if (partner.credit === 0) return false;
    partner.credit--;
    return true;
  }

  private partnerOf(id: number, nowMs: number): Partner {
    let partner = this.partners.get(id);
    if (partner === undefined) {
      partner = {
        told: new Map(),
        nextSendMs: nowMs + FIRST_AFTER_MS,
        credit: TAKEN_BURST_MAX,
        refilledMs: nowMs,
        tooMany: 0,
      };
      this.partners.set(id, partner);
    }
    return partner;
  }
}

/** Addresses that reach less far mean nothing to this peer, and from it nothing to us. */
function scopeFor(peer: PexPartner): AddressScope {
  return peer.dialable === undefined ? 2 : scopeOf(peer.dialable.host);
}

function peersOf(partners: readonly PexPartner[]): Map<string, PexPeer> {
  const found = new Map<string, PexPeer>();
  for (const { dialable, isSeed, isOutgoing, canHolepunch } of partners) {
    if (dialable === undefined) continue;
    const flags = {
      prefersEncryption: false,
      isSeed,
      utp: false,
      holepunch: canHolepunch,
      reachable: isOutgoing,
    };
    found.set(endpointKey(dialable), { endpoint: dialable, flags });
  }
  return found;
}
