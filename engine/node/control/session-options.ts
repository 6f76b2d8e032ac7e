import type { SeedLimits } from './row.ts';

/** When the other speed limits hold: minutes of the day in local time, and days of the week with Sunday as bit 0. */
export interface LimitSchedule {
  readonly enabled: boolean;
  readonly beginMinute: number;
  /** Before {@link beginMinute}: into the next day. */
  readonly endMinute: number;
  readonly days: number;
}

/** What an operator can change while the node runs. Rates in bytes per second, 0: no limit. */
export interface NodeOptions {
  readonly downloadRoot: string;
  readonly downLimit: number;
  readonly upLimit: number;
  /** The other limits: “turtle mode”. */
  readonly altDownLimit: number;
  readonly altUpLimit: number;
  /** They hold now, by hand or by the schedule. */
  readonly altEnabled: boolean;
  readonly altSchedule: LimitSchedule;
  /** By host of the tracker. */
  readonly trackerLimits: Readonly<Record<string, { readonly downLimit: number; readonly upLimit: number }>>;
  readonly trackerSeedLimits: Readonly<Record<string, SeedLimits>>;
  readonly seedLimits: SeedLimits;
  /** Downloads and seeds that run at once; 0: all. */
  readonly activeDownloadsMax: number;
  readonly activeSeedsMax: number;
  /** A download that has not moved for so long does not count; 0: they all count. */
  readonly stalledAfterMs: number;
  readonly connectionsMax: number;
  readonly peersPerTorrentMax: number;
  readonly uploadSlotsPerTorrent: number;
  readonly startWhenAdded: boolean;
  /** Downloads stop when less is free where they are saved. */
  readonly freeSpaceMin: number;
  /** Bytes per second read to check the library in the background, oldest check first; 0: no scrub. */
  readonly scrubRate: number;
  /** A torrent is due for it so long after its last check. */
  readonly scrubEveryMs: number;
}

/** Of the whole node, since it started unless it says otherwise. */
export interface NodeStats {
  readonly startedAtMs: number;
  readonly listening: string;
  readonly downBytesPerSec: number;
  readonly upBytesPerSec: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Over all runs. */
  readonly downloadedEverBytes: number;
  readonly uploadedEverBytes: number;
  readonly secondsEver: number;
  readonly startsEver: number;
  readonly connectionCount: number;
  readonly dhtNodes: number;
  /** How many torrents are in each state. */
  readonly states: Readonly<Record<string, number>>;
  readonly slab: {
    readonly slotCount: number;
    readonly leasedSlots: number;
    readonly leasedSlotsPeak: number;
  };
  readonly hashing: {
    readonly messages: number;
    readonly bytes: number;
    readonly pending: number;
    readonly threadCount: number;
  };
  /** Why connections ended. */
  readonly closeReasons: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
  /** What the operator should look into, newest last; bounded. */
  readonly problems: readonly string[];
}
