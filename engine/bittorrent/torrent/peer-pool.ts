import { isLoopbackHost } from '../../codec/address.ts';
import { hex } from '../../codec/hex.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { peerPriority } from '../peer-priority.ts';

const RETRY_FIRST_MS = 5_000;
const RETRY_LAST_MS = 10 * 60_000;
/** Peers that are remembered as having told of one address. */
const INTRODUCERS_MAX = 3;

interface Candidate {
  readonly endpoint: Endpoint;
  failures: number;
  nextTryMs: number;
  connected: boolean;
  /** Peers that have told of it (BEP 11), the latest last. */
  readonly introducers: Endpoint[];
}

/**
 * Addresses of a torrent's swarm: whom to dial next and whom never again. Bounded; when it is full, the address that
 * failed most often makes room, and if none has failed the newcomer is not taken.
 */
export class PeerPool {
  private readonly candidates = new Map<string, Candidate>();
  private readonly banned = new Set<string>();
  private readonly candidatesMax: number;
  private readonly bannedMax: number;

  constructor(options: { readonly candidatesMax: number; readonly bannedMax: number }) {
    this.candidatesMax = options.candidatesMax;
    this.bannedMax = options.bannedMax;
  }

  get size(): number {
    return this.candidates.size;
  }

  /** Every address, banned ones left out. */
  endpoints(): Endpoint[] {
    return [...this.candidates.values()].map(({ endpoint }) => endpoint);
  }

  /** `via`: the peer that has told of it. */
  add(endpoint: Endpoint, via?: Endpoint): void {
    const key = keyOf(endpoint);
    const known = this.candidates.get(key);
    if (known !== undefined) introduce(known, via);
    if (known !== undefined || this.banned.has(endpoint.host)) return;
    if (endpoint.port < 1 || endpoint.port > 65535) return;
    if (this.candidates.size >= this.candidatesMax && !this.evict()) return;
    const candidate = { endpoint, failures: 0, nextTryMs: 0, connected: false, introducers: [] };
    introduce(candidate, via);
    this.candidates.set(key, candidate);
  }

  /** Takes one that is to be dialled at once, whether it was known or not. False: it is connected, banned, or has no place. */
  claim(endpoint: Endpoint): boolean {
    this.add(endpoint);
    const candidate = this.candidates.get(keyOf(endpoint));
    if (candidate === undefined || candidate.connected) return false;
    candidate.connected = true;
    return true;
  }

  /** Peers that have told of this address. */
  introducersOf(endpoint: Endpoint): readonly Endpoint[] {
    return this.candidates.get(keyOf(endpoint))?.introducers ?? [];
  }

  /**
   * An address to dial now; it counts as connected until {@link closed} or {@link failed}. Those that failed least
   * come first; of these, where this node knows how others see it, the one of highest priority (BEP 40).
   */
  next(nowMs: number, own?: Endpoint): Endpoint | undefined {
    let best: Candidate | undefined;
    let bestRank = -1;
    for (const candidate of this.candidates.values()) {
      if (candidate.connected || candidate.nextTryMs > nowMs) continue;
      if (best !== undefined && candidate.failures > best.failures) continue;
      const rank = own === undefined ? 0 : peerPriority(own, candidate.endpoint);
      if (best === undefined || candidate.failures < best.failures || rank > bestRank) {
        best = candidate;
        bestRank = rank;
      }
      if (own === undefined && best.failures === 0) break;
    }
    if (best === undefined) return undefined;
    best.connected = true;
    return best.endpoint;
  }

  /** The connection came about and has ended: it may be dialled again after a while. */
  closed(endpoint: Endpoint, nowMs: number): void {
    const candidate = this.candidates.get(keyOf(endpoint));
    if (candidate === undefined) return;
    candidate.connected = false;
    candidate.failures = 0;
    candidate.nextTryMs = nowMs + RETRY_FIRST_MS;
  }

  /** It could not be reached or was of no use: tried again later and later. */
  failed(endpoint: Endpoint, nowMs: number): void {
    const candidate = this.candidates.get(keyOf(endpoint));
    if (candidate === undefined) return;
    candidate.connected = false;
    candidate.nextTryMs = nowMs + Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** candidate.failures);
    candidate.failures++;
  }

  /** What went wrong is forgotten: all may be dialled now. */
  forgive(): void {
    for (const candidate of this.candidates.values()) {
      candidate.failures = 0;
      candidate.nextTryMs = 0;
    }
  }

  /** Not an address of another peer: ourselves, say. */
  remove(endpoint: Endpoint): void {
    this.candidates.delete(keyOf(endpoint));
  }

  /**
   * Nothing goes to or comes from this peer any more: from its host, or, on the loopback that others share with it,
   * from whoever has its peer id. The oldest ban is lifted when there are too many.
   */
  ban(endpoint: Endpoint, peerId: Uint8Array): void {
    if (this.banned.size >= this.bannedMax) {
      const [oldest] = this.banned;
      if (oldest !== undefined) this.banned.delete(oldest);
    }
    const { host } = endpoint;
    this.banned.add(isLoopbackHost(host) ? idOf(peerId) : host);
    for (const [key, candidate] of this.candidates) {
      const same = isLoopbackHost(host) ? key === keyOf(endpoint) : candidate.endpoint.host === host;
      if (same) this.candidates.delete(key);
    }
  }

  isBanned(endpoint: Endpoint, peerId: Uint8Array): boolean {
    return this.banned.has(endpoint.host) || this.banned.has(idOf(peerId));
  }

  private evict(): boolean {
    let worst: string | undefined;
    let failures = 0;
    for (const [key, candidate] of this.candidates) {
      if (candidate.connected || candidate.failures <= failures) continue;
      worst = key;
      failures = candidate.failures;
    }
    return worst !== undefined && this.candidates.delete(worst);
  }
}

function introduce({ introducers }: Candidate, via: Endpoint | undefined): void {
  if (via === undefined) return;
  const known = introducers.findIndex((other) => keyOf(other) === keyOf(via));
  if (known >= 0) introducers.splice(known, 1);
  introducers.push(via);
  if (introducers.length > INTRODUCERS_MAX) introducers.shift();
}

function keyOf(endpoint: Endpoint): string {
  return `${endpoint.host}|${endpoint.port}`;
}

function idOf(peerId: Uint8Array): string {
  return hex(peerId);
}
