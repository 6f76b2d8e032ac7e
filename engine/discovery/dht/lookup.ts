import { endpointKey } from './compact.ts';
import { compareDistance, sharedBits } from './id.ts';
import { originOf } from './origin.ts';
import type { NodeContact } from './types.ts';

/** What a look-up knows of one node. */
export interface Candidate extends NodeContact {
  readonly key: string;
  readonly subnet: string | undefined;
  /** BEP 42: whether its id fits its address. */
  readonly isSecure: boolean;
  /** How many answers led to it, itself included: 1 for those known at the start. */
  readonly hops: number;
  /** `slow`: asked, and silent for longer than most take; it may still answer. */
  state: 'new' | 'asked' | 'slow' | 'answered' | 'failed';
  token: Uint8Array | undefined;
  /** Of its last answer, also of one before this look-up; undefined when it never answered us. */
  rttMs: number | undefined;
  /** Leading bits that its id shares with the target. */
  readonly bits: number;
  /** BEP 44: of the item that it holds. */
  sequence: number | undefined;
}

export interface LookupOptions {
  readonly target: Uint8Array;
  /** How many nearest nodes have to have answered. BEP 5: 8. */
  readonly k: number;
  /**
   * Queries in flight to the k nearest at once, and three times as many to all; those that are slow do not count.
   */
  readonly alpha: number;
  /** Nodes of one /24 (IPv6: /64) that are asked. */
  readonly perSubnetMax: number;
  /** BEP 42: nodes whose id does not fit their address count neither as answers nor as places to store. */
  readonly enforceIds: boolean;
}

/** Nodes remembered beyond those that are asked; the farthest are forgotten. */
const CANDIDATES_MAX = 64;
/** A step costs about 100 ms and brings three bits. */
const BIT_WORTH_MS = 35;
/** Of nodes that we were only told of: about what is usual between continents. */
const UNKNOWN_RTT_MS = 120;
/** No look-up asks more nodes than this, whatever they say. */
const ASKED_MAX = 256;

/**
 * Kademlia's iterative look-up as a plain state machine: it says whom to ask next and when it is done, and is told
 * what came of it. Nodes are kept in order of their distance from the target.
 */
export class Lookup {
  readonly options: LookupOptions;
  readonly #nodes: Candidate[] = [];
  readonly #keys = new Set<string>();
  /** Nodes asked, by subnet. */
  readonly #subnets = new Map<string, number>();
  /** Nodes ever taken in, by subnet. */
  readonly #known = new Map<string, number>();
  #inFlight = 0;
  #asked = 0;
  answers = 0;
  timeouts = 0;

  constructor(options: LookupOptions) {
    this.options = options;
  }

  get asked(): number {
    return this.#asked;
  }

