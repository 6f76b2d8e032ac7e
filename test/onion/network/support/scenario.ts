import { OnionNet, type OnionNetOptions } from './onion-net.ts';
import { Storm, type StormOptions } from './storm.ts';
import { planVisits, type VisitOptions } from './visits.ts';

/** Virtual time after which a stream that still has no end is a failure. */
const END_MS = 600_000;

/** A whole afternoon of a network. */
export interface ScenarioOptions extends OnionNetOptions {
  /** Clients start within this time. */
  readonly startWithinMs: number;
  readonly visits: VisitOptions;
  readonly storm?: StormOptions;
}

/** The network when every stream has ended, or the time is over. */
export interface Afternoon {
  readonly net: OnionNet;
  readonly storm: Storm | undefined;
}

/** Starts a network, has its clients open streams, and lets the storm loose. */
export async function runAfternoon(options: ScenarioOptions): Promise<Afternoon> {
  const net = new OnionNet(options);
  await net.start();
  for (const client of net.clients) client.startIn(net.random.below(options.startWithinMs));
  planVisits(net, net.clients, options.visits);
  const storm = options.storm === undefined ? undefined : new Storm(options.storm, { net });
  const isDone = (): boolean => net.clients.every((client) => client.isDone);
  await net.world.run({ untilMs: END_MS, until: everyMs(net, 250, isDone) });
  return { net, storm };
}

/** Asks `condition` only so often: with hundreds of clients it costs more than an event. */
export function everyMs(net: OnionNet, intervalMs: number, condition: () => boolean): () => boolean {
  let nextMs = 0;
  return () => {
    if (net.world.nowMs < nextMs) return false;
    nextMs = net.world.nowMs + intervalMs;
    return condition();
  };
}

/** The seed of a run: ALLIUM_SEED replays one that failed. */
export function seedOr(fallback: number): number {
  const seed = Number(process.env['ALLIUM_SEED'] ?? fallback);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('ALLIUM_SEED is no number from 0 on');
  return seed;
}
