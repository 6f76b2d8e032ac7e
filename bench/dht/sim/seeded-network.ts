import { BUCKET_SIZE } from '../../../engine/discovery/dht/bucket.ts';
import { addressBytes } from '../../../engine/discovery/dht/compact.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { compareDistance, secureId } from '../../../engine/discovery/dht/id.ts';
import { KrpcWriter } from '../../../engine/discovery/dht/krpc-encode.ts';
import type { DhtOptions } from '../../../engine/discovery/dht/options.ts';
import { rttMs } from './latency.ts';
import { type LightHost, LightWorld } from './light-world.ts';
import { addressOf, type Population, type SimNode } from './network.ts';

const PORT = 6881;
/** Twelve buckets, twenty nodes each. */
const ACQUAINTED = 240;
const ZERO = new Uint8Array(20);

interface Resident {
  readonly id: Uint8Array;
  readonly host: LightHost;
  made: SimNode | undefined;
  acquainted: boolean;
}

/**
 * A DHT in the state that long running leaves it in: every bucket of every node holds up to eight nodes by chance of
 * those that belong there. A node is made when the first datagram reaches it, so that only those cost anything which a
 * look-up meets; what then runs is the same node as everywhere.
 */
export class SeededNetwork implements Population {
  readonly world: LightWorld;
  /** By id, ascending. */
  readonly #residents: readonly Resident[];
  readonly #settings: DhtOptions;
  readonly #writer = new KrpcWriter();

  constructor(options: { readonly seed: number; readonly nodes: number; readonly settings?: DhtOptions }) {
    this.world = new LightWorld(options);
    this.#settings = options.settings ?? {};
    const residents = Array.from({ length: options.nodes }, (_, index) => this.#settle(index));
    this.#residents = residents.sort((a, b) => compareDistance(a.id, b.id, ZERO));
  }

  /** A node by chance, one that is not silent. */
  pick(): SimNode {
    for (;;) {
      const resident = this.#residents[this.world.chance.below(this.#residents.length)]!;
      if (resident.host.silent) continue;
      const made = this.#make(resident);
      if (!resident.acquainted) this.#acquaint(made.node, resident);
      resident.acquainted = true;
      return made;
    }
  }

  silence(share: number): void {
    for (const { host } of this.#residents) if (this.world.chance.fraction() < share) host.silent = true;
  }

  #settle(index: number): Resident {
    const { chance } = this.world;
    const host = this.world.host({ host: addressOf(index), port: PORT });
    const address = addressBytes(host.endpoint.host);
    if (address === undefined) throw new Error('no address');
    const resident: Resident = { id: secureId(address, chance), host, made: undefined, acquainted: false };
    host.onDatagram = (bytes, from) => this.#make(resident).node.onDatagram(bytes, from);
    return resident;
  }

  #make(resident: Resident): SimNode {
    if (resident.made !== undefined) return resident.made;
    const { world } = this;
    const { host } = resident;
    const node = new DhtNode(
      { nodeId: resident.id, rateLimitPlaces: 64, ...this.#settings },
      { runtime: world.runtime, socket: world.port(host), writer: this.#writer },
    );
    resident.made = { node, host };
    host.onDatagram = (bytes, from) => node.onDatagram(bytes, from);
    void node.start();
    this.#fill(node, resident);
    return resident.made;
  }

  /** Bucket after bucket: who shares exactly so many bits is one stretch of the ascending list. */
  #fill(node: DhtNode, resident: Resident): void {
    const { chance, timeline } = this.world;
    const own = resident.id;
    let [from, to] = [0, this.#residents.length];
    for (let bit = 0; bit < 160 && to - from > 1; bit++) {
      const middle = this.#split(from, to, bit);
      const ownSide = ((own[bit >> 3]! >> (7 - (bit & 7))) & 1) === 1;
      const [start, end] = ownSide ? [from, middle] : [middle, to];
      for (const index of someOf(start, end, BUCKET_SIZE, (bound) => chance.below(bound))) {
        const { id, host } = this.#residents[index]!;
        const rtt = rttMs(resident.host.place, host.place);
        node.table.answered({ id, host: host.endpoint.host, port: PORT }, rtt, timeline.nowMs);
      }
      [from, to] = ownSide ? [middle, to] : [from, middle];
    }
  }

  /**
   * Nodes that look something up have done so before: they know those that their refreshes of the last 15 minutes have
   * asked, which is about this many.
   */
  #acquaint(node: DhtNode, resident: Resident): void {
    const { chance } = this.world;
    const all = this.#residents;
    for (const index of someOf(0, all.length, ACQUAINTED, (bound) => chance.below(bound))) {
      const { id, host } = all[index]!;
      if (host === resident.host) continue;
      const contact = { id, host: host.endpoint.host, port: PORT };
      node.onAnswer(contact, rttMs(resident.host.place, host.place));
    }
  }

  /** The first index in a stretch of equal leading bits whose id has this bit set. */
  #split(from: number, to: number, bit: number): number {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >> 1;
      const isSet = ((this.#residents[middle]!.id[bit >> 3]! >> (7 - (bit & 7))) & 1) === 1;
      if (isSet) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** At most `count` different numbers from a stretch. */
function someOf(start: number, end: number, count: number, below: (bound: number) => number): Set<number> {
  const chosen = new Set<number>();
  if (end - start <= count) {
    for (let index = start; index < end; index++) chosen.add(index);
    return chosen;
  }
  while (chosen.size < count) chosen.add(start + below(end - start));
  return chosen;
}
