import type { Endpoint } from '../../runtime/port.ts';
import type { ItemStoreOptions } from './item-store.ts';
import type { PeerStoreOptions } from './peer-store.ts';
import type { NodeContact } from './types.ts';

/** Settings of a node; what is left out has {@link DHT_DEFAULTS}. */
export interface DhtOptions {
  /** BEP 32: 4 for IPv4, 16 for IPv6. Default: as the socket's own address, which has to be bound then. */
  readonly family?: 4 | 16;
  /** 20 bytes. Default: by chance, and changed when it does not fit the address that others see (BEP 42). */
  readonly nodeId?: Uint8Array;
  /** Keep `nodeId` whatever others see. */
  readonly keepNodeId?: boolean;
  /** Asked when nobody else is known. There are no built-in ones. Literal addresses. */
  readonly bootstrap?: readonly Endpoint[];
  /** Nodes known from an earlier run. */
  readonly savedNodes?: readonly NodeContact[];
  /** BEP 43: ask, but answer nobody and say so. */
  readonly readOnly?: boolean;
  /** BEP 42: neither count nor store on nodes whose id does not fit their address. */
  readonly enforceIds?: boolean;
  /** Queries of a look-up in flight at once. */
  readonly alpha?: number;
  /** Silence for so long is a failure. */
  readonly queryTimeoutMs?: number;
  readonly pendingQueriesMax?: number;
  /** Nodes of one /24 (IPv6: /64) in a bucket, and asked in a look-up. */
  readonly perSubnetMax?: number;
  /** Bytes of answers to one address, in the long run and at once. Loopback is exempt. */
  readonly answerBytesPerSec?: number;
  readonly answerBytesBurst?: number;
  /** Places of the rate limit: a power of two. */
  readonly rateLimitPlaces?: number;
  /** Between two announces of one torrent. */
  readonly announceIntervalMs?: number;
  /** Peers taken from one look-up. */
  readonly peersMax?: number;
  /** Look-ups of all kinds at once; further ones wait. */
  readonly lookupsMax?: number;
  /** Nodes remembered beside the table, as beginnings of own look-ups. */
  readonly knownMax?: number;
  readonly peerStore?: Partial<PeerStoreOptions>;
  readonly itemStore?: Partial<ItemStoreOptions>;
}

/** Endpoints that were named by the user or by peers and are tried when the table is empty. */
export const BOOTSTRAP_MAX = 64;
/** Nodes that have asked something and are being pinged, so that they may get into the table. */
export const VERIFYING_MAX = 16;
/** How often stores and buckets are looked through. */
export const MAINTENANCE_MS = 60_000;

export const DHT_DEFAULTS = {
  keepNodeId: false,
  readOnly: false,
  enforceIds: false,
  alpha: 8,
  queryTimeoutMs: 2000,
  pendingQueriesMax: 1024,
  perSubnetMax: 2,
  answerBytesPerSec: 8192,
  answerBytesBurst: 32_768,
  rateLimitPlaces: 4096,
  announceIntervalMs: 15 * 60_000,
  peersMax: 2000,
  lookupsMax: 32,
  knownMax: 512,
} as const;