  /** Nodes remembered. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Takes a node in, if it is new and near enough. */
  add(contact: NodeContact & { readonly rttMs?: number }, hops: number): void {
    const nodes = this.#nodes;
    const { target } = this.options;
    const last = nodes[nodes.length - 1];
    const isFull = nodes.length >= CANDIDATES_MAX;
    if (isFull && last !== undefined && compareDistance(contact.id, last.id, target) >= 0) return;
    const key = endpointKey(contact);
    if (this.#keys.has(key)) return;
    const { subnet, isSecure } = originOf(contact);
    if (subnet !== undefined && !this.#roomFor(subnet)) return;
    const candidate: Candidate = {
      id: contact.id,
      host: contact.host,
      port: contact.port,
      key,
      subnet,
      isSecure,
      hops,
      state: 'new',
      token: undefined,
      rttMs: contact.rttMs,
      bits: sharedBits(contact.id, target),
      sequence: undefined,
    };
    let place = nodes.length;
    while (place > 0 && compareDistance(contact.id, nodes[place - 1]!.id, target) < 0) place--;
    nodes.splice(place, 0, candidate);
    this.#keys.add(key);
    if (isFull) this.#forgetFarthest();
  }

  /**
   * Whom to ask now; undefined when enough are asked, or there is nobody left who could help. Of the k nearest it is
   * the one that promises to bring us there soonest: the nearest, unless one a few bits farther answers much faster.
   */
  next(): Candidate | undefined {
    const { alpha, k } = this.options;
    if (this.#inFlight >= alpha * 3 || this.#asked >= ASKED_MAX) return undefined;
    let best: Candidate | undefined;
    let bestScore = 0;
    let live = 0;
    // Queries to nodes that nearer ones have overtaken bring little and hold nobody up.
    let waiting = 0;
    for (const node of this.#nodes) {
      if (node.state === 'failed' || node.state === 'slow') continue;
      if (node.state === 'new') {
        if (!this.#mayAsk(node)) continue;
        const score = (node.rttMs ?? UNKNOWN_RTT_MS) - node.bits * BIT_WORTH_MS;
        if (best === undefined || score < bestScore) {
          best = node;
          bestScore = score;
        }
      }
      if (node.state === 'asked') waiting++;
      if (this.#counts(node)) live++;
      if (live >= k) break;
    }
    return best === undefined || waiting >= alpha ? undefined : this.#ask(best);
  }

  /** A node has answered, in time or late. */
  answered(node: Candidate, rttMs: number, token: Uint8Array | undefined): void {
    if (node.state === 'asked') this.#inFlight--;
    if (node.state !== 'answered') this.answers++;
    node.state = 'answered';
    node.rttMs = rttMs;
    node.token = token;
  }

  /** A node takes longer than most: another may be asked in its place. */
  slow(node: Candidate): void {
    if (node.state !== 'asked') return;
    node.state = 'slow';
    this.#inFlight--;
  }

  /** A node has not answered at all, or with an error. */
  failed(node: Candidate): void {
    if (node.state === 'asked') this.#inFlight--;
    if (node.state === 'answered') return;
    node.state = 'failed';
    this.timeouts++;
  }

  /** Whether the k nearest that are alive have all answered, or nobody is left to ask or to wait for. */
  get isDone(): boolean {
    let live = 0;
    let slow = 0;
    for (const node of this.#nodes) {
      if (node.state === 'asked') return false;
      if (node.state === 'new' && this.#asked < ASKED_MAX && this.#mayAsk(node)) return false;
      if (node.state === 'slow') slow++;
      if (node.state !== 'answered' || !this.#counts(node)) continue;
      live++;
      if (live >= this.options.k) return true;
    }
    return slow === 0;
  }

  /** The nearest nodes that have answered, at most k; only those with a token when `withToken`. */
  nearest(withToken = false): Candidate[] {
    const found: Candidate[] = [];
    for (const node of this.#nodes) {
      if (node.state !== 'answered' || !this.#counts(node)) continue;
      if (withToken && node.token === undefined) continue;
      found.push(node);
      if (found.length >= this.options.k) break;
    }
    return found;
  }

  #counts(node: Candidate): boolean {
    return node.isSecure || !this.options.enforceIds;
  }

  #mayAsk(node: Candidate): boolean {
    if (node.subnet === undefined) return true;
    return (this.#subnets.get(node.subnet) ?? 0) < this.options.perSubnetMax;
  }

  #ask(node: Candidate): Candidate {
    node.state = 'asked';
    this.#inFlight++;
    this.#asked++;
    if (node.subnet !== undefined) {
      this.#subnets.set(node.subnet, (this.#subnets.get(node.subnet) ?? 0) + 1);
    }
    return node;
  }

  /** One neighbourhood must not crowd out everybody else, not even with nodes that are never asked. */
  #roomFor(subnet: string): boolean {
    const known = this.#known.get(subnet) ?? 0;
    if (known >= this.options.perSubnetMax * 2) return false;
    this.#known.set(subnet, known + 1);
    return true;
  }

  /** The farthest that nothing is known of makes room; those that were asked stay. */
  #forgetFarthest(): void {
    for (let at = this.#nodes.length - 1; at >= 0; at--) {
      if (this.#nodes[at]!.state !== 'new') continue;
      this.#nodes.splice(at, 1);
      return;
    }
  }
}
