import type { Clock, Endpoint } from '../../runtime/port.ts';
import { DESTROY_REASON, type DestroyReason } from '../cell/reason.ts';
import type { LinkPeer } from '../link/types.ts';
import type { Extension } from './circuit.ts';
import type { RelayCounters } from './counters.ts';
import type { NextHop } from './extender.ts';
import type { Port } from './port.ts';

/** Who waits for a link. One of the two is called, once; none after {@link Extension.cancel}. */
export interface PortWaiter {
  onPort(port: Port): void;
  onFailed(reason: DestroyReason): void;
}

interface Dial {
  readonly hop: NextHop;
  readonly waiters: Set<PortWaiter>;
  /** Of the endpoints, which one is being tried. */
  attempt: number;
  port: Port | undefined;
}

/** How long a link that nothing runs over is kept. C tor: nf_conntimeout_relays. */
export const IDLE_CHANNEL_MS = 3_600_000;
const NOTHING: Extension = { cancel: () => {} };

/**
 * The links to other relays, one for each where it can be: a circuit that is extended goes over the link that is
 * there, or waits for one that is being made, with all the others that want it.
 */
export class ChannelManager {
  /** By identity: see {@link peerKey}. */
  readonly #ports = new Map<string, Set<Port>>();
  readonly #clients = new Set<Port>();
  readonly #dials = new Map<string, Dial>();
  readonly #options: { readonly dialsMax: number; readonly waitingPerDialMax: number };
  readonly #clock: Clock;
  readonly #counters: RelayCounters;
  readonly #dial: (to: Endpoint, hop: NextHop) => Port | undefined;

