import { BUCKET_SIZE, Bucket } from './bucket.ts';
import { addressBytes, endpointKey } from './compact.ts';
import { compareDistance, ID_BITS, ID_BYTES, sameId, sharedBits } from './id.ts';
import { originOf } from './origin.ts';
import { FRESH_MS, stateOf, type TableNode } from './table-node.ts';
import type { NodeContact, NodeLookup } from './types.ts';

export interface RoutingTableOptions {
  readonly ownId: Uint8Array;
  readonly nowMs: number;
  /** Nodes of one /24 (IPv6: /64) in a bucket. Local addresses are not counted. Default 2. */
  readonly perSubnetMax?: number;
}

/** Compact answers are kept so long: a node that stops being good is told on for no longer than this. */
const CACHE_MS = 5000;

/**
 * BEP 5: the nodes known, in buckets of 8 by how many leading bits their ids share with ours. Only the last bucket,
 * the one around the own id, is ever split. Decides, and sends nothing: whom to ping is part of the answers.
 */
export class RoutingTable implements NodeLookup {
  readonly ownId: Uint8Array;
  readonly #perSubnetMax: number;
  readonly #buckets: Bucket[];
  /** Everyone in a bucket or waiting, by endpoint: one endpoint has one id. */
  readonly #byEndpoint = new Map<string, TableNode>();
  #caches: ({ readonly bytes: Uint8Array; readonly untilMs: number } | undefined)[] = [];

  constructor(options: RoutingTableOptions) {
    this.ownId = options.ownId;
    this.#perSubnetMax = options.perSubnetMax ?? 2;
    this.#buckets = [new Bucket(options.nowMs)];
  }

  get bucketCount(): number {
    return this.#buckets.length;
  }

  get buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  get size(): number {
    return this.#buckets.reduce((sum, bucket) => sum + bucket.nodes.length, 0);
  }

  get replacementCount(): number {
    return this.#buckets.reduce((sum, bucket) => sum + bucket.replacements.length, 0);
  }

  goodCount(nowMs: number): number {
    return this.nodes().filter((node) => stateOf(node, nowMs) === 'good').length;
  }

  /** All nodes in buckets. */
  nodes(): TableNode[] {
    return this.#buckets.flatMap((bucket) => bucket.nodes);
  }

  /** The node at this endpoint, whether it has a place or waits for one. */
  find(host: string, port: number): TableNode | undefined {
    return this.#byEndpoint.get(endpointKey({ host, port }));
  }

  /** Whether a node with this id would be worth a ping: there is room for it, or somebody to replace. */
  hasRoomFor(id: Uint8Array, nowMs: number): boolean {
    const index = this.#indexOf(id);
    const bucket = this.#buckets[index]!;
    return !bucket.isFull || index === this.#buckets.length - 1 || !bucket.allGood(nowMs);
  }

