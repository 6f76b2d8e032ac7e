import { VERSION } from '../../codec/version.ts';
import type { OnionClient } from '../../onion/client/onion-client.ts';
import type { CircuitStatus, GuardStatus } from '../../onion/client/types.ts';
import type { OnionProxy } from '../../onion/socks/onion-proxy.ts';

/** All that an onion client shows of itself. No destination, no credential: it is read by other programs. */
export interface OnionView {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly bootstrap: { readonly percent: number; readonly what: string };
  readonly network: OnionClient['network'] | null;
  readonly guards: readonly GuardStatus[];
  readonly guardAlarm: string | null;
  readonly circuits: readonly CircuitStatus[];
  readonly circuitStats: OnionClient['circuitStats'];
  readonly streams: number;
  readonly proxy: {
    readonly connections: number;
    readonly accepted: number;
    readonly turnedAway: number;
    readonly tooSlow: number;
    readonly streams: number;
    readonly lookups: number;
    readonly uploadedBytes: number;
    readonly downloadedBytes: number;
    /** By kind. */
    readonly faults: Readonly<Record<string, number>>;
    /** By reason. */
    readonly failures: Readonly<Record<string, number>>;
  };
}

/** A picture of the client now. */
export function onionView(of: {
  readonly client: Pick<
    OnionClient,
    'network' | 'guards' | 'guardAlarm' | 'circuits' | 'circuitStats' | 'streamCount'
  >;
  readonly proxy: Pick<OnionProxy, 'stats' | 'connectionCount'>;
  readonly progress: { readonly percent: number; readonly what: string };
  readonly startedAtMs: number;
}): OnionView {
  const { client, proxy, progress, startedAtMs } = of;
  return {
    version: VERSION,
    startedAtMs,
    bootstrap: { percent: progress.percent, what: progress.what },
    network: client.network ?? null,
    guards: client.guards,
    guardAlarm: client.guardAlarm?.message ?? null,
    circuits: client.circuits,
    circuitStats: client.circuitStats,
    streams: client.streamCount,
    proxy: {
      ...proxy.stats,
      connections: proxy.connectionCount,
      faults: Object.fromEntries(proxy.stats.faults),
      failures: Object.fromEntries(proxy.stats.failures),
    },
  };
}
