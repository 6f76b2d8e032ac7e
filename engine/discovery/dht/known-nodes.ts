import { endpointKey } from './compact.ts';
import type { IdIndex, NodeContact } from './types.ts';

/** A node that has answered, with how long that took. */
export interface KnownNode extends NodeContact {
  readonly rttMs: number;
  readonly seenMs: number;
}

/** Who has not been heard of for longer is probably gone. */
const FRESH_MS = 60 * 60_000;
/** Asked for more than wanted, as some may be stale. */
const SPARE = 8;

/**
 * The nodes that have answered lately, far more than the table of BEP 5 has places for: own look-ups begin with the
 * nearest of them, which spares them steps. Others are told nothing of them. When it is full the oldest goes.
 */
export class KnownNodes {
  readonly #index: IdIndex;
  readonly #nodes: (KnownNode | undefined)[] = [];
  readonly #places = new Map<string, number>();
  #oldest = 0;

  constructor(modules: { readonly index: IdIndex }) {
    this.#index = modules.index;
  }

  get size(): number {
    return this.#places.size;
  }

  /** A node has answered. */
  answered(contact: NodeContact, rttMs: number, nowMs: number): void {
    const key = endpointKey(contact);
    const node: KnownNode = {
      id: contact.id.slice(),
      host: contact.host,
      port: contact.port,
      rttMs,
      seenMs: nowMs,
    };
    const known = this.#places.get(key);
    const place = known ?? this.#place();
    this.#nodes[place] = node;
    this.#places.set(key, place);
    if (place === this.#index.length) this.#index.add(node.id);
    else this.#index.replace(place, node.id);
  }

  /** A node has not answered. Its place stays until it is its turn. */
  failed(contact: { readonly host: string; readonly port: number }): void {
    const key = endpointKey(contact);
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    this.#nodes[place] = undefined;
  }

  /** At most `count`, nearest first. */
  nearest(target: Uint8Array, count: number, nowMs: number): KnownNode[] {
    const found: KnownNode[] = [];
    for (const place of this.#index.nearest(Math.min(count + SPARE, this.#index.length), target)) {
      const node = this.#nodes[place];
      if (node === undefined || nowMs - node.seenMs > FRESH_MS) continue;
      found.push(node);
      if (found.length >= count) break;
    }
    return found;
  }

  #place(): number {
    if (this.#index.length < this.#index.capacity) return this.#index.length;
    const place = this.#oldest;
    this.#oldest = (place + 1) % this.#index.capacity;
    const gone = this.#nodes[place];
    if (gone !== undefined) this.#places.delete(endpointKey(gone));
    return place;
  }
}

/** {@link IdIndex} without kernels: fine for hundreds. */
export class PlainIdIndex implements IdIndex {
  readonly capacity: number;
  readonly #ids: Uint8Array[] = [];

  constructor(options: { readonly capacity: number }) {
    this.capacity = options.capacity;
  }

  get length(): number {
    return this.#ids.length;
  }

  add(id: Uint8Array): number | undefined {
    if (this.#ids.length >= this.capacity) return undefined;
    return this.#ids.push(id) - 1;
  }

  replace(index: number, id: Uint8Array): void {
    this.#ids[index] = id;
  }

  nearest(k: number, target: Uint8Array): number[] {
    const head = (target[0]! << 16) | (target[1]! << 8) | target[2]!;
    const scored = this.#ids.map((id, index) => ({
      index,
      // 24 bits tell hundreds of ids apart nearly always; where not, either is as good.
      distance: ((id[0]! << 16) | (id[1]! << 8) | id[2]!) ^ head,
    }));
    scored.sort((a, b) => a.distance - b.distance);
    return scored.slice(0, k).map(({ index }) => index);
  }
}
