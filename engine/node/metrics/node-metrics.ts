import type { Control } from '../control/control.ts';
import type { NodeStats } from '../control/session-options.ts';
import { metricsWriter, NO_LABELS, type Sample } from './metrics-text.ts';
import { sumByTracker, type TrackerSums } from './tracker-sums.ts';

export interface NodeMetricsOptions {
  readonly version: string;
  /** Tracker hosts with a label of their own; the rest is summed. */
  readonly trackerHostsMax: number;
  /** Reasons why connections ended that have a label of their own; the rest is summed. */
  readonly reasonsMax: number;
}

export const NODE_METRICS_DEFAULTS: Omit<NodeMetricsOptions, 'version'> = {
  trackerHostsMax: 50,
  reasonsMax: 32,
};

/** Prefix of every metric of a node. */
export const NODE_METRICS_PREFIX = 'allium_node_';

const { counter, gauge } = metricsWriter(NODE_METRICS_PREFIX);
const one = (value: number): readonly Sample[] => [[NO_LABELS, value]];

/** The metrics of a node. Every set of labels is bounded, however many torrents and trackers there are. */
export function nodeMetricsText(
  options: NodeMetricsOptions,
  modules: { readonly control: Control; readonly nowMs: number; readonly freeBytes: number },
): string {
  const { control, nowMs, freeBytes } = modules;
  const stats = control.stats();
  return [
    gauge('build_info', 'Always 1.', [[{ version: options.version }, 1]]),
    gauge('uptime_seconds', 'Since the start.', one(Math.max(0, (nowMs - stats.startedAtMs) / 1000))),
    gauge('resident_memory_bytes', 'Memory of the process.', one(stats.memoryBytes)),
    gauge('free_disk_bytes', 'Free where downloads go; -1: not known.', one(freeBytes)),
    gauge('problems', 'Things that the operator should look into.', one(stats.problems.length)),
    ...transferMetrics(stats),
    ...engineMetrics(stats, options),
    ...trackerMetrics(sumByTracker(control.rows.values(), options.trackerHostsMax)),
  ].join('');
}

function transferMetrics(stats: NodeStats): string[] {
  const states = Object.entries(stats.states).map(([state, count]): Sample => [{ state }, count]);
  return [
    gauge('torrents', 'Torrents, by what they are doing.', states),
    gauge('rate_bytes_per_second', 'Payload now.', [
      [{ direction: 'down' }, stats.downBytesPerSec],
      [{ direction: 'up' }, stats.upBytesPerSec],
    ]),
    counter('transferred_bytes_total', 'Payload since the start.', [
      [{ direction: 'down' }, stats.downloadedBytes],
      [{ direction: 'up' }, stats.uploadedBytes],
    ]),
    counter('transferred_ever_bytes_total', 'Payload over all runs.', [
      [{ direction: 'down' }, stats.downloadedEverBytes],
      [{ direction: 'up' }, stats.uploadedEverBytes],
    ]),
    gauge('connections', 'Connections with peers.', one(stats.connectionCount)),
    gauge('dht_nodes', 'Nodes in the table of the DHT.', one(stats.dhtNodes)),
  ];
}

function engineMetrics(stats: NodeStats, options: NodeMetricsOptions): string[] {
  const { slab, hashing } = stats;
  return [
    gauge('slab_slots', 'Slots of 16 KiB in the slab.', one(slab.slotCount)),
    gauge('slab_leased_slots', 'Slots in use.', one(slab.leasedSlots)),
    gauge('slab_leased_slots_peak', 'The most that were ever in use.', one(slab.leasedSlotsPeak)),
    counter('hashed_messages_total', 'Messages hashed.', one(hashing.messages)),
    counter('hashed_bytes_total', 'Bytes hashed.', one(hashing.bytes)),
    gauge('hash_pending', 'Messages that wait to be hashed or are being hashed.', one(hashing.pending)),
    gauge('hash_threads', 'Threads that hash.', one(hashing.threadCount)),
    counter('connections_closed_total', 'Why connections ended.', reasonSamples(stats, options.reasonsMax)),
  ];
}

function reasonSamples({ closeReasons }: NodeStats, reasonsMax: number): readonly Sample[] {
  // By name, so that a counter does not change its label when another overtakes it.
  const sorted = Object.entries(closeReasons).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const samples = sorted.slice(0, reasonsMax).map(([reason, count]): Sample => [{ reason }, count]);
  const rest = sorted.slice(reasonsMax).reduce((sum, [, count]) => sum + count, 0);
  return rest === 0 ? samples : [...samples, [{ reason: 'other' }, rest]];
}

function trackerMetrics(sums: readonly (readonly [string, TrackerSums])[]): string[] {
  const each = (pick: (some: TrackerSums) => number): readonly Sample[] =>
    sums.map(([tracker, some]) => [{ tracker }, pick(some)]);
  // Gauges, also of bytes: they fall when torrents are removed.
  return [
    gauge(
      'tracker_torrents',
      'Torrents by host of their first tracker.',
      each(({ torrents }) => torrents),
    ),
    gauge(
      'tracker_active_torrents',
      'Those that transfer now.',
      each(({ active }) => active),
    ),
    gauge(
      'tracker_down_bytes_per_second',
      'Their payload now.',
      each(({ downBytesPerSec }) => downBytesPerSec),
    ),
    gauge(
      'tracker_up_bytes_per_second',
      'Their payload now.',
      each(({ upBytesPerSec }) => upBytesPerSec),
    ),
    gauge(
      'tracker_downloaded_bytes',
      'Payload of torrents that are there.',
      each(({ downloadedBytes }) => downloadedBytes),
    ),
    gauge(
      'tracker_uploaded_bytes',
      'Payload of torrents that are there.',
      each(({ uploadedBytes }) => uploadedBytes),
    ),
  ];
}
