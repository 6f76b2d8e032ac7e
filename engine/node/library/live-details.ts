import type { Bitfield } from '../../bittorrent/bitfield.ts';
import { doneBytesByFile } from '../../bittorrent/file-choice.ts';
import type { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { Torrent } from '../../bittorrent/torrent/torrent.ts';
import type { TorrentPeer } from '../../bittorrent/torrent/torrent-peer.ts';
import { fileIndex, pieceIndex } from '../../bittorrent/units.ts';
import type { AnnouncerStatus } from '../../discovery/tracker/announcer.ts';
import type { TrackerReport } from '../../discovery/tracker/tracker-report.ts';
import type { Clock } from '../../runtime/port.ts';
import type { FileDetail, FileWish, PeerDetail, TrackerDetail } from '../control/details.ts';

const AVAILABILITY_MAX = 255;
/** What a tracker has answered says more than that another attempt is under way. */
const TELLING: readonly TrackerReport['state'][] = ['working', 'failed', 'announcing', 'idle'];

/** Peers of a running torrent; rates are of the last 20 seconds. */
export function peerDetails(torrent: Torrent, nowMs: number): PeerDetail[] {
  return [...torrent.peers.values()].map((peer) => peerDetail(peer, torrent.metainfo.pieceCount, nowMs));
}

function peerDetail(peer: TorrentPeer, pieceCount: number, nowMs: number): PeerDetail {
  const { connection, client, downRate, upRate } = peer;
  const { host, port } = connection.remote;
  return {
    host,
    port,
    client,
    transport: connection.transport,
    encrypted: connection.encrypted,
    incoming: connection.direction === 'incoming' && connection.transport !== 'web',
    progress: pieceCount === 0 ? 1 : (connection.pieces?.count ?? 0) / pieceCount,
    downBytesPerSec: downRate.bytesPerSec(nowMs),
    upBytesPerSec: upRate.bytesPerSec(nowMs),
    downloadedBytes: connection.downloadedBytes,
    uploadedBytes: connection.uploadedBytes,
    amChoking: connection.amChoking,
    amInterested: connection.amInterested,
    peerChoking: connection.peerChoking,
    peerInterested: connection.peerInterested,
  };
}

/** How many peers there are and what they do, as a row shows it. */
export function peerCounts(torrent: Torrent) {
  let seedCount = 0;
  let servedCount = 0;
  let servingCount = 0;
  for (const { connection } of torrent.peers.values()) {
    if (connection.pieces?.isFull === true) seedCount++;
    if (!connection.amChoking && connection.peerInterested) servedCount++;
    if (!connection.peerChoking && connection.amInterested) servingCount++;
  }
  return { peerCount: torrent.peers.size, seedCount, servedCount, servingCount };
}

/** For each piece how many connected peers have it; 255: that many or more. */
export function availabilityOf(torrent: Torrent): Uint8Array {
  const { picker, metainfo } = torrent;
  const availability = new Uint8Array(metainfo.pieceCount);
  if (torrent.isStopped) return new Uint8Array(0);
  for (let piece = 0; piece < availability.length; piece++)
    availability[piece] = Math.min(AVAILABILITY_MAX, picker.availabilityOf(pieceIndex(piece)));
  return availability;
}

/** Pieces under way, ascending. */
export function fetchingPieces(torrent: Torrent): number[] {
  return [...torrent.picker.underWay()].sort((a, b) => a - b);
}

/** Files of a torrent, padding left out. `wishes`: by index; what is not named is wanted. */
export function fileDetails(
  modules: { readonly metainfo: Metainfo; readonly layout: Layout },
  have: Bitfield,
  wishes: Uint8Array,
): FileDetail[] {
  const { metainfo, layout } = modules;
  const done = doneBytesByFile(layout, metainfo.files, have);
  const details: FileDetail[] = [];
  for (const [index, file] of metainfo.files.entries()) {
    if (file.isPadding) continue;
    const { first, end } = layout.piecesOf(fileIndex(index));
    details.push({
      index,
      path: file.path.join('/'),
      byteLength: file.byteLength,
      doneBytes: done[index]!,
      wish: (wishes[index] ?? 2) as FileWish,
      firstPiece: first,
      endPiece: end,
    });
  }
  return details;
}

/** Trackers of a torrent; a hybrid one has two announcers, of which the one that says more speaks for both. */
export function trackerDetails(statuses: readonly AnnouncerStatus[], clock: Clock): TrackerDetail[] {
  const byUrl = new Map<string, TrackerReport>();
  for (const status of statuses) {
    for (const report of status.reports()) {
      const other = byUrl.get(report.url);
      const saysMore = other === undefined || TELLING.indexOf(report.state) < TELLING.indexOf(other.state);
      if (saysMore) byUrl.set(report.url, report);
    }
  }
  const toWall = clock.wallClock() - clock.now();
  return [...byUrl.values()]
    .sort((a, b) => a.tier - b.tier)
    .map((report) => ({
      url: report.url,
      tier: report.tier,
      state: report.state,
      message: report.message,
      seeds: report.complete ?? -1,
      leechers: report.incomplete ?? -1,
      downloads: -1,
      peersGiven: report.peersGiven,
      lastAnnounceMs: report.atMs,
      nextAnnounceMs: report.nextAtMs === undefined ? 0 : Math.round(report.nextAtMs + toWall),
    }));
}

/** Seeds and leechers as the trackers say; -1: none has said. A hybrid torrent's two swarms hold the same peers. */
export function swarmCounts(statuses: readonly AnnouncerStatus[]) {
  let swarmSeeds = -1;
  let swarmLeechers = -1;
  for (const { complete, incomplete } of statuses) {
    swarmSeeds = Math.max(swarmSeeds, complete ?? -1);
    swarmLeechers = Math.max(swarmLeechers, incomplete ?? -1);
  }
  return { swarmSeeds, swarmLeechers };
}
