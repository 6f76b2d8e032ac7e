import type { NodeOptions, NodeStats } from '../control/session-options.ts';

/** What a monitor is told: `reasons` are why the node cannot do its work, `warnings` what it works in spite of. */
export interface Health {
  readonly isHealthy: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

/** What there is to judge by. */
export interface Vitals {
  readonly stats: NodeStats;
  readonly options: Pick<NodeOptions, 'freeSpaceMin'>;
  /** It is meant to take connections. */
  readonly shouldListen: boolean;
  /** Where downloads go; -1: it cannot be read. */
  readonly freeBytes: number;
  /** How late timers have been of late. */
  readonly lagMs: number;
}

/** A loop that is so late answers no peer in time. */
const LAG_MAX_MS = 5_000;

/** Whether a node can do its work. */
export function healthOf({ stats, options, shouldListen, freeBytes, lagMs }: Vitals): Health {
  const reasons = [
    shouldListen && stats.listening === '' ? 'it does not listen for peers' : '',
    freeBytes < 0 ? 'the folder of downloads cannot be read' : '',
    freeBytes >= 0 && freeBytes < options.freeSpaceMin ? 'too little space is free for downloads' : '',
    lagMs > LAG_MAX_MS ? `its event loop is ${Math.round(lagMs / 1000)} s late` : '',
  ].filter((reason) => reason !== '');
  const { offline = 0, error = 0 } = stats.states;
  const warnings = [
    offline > 0 ? `${offline} torrents are offline` : '',
    error > 0 ? `${error} torrents have an error` : '',
    stats.problems.length > 0 ? `${stats.problems.length} problems to look into` : '',
  ].filter((warning) => warning !== '');
  return { isHealthy: reasons.length === 0, reasons, warnings };
}
