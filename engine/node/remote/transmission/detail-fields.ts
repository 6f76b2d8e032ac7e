import type { FileDetail, PeerDetail, TorrentDetail, TrackerDetail } from '../../control/details.ts';
import { camelName, renamed, type Style } from './names.ts';
import { secondsOf } from './units.ts';

type DetailField = (detail: TorrentDetail, style: Style) => unknown;

const NOT_KNOWN = -1;
/** Transmission's priorities of files, by how much they are wanted: 0 to 3. */
const PRIORITIES = [0, -1, 0, 1] as const;
const ANNOUNCE_STATES = { idle: 0, announcing: 3, working: 1, failed: 1, off: 0 } as const;

/** What `torrent_get` says of a torrent beyond its row, by the name of the field. */
export const DETAIL_FIELDS: Readonly<Record<string, DetailField>> = {
  availability: ({ availability, have, row }) =>
    Array.from({ length: row.pieceCount }, (_, piece) =>
      ((have[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) === 0 ? (availability[piece] ?? 0) : -1,
    ),
  comment: ({ comment }) => comment,
  creator: ({ createdBy }) => createdBy,
  date_created: ({ createdAtSec }) => createdAtSec,
  files: ({ files }, style) => files.map((file) => styled(fileOf(file), style)),
  file_stats: ({ files }, style) =>
    files.map((file) =>
      styled(
        { bytes_completed: file.doneBytes, wanted: file.wish > 0, priority: PRIORITIES[file.wish] },
        style,
      ),
    ),
  magnet_link: ({ magnet }) => magnet,
  peers: ({ peers }, style) => peers.map((peer) => styled(peerOf(peer), style)),
  peers_from: ({ peers }, style) => styled(sourcesOf(peers), style),
  pieces: ({ have }) => Buffer.from(have).toString('base64'),
  priorities: ({ files }) => files.map((file) => PRIORITIES[file.wish]),
  tracker_list: ({ trackers }) => trackerList(trackers),
  tracker_stats: ({ trackers }, style) =>
    trackers.map((tracker, id) => styled(trackerStats(tracker, id), style)),
  trackers: ({ trackers }, style) =>
    trackers.map(({ url, tier }, id) =>
      styled({ announce: url, id, scrape: scrapeOf(url), sitename: siteOf(url), tier }, style),
    ),
  // Before 4.1 these were numbers.
  wanted: ({ files }, style) => files.map(({ wish }) => (style === 'old' ? Number(wish > 0) : wish > 0)),
  webseeds: ({ webSeeds }) => webSeeds,
  webseeds_ex: ({ webSeeds }, style) =>
    webSeeds.map((url) => styled({ url, is_downloading: false, download_bytes_per_second: 0 }, style)),
};

function styled(record: Record<string, unknown>, style: Style): Record<string, unknown> {
  return style === 'new' ? record : renamed(record, (name) => OLD_NAMES[name] ?? camelName(name));
}

const OLD_NAMES: Readonly<Record<string, string>> = {
  is_utp: 'isUTP',
  begin_piece: 'beginPiece',
};

function fileOf(file: FileDetail): Record<string, unknown> {
  return {
    bytes_completed: file.doneBytes,
    length: file.byteLength,
    name: file.path,
    begin_piece: file.firstPiece,
    end_piece: file.endPiece,
  };
}

function peerOf(peer: PeerDetail): Record<string, unknown> {
  return {
    address: peer.host,
    bytes_to_client: peer.downloadedBytes,
    bytes_to_peer: peer.uploadedBytes,
    client_is_choked: peer.peerChoking,
    client_is_interested: peer.amInterested,
    client_name: peer.client,
    flag_str: flagsOf(peer),
    is_downloading_from: peer.downBytesPerSec > 0,
    is_encrypted: peer.encrypted,
    is_incoming: peer.incoming,
    is_uploading_to: peer.upBytesPerSec > 0,
    is_utp: peer.transport === 'utp',
    peer_is_choked: peer.amChoking,
    peer_is_interested: peer.peerInterested,
    port: peer.port,
    progress: peer.progress,
    rate_to_client: Math.round(peer.downBytesPerSec),
    rate_to_peer: Math.round(peer.upBytesPerSec),
  };
}

/** Letters that Transmission's own programs show: how the two stand to each other. */
function flagsOf(peer: PeerDetail): string {
  const flags = [
    peer.transport === 'utp' ? 'T' : '',
    peer.amInterested ? (peer.peerChoking ? 'd' : 'D') : peer.peerChoking ? '' : 'K',
    peer.peerInterested ? (peer.amChoking ? 'u' : 'U') : peer.amChoking ? '' : '?',
    peer.encrypted ? 'E' : '',
    peer.incoming ? 'I' : '',
  ];
  return flags.join('');
}

/** Where peers came from is only kept for those that came by themselves. */
function sourcesOf(peers: readonly PeerDetail[]): Record<string, unknown> {
  const none = { from_cache: 0, from_dht: 0, from_lpd: 0, from_ltep: 0, from_pex: 0, from_tracker: 0 };
  return { ...none, from_incoming: peers.filter(({ incoming }) => incoming).length };
}

function trackerStats(tracker: TrackerDetail, id: number): Record<string, unknown> {
  const announced = tracker.lastAnnounceMs > 0;
  const lastSec = secondsOf(tracker.lastAnnounceMs);
  const works = tracker.state === 'working';
  return {
    announce: tracker.url,
    announce_state: ANNOUNCE_STATES[tracker.state],
    download_count: tracker.downloads,
    downloader_count: NOT_KNOWN,
    has_announced: announced,
    has_scraped: tracker.seeds >= 0,
    host: hostOf(tracker.url),
    id,
    is_backup: tracker.state === 'off',
    last_announce_peer_count: tracker.peersGiven,
    last_announce_result: works && tracker.message === '' ? 'Success' : tracker.message,
    last_announce_start_time: lastSec,
    last_announce_succeeded: works,
    last_announce_time: lastSec,
    last_announce_timed_out: false,
    // Counts come with the announce: nothing is asked a second time.
    last_scrape_result: '',
    last_scrape_start_time: 0,
    last_scrape_succeeded: tracker.seeds >= 0,
    last_scrape_time: tracker.seeds >= 0 ? lastSec : 0,
    last_scrape_timed_out: false,
    leecher_count: tracker.leechers,
    next_announce_time: secondsOf(tracker.nextAnnounceMs),
    next_scrape_time: 0,
    scrape: scrapeOf(tracker.url),
    scrape_state: 0,
    seeder_count: tracker.seeds,
    sitename: siteOf(tracker.url),
    tier: tracker.tier,
  };
}

function trackerList(trackers: readonly TrackerDetail[]): string {
  return trackers
    .map(({ url, tier }, index) => {
      const opensTier = index > 0 && trackers[index - 1]!.tier !== tier;
      return opensTier ? `\n${url}\n` : `${url}\n`;
    })
    .join('');
}

/** The scrape convention: `announce` behind the last slash is what is replaced. */
function scrapeOf(url: string): string {
  const at = url.lastIndexOf('/announce');
  return at < 0 || url.indexOf('/', at + 1) >= 0 ? '' : `${url.slice(0, at)}/scrape${url.slice(at + 9)}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

/** `tracker.example.org:80` is `example`. */
function siteOf(url: string): string {
  const name = URL.canParse(url) ? new URL(url).hostname : '';
  const labels = name.split('.');
  return /^[\d.]+$|:/.test(name) || labels.length < 2 ? name : labels.at(-2)!;
}