  constructor(
    options: { readonly dialsMax: number; readonly waitingPerDialMax: number },
    modules: {
      readonly clock: Clock;
      readonly counters: RelayCounters;
      /** Begins a link; {@link opened} or {@link closed} is called later. Undefined: there may be no more links. */
      readonly dial: (to: Endpoint, hop: NextHop) => Port | undefined;
    },
  ) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#counters = modules.counters;
    this.#dial = modules.dial;
  }

  get dialCount(): number {
    return this.#dials.size;
  }

  /** A link to the relay, now or later. */
  request(hop: NextHop, waiter: PortWaiter): Extension {
    const ready = this.#find(hop);
    if (ready !== undefined) {
      waiter.onPort(ready);
      return NOTHING;
    }
    const key = hopKey(hop);
    let dial = this.#dials.get(key);
    if (dial === undefined) {
      if (this.#dials.size >= this.#options.dialsMax) return this.#refuse('dials', waiter);
      dial = { hop, waiters: new Set(), attempt: 0, port: undefined };
      this.#dials.set(key, dial);
      dial.port = this.#dial(hop.endpoints[0], hop);
      if (dial.port === undefined) {
        this.#dials.delete(key);
        return this.#refuse('channels', waiter);
      }
    }
    if (dial.waiters.size >= this.#options.waitingPerDialMax) return this.#refuse('waiting-for-dial', waiter);
    const { waiters } = dial;
    waiters.add(waiter);
    return { cancel: () => waiters.delete(waiter) };
  }

  /** A link is open, whoever made it. Nothing is extended to those of clients. */
  opened(port: Port, peer: LinkPeer): void {
    const { rsaFingerprint } = peer;
    if (rsaFingerprint === undefined) {
      this.#clients.add(port);
      return;
    }
    const key = peerKey(rsaFingerprint);
    const ports = this.#ports.get(key) ?? new Set();
    ports.add(port);
    this.#ports.set(key, ports);
    for (const [dialKey, dial] of this.#dials) {
      if (dial.port !== port && !(isSame(peer, dial.hop) && isCanonical(port, peer))) continue;
      // A link that the peer made in the meantime does as well; ours goes on and is there for the next one.
      if (dial.port === port) this.#dials.delete(dialKey);
      const waiters = [...dial.waiters];
      dial.waiters.clear();
      for (const waiter of waiters) waiter.onPort(port);
    }
  }

  /** A link is gone, or could not be made. `isWrongPeer`: somebody else was there. */
  closed(port: Port, isWrongPeer: boolean): void {
    this.#clients.delete(port);
    const fingerprint = port.channel.peer?.rsaFingerprint;
    if (fingerprint !== undefined) {
      const key = peerKey(fingerprint);
      const ports = this.#ports.get(key);
      ports?.delete(port);
      if (ports?.size === 0) this.#ports.delete(key);
    }
    for (const [key, dial] of this.#dials) {
      if (dial.port !== port) continue;
      dial.attempt += 1;
      const next = dial.hop.endpoints[dial.attempt];
      dial.port = next === undefined ? undefined : this.#dial(next, dial.hop);
      if (dial.port !== undefined) return;
      this.#dials.delete(key);
      const reason = isWrongPeer ? DESTROY_REASON.orIdentity : DESTROY_REASON.connectFailed;
      for (const waiter of [...dial.waiters]) waiter.onFailed(reason);
    }
  }

  /** Closes links to relays and clients over which nothing has run for an hour. */
  closeIdle(): void {
    const beforeMs = this.#clock.now() - IDLE_CHANNEL_MS;
    for (const ports of [...this.#ports.values(), this.#clients]) {
      for (const port of ports) {
        if (port.legs.size === 0 && port.idleSinceMs < beforeMs) port.channel.close('idle');
      }
    }
  }

  /**
   * There are as many links as there may be: drops the client's link that has had no circuits for longest. False:
   * there is none. Not closed gently: a client that reads nothing must not keep its place.
   */
  dropIdleClient(): boolean {
    let oldest: Port | undefined;
    for (const port of this.#clients) {
      if (port.legs.size > 0) continue;
      if (oldest === undefined || port.idleSinceMs < oldest.idleSinceMs) oldest = port;
    }
    if (oldest === undefined) return false;
    this.#clients.delete(oldest);
    this.#counters.refuse('channels');
    oldest.channel.destroy('idle');
    return true;
  }

  /** The oldest open link to the relay that may be used for it. */
  #find(hop: NextHop): Port | undefined {
    for (const port of this.#ports.get(peerKey(hop.rsaFingerprint)) ?? []) {
      const { peer } = port.channel;
      if (!port.isOpen || peer === undefined || !isSame(peer, hop)) continue;
      const isWanted = hop.endpoints.some(({ host }) => host === port.channel.remoteHost);
      if (isWanted || isCanonical(port, peer)) return port;
    }
    return undefined;
  }

  #refuse(why: 'dials' | 'channels' | 'waiting-for-dial', waiter: PortWaiter): Extension {
    this.#counters.refuse(why);
    waiter.onFailed(DESTROY_REASON.resourceLimit);
    return NOTHING;
  }
}

function peerKey(fingerprint: Uint8Array): string {
  return Buffer.from(fingerprint).toString('hex');
}

function hopKey(hop: NextHop): string {
  const { host, port } = hop.endpoints[0];
  const ed25519Id = hop.ed25519Id === undefined ? '' : Buffer.from(hop.ed25519Id).toString('hex');
  return `${peerKey(hop.rsaFingerprint)} ${ed25519Id} ${host} ${port}`;
}

function isSame(peer: LinkPeer, hop: NextHop): boolean {
  const { rsaFingerprint, ed25519Id } = peer;
  if (rsaFingerprint === undefined || !equal(rsaFingerprint, hop.rsaFingerprint)) return false;
  return hop.ed25519Id === undefined || (ed25519Id !== undefined && equal(ed25519Id, hop.ed25519Id));
}

/** tor-spec, "canonical connections": we went to where it lives, or it says that it lives where it came from. */
function isCanonical(port: Port, peer: LinkPeer): boolean {
  return port.channel.initiated || peer.hosts.includes(port.channel.remoteHost);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
