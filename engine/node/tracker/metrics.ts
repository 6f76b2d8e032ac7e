import type { Tracker } from '../../discovery/tracker-server/tracker.ts';
import type { TrackerCounts } from '../../discovery/tracker-server/tracker-counts.ts';
import { metricsWriter, NO_LABELS } from '../metrics/metrics-text.ts';

/** What there is to say of a tracker. */
export interface TrackerView {
  readonly version: string;
  readonly uptimeSec: number;
  readonly residentBytes: number;
  readonly torrents: number;
  /** IPv4, IPv6. */
  readonly peers: readonly [number, number];
  readonly peerBytes: number;
  /** Announces that could not be kept, as a table was full. */
  readonly full: number;
  readonly rateLimited: number;
  readonly counts: Readonly<TrackerCounts>;
  /** undefined: there is no shared store. */
  readonly isStoreConnected: boolean | undefined;
  /** undefined: the tracker is open to all. */
  readonly users: number | undefined;
  readonly flaggedUsers: number | undefined;
}

const { counter, gauge } = metricsWriter('allium_tracker_');

/** The metrics page. Every set of labels is one of a fixed list. */
export function trackerMetricsText(view: TrackerView): string {
  const { counts } = view;
  return [
    gauge('build_info', 'Always 1.', [[{ version: view.version }, 1]]),
    gauge('uptime_seconds', 'Since the start.', [[NO_LABELS, view.uptimeSec]]),
    gauge('resident_memory_bytes', 'Memory of the process.', [[NO_LABELS, view.residentBytes]]),
    gauge('torrents', 'Torrents with at least one peer.', [[NO_LABELS, view.torrents]]),
    gauge('peers', 'Peers, by address family.', [
      [{ family: 'ipv4' }, view.peers[0]],
      [{ family: 'ipv6' }, view.peers[1]],
    ]),
    gauge('peer_memory_bytes', 'Memory for peers, beyond the table of torrents.', [
      [NO_LABELS, view.peerBytes],
    ]),
    counter('requests_total', 'What was answered.', [
      [{ protocol: 'udp', kind: 'connect' }, counts.udpConnects],
      [{ protocol: 'udp', kind: 'announce' }, counts.udpAnnounces],
      [{ protocol: 'udp', kind: 'scrape' }, counts.udpScrapes],
      [{ protocol: 'http', kind: 'announce' }, counts.httpAnnounces],
      [{ protocol: 'http', kind: 'scrape' }, counts.httpScrapes],
    ]),
    counter('refused_total', 'What was not answered as asked, and why.', [
      [{ reason: 'malformed' }, counts.malformed],
      [{ reason: 'connection_id' }, counts.wrongConnection],
      [{ reason: 'rules' }, counts.refused],
      [{ reason: 'rate' }, view.rateLimited],
      [{ reason: 'full' }, view.full],
    ]),
    ...(view.isStoreConnected === undefined
      ? []
      : [
          gauge('store_connected', '1 while the shared store is there.', [
            [NO_LABELS, view.isStoreConnected ? 1 : 0],
          ]),
        ]),
    ...(view.users === undefined
      ? []
      : [
          gauge('users', 'Users of the private tracker.', [[NO_LABELS, view.users]]),
          gauge('flagged_users', 'Users with uploads that nobody confirms.', [
            [NO_LABELS, view.flaggedUsers ?? 0],
          ]),
        ]),
  ].join('');
}

/** Of the tracker itself. */
export function swarmView(tracker: Tracker): Pick<TrackerView, 'torrents' | 'peers' | 'peerBytes' | 'full'> {
  const [v4, v6] = tracker.families;
  return {
    torrents: tracker.torrents.count,
    peers: [v4.peerCount, v6.peerCount],
    peerBytes: tracker.peerBytes,
    full: tracker.refused,
  };
}
