import { addressBytes } from '../../../engine/discovery/dht/compact.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { secureId } from '../../../engine/discovery/dht/id.ts';
import { KrpcWriter } from '../../../engine/discovery/dht/krpc-encode.ts';
import type { DhtOptions } from '../../../engine/discovery/dht/options.ts';
import { type LightHost, LightWorld } from './light-world.ts';

export interface NetworkOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly lossRate?: number;
  /** Nodes that join within one virtual second. Default 200. */
  readonly joinsPerSec?: number;
  readonly settings?: DhtOptions;
}

export interface SimNode {
  readonly node: DhtNode;
  readonly host: LightHost;
}

/** Nodes on a virtual clock that can be picked and silenced. */
export interface Population {
  readonly world: LightWorld;
  /** A node by chance, one that is not silent. */
  pick(): SimNode;
  /** This share of the nodes, by chance, falls silent at this moment; nobody is told. */
  silence(share: number): void;
}

const PORT = 6881;

/** An address of its own for each number, no two in one /24 for the first 65,536 × 100. */
export function addressOf(index: number): string {
  return `${20 + Math.floor(index / 65_536)}.${(index >> 8) & 255}.${index & 255}.7`;
}

/** A DHT whose nodes have all joined by the protocol itself: each asks a node that was there before. */
export class SimNetwork implements Population {
  readonly world: LightWorld;
  readonly nodes: SimNode[] = [];
  readonly #options: NetworkOptions;
  readonly #writer = new KrpcWriter();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.world = new LightWorld(options);
  }

  /** Lets all nodes join, then a virtual minute pass. */
  async grow(): Promise<void> {
    const { nodes, joinsPerSec = 200 } = this.#options;
    while (this.nodes.length < nodes) {
      const batch = Math.min(nodes - this.nodes.length, Math.max(1, Math.floor(joinsPerSec / 10)));
      // The first ones cannot all join at once: there would be nobody to ask.
      const now = Math.min(batch, Math.max(1, this.nodes.length >> 2));
      for (let i = 0; i < now; i++) void this.add().node.start();
      await this.world.run({ forMs: 100 });
    }
    await this.world.run({ forMs: 60_000 });
  }

  /** One more node, not started. */
  add(settings: DhtOptions = {}): SimNode {
    const { world } = this;
    const host = world.host({ host: addressOf(this.nodes.length), port: PORT });
    const bootstrap =
      this.nodes.length === 0
        ? []
        : [0, 1, 2].map(() => this.nodes[world.chance.below(this.nodes.length)]!.host.endpoint);
    const address = addressBytes(host.endpoint.host);
    if (address === undefined) throw new Error('no address');
    const node = new DhtNode(
      {
        nodeId: secureId(address, world.chance),
        bootstrap,
        rateLimitPlaces: 64,
        ...this.#options.settings,
        ...settings,
      },
      { runtime: world.runtime, socket: world.port(host), writer: this.#writer },
    );
    host.onDatagram = (bytes, from) => node.onDatagram(bytes, from);
    const made = { node, host };
    this.nodes.push(made);
    return made;
  }

  pick(): SimNode {
    for (;;) {
      const node = this.nodes[this.world.chance.below(this.nodes.length)]!;
      if (!node.host.silent) return node;
    }
  }

  silence(share: number): void {
    for (const { host } of this.nodes) {
      if (this.world.chance.fraction() < share) host.silent = true;
    }
  }
}