  /**
   * A node has answered a query of ours. Returns the node that BEP 5 wants pinged now, so that this one may get its
   * place.
   */
  answered(contact: NodeContact, rttMs: number, nowMs: number): TableNode | undefined {
    const known = this.find(contact.host, contact.port);
    if (known !== undefined) {
      if (sameId(known.id, contact.id)) return this.#confirm(known, rttMs, nowMs);
      // BEP 45: who shows another id at the same endpoint has lied once.
      this.#drop(known, nowMs);
    }
    if (sameId(contact.id, this.ownId)) return undefined;
    const index = this.#indexOf(contact.id);
    if (index < this.#buckets.length - 1 && this.#buckets[index]!.wantsNone(rttMs, nowMs)) return undefined;
    const node = makeNode(contact, rttMs, nowMs);
    return node === undefined ? undefined : this.#insert(node, nowMs);
  }

  /** A node has asked something: BEP 5 counts that for one that has ever answered. */
  asked(contact: NodeContact, nowMs: number): void {
    const known = this.find(contact.host, contact.port);
    if (known !== undefined && known.failures === 0 && sameId(known.id, contact.id)) known.seenMs = nowMs;
  }

  /** A query to this endpoint was not answered. Returns the node to ping next in its bucket, perhaps the same. */
  failed(host: string, port: number, nowMs: number): TableNode | undefined {
    const node = this.find(host, port);
    if (node === undefined) return undefined;
    node.failures++;
    node.isChecked = false;
    const bucket = this.#buckets[this.#indexOf(node.id)]!;
    bucket.changed();
    const waits = !bucket.nodes.includes(node);
    // A bad node keeps its place only where nobody waits for it.
    if (stateOf(node, nowMs) === 'bad' && (waits || bucket.replacements.length > 0 || node.failures > 3)) {
      this.#drop(node, nowMs);
    }
    this.#caches = [];
    return bucket.nextCheck(nowMs);
  }

  /** BEP 5: at most `count` good nodes, nearest first; then questionable ones where there are not enough. */
  nearest(target: Uint8Array, count: number, nowMs: number): TableNode[] {
    const good = this.#gather(target, count, (bucket) =>
      bucket.allGood(nowMs) ? bucket.nodes : bucket.nodes.filter((node) => stateOf(node, nowMs) === 'good'),
    );
    if (good.length >= count) return good;
    const others = this.#gather(target, count - good.length, (bucket) =>
      bucket.allGood(nowMs) ? [] : bucket.nodes.filter((node) => stateOf(node, nowMs) === 'questionable'),
    );
    return [...good, ...others];
  }

  /** For look-ups of our own: everybody who answered last time, also those who only wait for a place. */
  candidates(target: Uint8Array, count: number): TableNode[] {
    return this.#gather(target, count, (bucket) =>
      [...bucket.nodes, ...bucket.replacements].filter((node) => node.failures === 0),
    );
  }

  /** The K nearest in compact form, as answers to find_node carry them. Not to be changed. */
  compactNearest(target: Uint8Array, nowMs: number): Uint8Array {
    const index = this.#indexOf(target);
    const cached = this.#caches[index];
    if (cached !== undefined && cached.untilMs > nowMs) return cached.bytes;
    const bytes = joined(this.nearest(target, BUCKET_SIZE, nowMs));
    // A whole bucket is nearest to all targets in its part of the space; the last one is none of those.
    const bucket = this.#buckets[index]!;
    const whole = bucket.isFull && bucket.allGood(nowMs);
    if (whole && index < this.#buckets.length - 1) {
      this.#caches[index] = { bytes, untilMs: nowMs + CACHE_MS };
    }
    return bytes;
  }

  /** BEP 5: how many bits the targets share with the own id whose buckets have not changed for 15 minutes. */
  staleBuckets(nowMs: number): number[] {
    const stale: number[] = [];
    for (const [index, bucket] of this.#buckets.entries()) {
      if (nowMs - bucket.changedMs >= FRESH_MS) stale.push(index);
    }
    return stale;
  }

  /** A look-up in this bucket's part has begun: it needs no other for 15 minutes. */
  markRefreshed(index: number, nowMs: number): void {
    const bucket = this.#buckets[index];
    if (bucket !== undefined) bucket.changedMs = nowMs;
  }

  #confirm(node: TableNode, rttMs: number, nowMs: number): TableNode | undefined {
    node.seenMs = nowMs;
    node.answeredMs = nowMs;
    node.failures = 0;
    node.rttMs = rttMs;
    node.isChecked = false;
    const bucket = this.#buckets[this.#indexOf(node.id)]!;
    bucket.changedMs = nowMs;
    return bucket.nextCheck(nowMs);
  }

  #insert(node: TableNode, nowMs: number): TableNode | undefined {
    for (;;) {
      const index = this.#indexOf(node.id);
      const bucket = this.#buckets[index]!;
      if (bucket.isFull && index === this.#buckets.length - 1 && this.#split(nowMs)) continue;
      const result = bucket.insert(node, nowMs, this.#perSubnetMax);
      if (result.kind === 'refused') return undefined;
      this.#byEndpoint.set(endpointKey(node), node);
      if (result.gone !== undefined) this.#byEndpoint.delete(endpointKey(result.gone));
      if (result.kind === 'waits') return result.check;
      this.#caches[index] = undefined;
      return undefined;
    }
  }

  #drop(node: TableNode, nowMs: number): void {
    this.#byEndpoint.delete(endpointKey(node));
    this.#buckets[this.#indexOf(node.id)]!.remove(node, nowMs);
    this.#caches = [];
  }

  /** BEP 5: the bucket that the own id falls into becomes two. False when it cannot be split. */
  #split(nowMs: number): boolean {
    const index = this.#buckets.length - 1;
    if (index >= ID_BITS - 1) return false;
    const last = this.#buckets[index]!;
    const next = new Bucket(nowMs);
    next.changedMs = last.changedMs;
    const moves = (node: TableNode): boolean => sharedBits(node.id, this.ownId) > index;
    next.nodes.push(...last.nodes.filter(moves));
    next.replacements.push(...last.replacements.filter(moves));
    for (const list of [last.nodes, last.replacements]) {
      const stay = list.filter((node) => !moves(node));
      list.splice(0, list.length, ...stay);
    }
    this.#buckets.push(next);
    this.#caches = [];
    return true;
  }

  #indexOf(id: Uint8Array): number {
    return Math.min(sharedBits(id, this.ownId), this.#buckets.length - 1);
  }

  /**
   * Nearest first. Walks the buckets from the one of the target: those beyond it share exactly as many bits with the
   * target as it does not, and are all nearer than those before it, which come one by one, farther and farther.
   */
  #gather(target: Uint8Array, count: number, of: (bucket: Bucket) => readonly TableNode[]): TableNode[] {
    const buckets = this.#buckets;
    const start = this.#indexOf(target);
    const found: TableNode[] = [];
    const take = (nodes: TableNode[]): void => {
      if (nodes.length > 1) nodes.sort((a, b) => compareDistance(a.id, b.id, target));
      for (const node of nodes) if (found.length < count) found.push(node);
    };
    take([...of(buckets[start]!)]);
    if (found.length < count) take(buckets.slice(start + 1).flatMap(of));
    for (let at = start - 1; at >= 0 && found.length < count; at--) take([...of(buckets[at]!)]);
    return found;
  }
}

function makeNode(contact: NodeContact, rttMs: number, nowMs: number): TableNode | undefined {
  const address = addressBytes(contact.host);
  if (address === undefined) return undefined;
  const compact = new Uint8Array(ID_BYTES + address.length + 2);
  compact.set(contact.id);
  compact.set(address, ID_BYTES);
  compact[compact.length - 2] = contact.port >> 8;
  compact[compact.length - 1] = contact.port;
  return {
    ...originOf(contact),
    compact,
    // Not a view of `compact`: that would move its few bytes out of V8's heap.
    id: contact.id.slice(),
    host: contact.host,
    port: contact.port,
    seenMs: nowMs,
    answeredMs: nowMs,
    failures: 0,
    rttMs,
    isChecked: false,
  };
}

/** One answer's worth of nodes, one behind the other. */
function joined(nodes: readonly TableNode[]): Uint8Array {
  const step = nodes[0]?.compact.length ?? 0;
  const bytes = new Uint8Array(nodes.length * step);
  for (const [index, node] of nodes.entries()) bytes.set(node.compact, index * step);
  return bytes;
}
