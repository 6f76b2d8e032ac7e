import type { Population } from './network.ts';

export interface LookupFigures {
  readonly lookups: number;
  readonly found: number;
  /** Until the first peer was known; ascending. */
  readonly firstMs: readonly number[];
  /** Until the nearest nodes had all answered; ascending. */
  readonly completeMs: readonly number[];
  readonly hops: readonly number[];
  readonly queries: readonly number[];
}

/** Value at a share of an ascending list. */
export function quantile(ascending: readonly number[], share: number): number {
  const at = Math.min(ascending.length - 1, Math.floor(share * ascending.length));
  return ascending[at] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Announces `count` torrents, each from a node by chance. Returns their info-hashes. */
export async function announceMany(network: Population, count: number): Promise<Uint8Array[]> {
  const { world } = network;
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const infoHash = world.chance.bytes(20);
    hashes.push(infoHash);
    const { node } = network.pick();
    const running = node.announce(infoHash, 6881, () => {});
    await world.run({ forMs: 50 });
    // What it has begun goes on; nothing is repeated.
    world.timeline.at(world.timeline.nowMs + 20_000, () => running.stop());
  }
  await world.run({ forMs: 25_000 });
  return hashes;
}

/** Looks for each info-hash from a node by chance that is alive. */
export async function lookUpAll(network: Population, hashes: readonly Uint8Array[]): Promise<LookupFigures> {
  const { world } = network;
  const firstMs: number[] = [];
  const completeMs: number[] = [];
  const hops: number[] = [];
  const queries: number[] = [];
  let found = 0;
  let open = 0;
  for (const infoHash of hashes) {
    const { node } = network.pick();
    open++;
    void node.findPeers(infoHash).then(({ lookup, peers }) => {
      open--;
      if (peers.length > 0) found++;
      if (lookup.firstFoundMs !== undefined) firstMs.push(lookup.firstFoundMs);
      completeMs.push(lookup.durationMs);
      hops.push(lookup.hops);
      queries.push(lookup.queriesSent);
    });
    await world.run({ forMs: 20 });
  }
  await world.run({ forMs: 60_000, until: () => open === 0 });
  const up = (values: number[]): number[] => values.sort((a, b) => a - b);
  return {
    lookups: hashes.length,
    found,
    firstMs: up(firstMs),
    completeMs: up(completeMs),
    hops: up(hops),
    queries: up(queries),
  };
}
