import { announceMany, type LookupFigures, lookUpAll, mean, quantile } from './sim/look-ups.ts';
import { SimNetwork } from './sim/network.ts';
import { SeededNetwork } from './sim/seeded-network.ts';

/** Look-ups in one network. Times in virtual milliseconds. */
export interface NetworkRow {
  readonly nodes: number;
  /** `joined`: by the protocol, all of them; `seeded`: tables as long running leaves them. */
  readonly made: 'joined' | 'seeded';
  readonly silentShare: number;
  readonly lookups: number;
  readonly foundShare: number;
  readonly firstMedianMs: number;
  readonly firstP99Ms: number;
  readonly completeMedianMs: number;
  readonly hops: number;
  readonly queries: number;
  readonly tookSec: number;
}

export interface NetworkRun {
  readonly nodes: number;
  readonly made: 'joined' | 'seeded';
  readonly silentShare: number;
  readonly lookups: number;
  readonly seed: number;
}

/** Announces as many torrents as there are look-ups, lets nodes fall silent, then looks for each torrent once. */
export async function runNetwork(run: NetworkRun): Promise<NetworkRow> {
  const startedMs = performance.now();
  const network = run.made === 'joined' ? new SimNetwork(run) : new SeededNetwork(run);
  if (network instanceof SimNetwork) await network.grow();
  const hashes = await announceMany(network, run.lookups);
  network.silence(run.silentShare);
  return rowOf(run, await lookUpAll(network, hashes), (performance.now() - startedMs) / 1000);
}

function rowOf(run: NetworkRun, figures: LookupFigures, tookSec: number): NetworkRow {
  return {
    nodes: run.nodes,
    made: run.made,
    silentShare: run.silentShare,
    lookups: figures.lookups,
    foundShare: figures.found / figures.lookups,
    firstMedianMs: quantile(figures.firstMs, 0.5),
    firstP99Ms: quantile(figures.firstMs, 0.99),
    completeMedianMs: quantile(figures.completeMs, 0.5),
    hops: mean(figures.hops),
    queries: mean(figures.queries),
    tookSec,
  };
}

/** The c of hops = c · log2(N) that fits best (least squares through the origin). */
export function fitLog(rows: readonly Pick<NetworkRow, 'nodes' | 'hops'>[]): number {
  let above = 0;
  let below = 0;
  for (const { nodes, hops } of rows) {
    above += hops * Math.log2(nodes);
    below += Math.log2(nodes) ** 2;
  }
  return above / below;
}
