import type { ErrorData } from '../../../codec/error.ts';
import type { RelayStats } from '../../../onion/relay/stats.ts';
import type { RelayConfig } from '../config.ts';
import type { DnsOutcome } from '../name-resolver.ts';
import type { KernelSet, PlaneKeys } from '../relay-plane.ts';
import type { TrafficRate } from '../traffic-gate.ts';

/** What a shard is told when it starts. Plain data, as all messages are. */
export interface ShardSetup {
  /** With the shard's part of memory, links and circuits. */
  readonly config: RelayConfig;
  readonly keys: PlaneKeys;
  readonly kernels: KernelSet;
  readonly situation: ShardSituation;
  /** Undefined: no limit. */
  readonly rate: TrafficRate | undefined;
  /** Where it gets its connections. */
  readonly handOverPath: string;
}

/** What the relay knows of the network. */
export interface ShardSituation {
  readonly params: ReadonlyMap<string, number>;
  /** Fingerprints in the consensus, upper-case hex; undefined: there is none. */
  readonly listed: ReadonlySet<string> | undefined;
}

/** From the main thread to a shard. */
export type ToShard =
  | ({ readonly kind: 'situation' } & ShardSituation)
  | { readonly kind: 'keys'; readonly keys: PlaneKeys; readonly change: KeyTurn }
  | { readonly kind: 'hibernating'; readonly isHibernating: boolean }
  /** Undefined: no limit from now on. */
  | { readonly kind: 'rate'; readonly rate: TrafficRate | undefined }
  | { readonly kind: 'exit-policy'; readonly exitPolicy: RelayConfig['exitPolicy'] }
  /** To a `directory` of that number; undefined: there is none. */
  | { readonly kind: 'answer'; readonly number: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'stop' };

/** Which of the keys is another one. */
export type KeyTurn = 'link' | 'onion-rotated' | 'onion-forgotten';

/** From a shard to the main thread. */
export type FromShard =
  | { readonly kind: 'ready' }
  /** It cannot work, and ends. */
  | { readonly kind: 'failed'; readonly error: ErrorData }
  | ({ readonly kind: 'report' } & ShardReport)
  /** A whole directory request. */
  | { readonly kind: 'directory'; readonly number: number; readonly bytes: Uint8Array };

/** What a shard says of itself a few times in a second. */
export interface ShardReport {
  readonly stats: RelayStats;
  readonly traffic: Traffic;
  readonly dns: Readonly<Record<DnsOutcome, number>>;
  readonly dnsRemembered: number;
}

/** Bytes moved, and times that a connection had to wait for the rate limit. They only go up. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly heldReads: number;
  readonly heldWrites: number;
}

/** How often shards report. */
export const REPORT_MS = 250;
