import { scopeOf } from '../../codec/address-scope.ts';
import type { Clock, Endpoint } from '../../runtime/port.ts';
import { dialableAt, type ExtendedPeer } from '../torrent/extension-desk.ts';
import type { ExtensionPlug, PlugPeer } from '../torrent/plug.ts';
import { Allowance } from './allowance.ts';
import { decodePunchMessage, encodePunchMessage, HOLEPUNCH_EXTENSION, PUNCH_ERROR } from './message.ts';

/** Introductions that one peer may ask for, and that one may be made part of. */
const RELAYED = { burst: 16, intervalMs: 5_000 };
/** Calls that one peer may make us place: each is a few datagrams to an address of its choice. */
const CALLED = { burst: 8, intervalMs: 10_000 };
/** Who goes on after this many messages too many is let go. */
const TOO_MANY_MAX = 64;
/** The same peer is not asked for again before this. */
const AGAIN_MS = 5 * 60_000;
/** Endpoints whose introduction was asked for and that are remembered. */
export const ASKED_MAX = 256;

export interface HolePunchModules {
  readonly clock: Clock;
  readonly peers: ReadonlyMap<number, ExtendedPeer>;
  readonly send: (peer: ExtendedPeer, payload: Uint8Array) => void;
  /** Calls by uTP, when there is room and no connection to it. Returns whether it does. */
  readonly call: (endpoint: Endpoint) => boolean;
}

/**
 * Hole punching (BEP 55) in one torrent: introduces peers to each other that cannot be called, lets itself be
 * introduced, and calls at the same moment as the other side, so that both their NATs let the datagrams in. Never to be
 * used in a private torrent (BEP 27).
 */
export class HolePunch implements ExtensionPlug {
  readonly name = HOLEPUNCH_EXTENSION;
  readonly stats = { asked: 0, called: 0, relayed: 0, refused: 0, ignored: 0 };
  private readonly modules: HolePunchModules;
  private readonly asking = new Allowance(RELAYED);
  private readonly target = new Allowance(RELAYED);
  private readonly calling = new Allowance(CALLED);
  private readonly tooMany = new Map<number, number>();
  /** When an introduction was asked for, by endpoint, oldest first. */
  private readonly asked = new Map<string, number>();

  constructor(modules: HolePunchModules) {
    this.modules = modules;
  }

  take({ id }: PlugPeer, payload: Uint8Array): 'bad-extension' | undefined {
    const message = decodePunchMessage(payload);
    const peer = this.modules.peers.get(id);
    if (message === undefined) return 'bad-extension';
    if (peer === undefined || message.kind === 'error') return undefined;
    const nowMs = this.modules.clock.now();
    const allowance = message.kind === 'rendezvous' ? this.asking : this.calling;
    if (!allowance.take(id, nowMs)) {
      this.stats.ignored++;
      const count = (this.tooMany.get(id) ?? 0) + 1;
      this.tooMany.set(id, count);
      return count > TOO_MANY_MAX ? 'bad-extension' : undefined;
    }
    if (message.kind === 'rendezvous') this.relay(peer, message.endpoint, nowMs);
    else this.connect(peer, message.endpoint);
    return undefined;
  }

  tick(): void {}

  gone(id: number): void {
    for (const allowance of [this.asking, this.target, this.calling]) allowance.gone(id);
    this.tooMany.delete(id);
  }

  /** A peer could not be called; `introducers` have told of it. One of them is asked to introduce us, now and then. */
  unreachable(endpoint: Endpoint, introducers: readonly Endpoint[]): void {
    const key = `${endpoint.host} ${endpoint.port}`;
    const nowMs = this.modules.clock.now();
    if (nowMs - (this.asked.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    const relay = introducers
      .map((introducer) => this.find(introducer))
      .find((peer) => peer !== undefined && speaks(peer));
    if (relay === undefined) return;
    this.asked.delete(key);
    this.asked.set(key, nowMs);
    if (this.asked.size > ASKED_MAX) {
      const [oldest] = this.asked.keys();
      this.asked.delete(oldest!);
    }
    this.stats.asked++;
    this.send(relay, 'rendezvous', endpoint);
  }

  /** BEP 55: both get the other's endpoint, or the one who asked gets an error. */
  private relay(peer: ExtendedPeer, endpoint: Endpoint, nowMs: number): void {
    const own = punchableAt(peer);
    const target = this.find(endpoint);
    const error =
      endpoint.port === 0 || own === undefined
        ? PUNCH_ERROR.noSuchPeer
        : target === peer
          ? PUNCH_ERROR.noSelf
          : target === undefined
            ? PUNCH_ERROR.notConnected
            : speaks(target)
              ? undefined
              : PUNCH_ERROR.noSupport;
    if (error !== undefined) {
      this.stats.refused++;
      this.send(peer, 'error', endpoint, error);
      return;
    }
    // What many ask for at once does not become a flood for the one they ask for.
    if (!this.target.take(target!.connection.id, nowMs)) {
      this.stats.ignored++;
      return;
    }
    this.stats.relayed++;
    this.send(target!, 'connect', own!);
    this.send(peer, 'connect', punchableAt(target!) ?? endpoint);
  }

  private connect(relay: ExtendedPeer, endpoint: Endpoint): void {
    // A relay far away that names addresses on this machine or this network would have us knock at our own doors.
    const isNear = scopeOf(endpoint.host) < scopeOf(relay.connection.remote.host);
    if (endpoint.port === 0 || isNear || this.find(endpoint) !== undefined) this.stats.ignored++;
    else if (this.modules.call(endpoint)) this.stats.called++;
  }

  private find({ host, port }: Endpoint): ExtendedPeer | undefined {
    const isAt = (at: Endpoint | undefined): boolean => at?.port === port && at.host === host;
    for (const peer of this.modules.peers.values()) {
      if (isAt(peer.connection.remote) || isAt(dialableAt(peer))) return peer;
    }
    return undefined;
  }

  private send(
    peer: ExtendedPeer,
    kind: 'rendezvous' | 'connect' | 'error',
    endpoint: Endpoint,
    error = 0,
  ): void {
    const payload = encodePunchMessage({ kind, endpoint, error });
    if (payload !== undefined) this.modules.send(peer, payload);
  }
}

function speaks(peer: ExtendedPeer): boolean {
  return (peer.extensions.get(HOLEPUNCH_EXTENSION) ?? 0) !== 0;
}

/**
 * Where datagrams reach a peer: by uTP it comes from the very port that its NAT has opened; who came by TCP listens for
 * both on one port.
 */
function punchableAt(peer: ExtendedPeer): Endpoint | undefined {
  return peer.connection.transport === 'utp' ? peer.connection.remote : dialableAt(peer);
}
