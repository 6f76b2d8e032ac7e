import { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { encodeMagnet } from '../../bittorrent/magnet/encode.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { webSeedsOf } from '../../bittorrent/web-seed/addresses.ts';
import { printable } from '../../codec/text.ts';
import type { Clock } from '../../runtime/port.ts';
import type { TorrentDetail, TrackerDetail } from '../control/details.ts';
import type { Entry } from './entry.ts';
import type { LibraryParts } from './library-parts.ts';
import { availabilityOf, fetchingPieces, fileDetails, peerDetails, trackerDetails } from './live-details.ts';
import { parseStored, placed } from './ready.ts';

/** All there is to know of a torrent; what is not in memory is read. Throws BAD_STATE when that is damaged. */
export function detailOf(entry: Entry, { store, runtime }: LibraryParts): TorrentDetail {
  const { row, live, infoHash } = entry;
  const { clock } = runtime;
  const trackers =
    live === undefined ? dormantTrackers(entry, clock) : trackerDetails(live.managed.trackerStatus, clock);
  const nothing = { peers: [], fetching: [], availability: new Uint8Array(0) };
  if (entry.magnet !== '') {
    const { magnet } = entry;
    const unknown = { comment: '', createdBy: '', createdAtSec: 0, files: [], webSeeds: [] };
    return { row, ...unknown, magnet, trackers, ...nothing, have: new Uint8Array(0) };
  }
  const read = live === undefined ? store.read(infoHash) : undefined;
  const metainfo = live?.managed.metainfo ?? placed(parseStored(infoHash, read!.torrent.torrentFile), entry);
  const have = live?.managed.have ?? new Bitfield(metainfo.pieceCount, Uint8Array.from(read!.resume.have));
  const torrent = live?.managed.torrent;
  return {
    row,
    comment: metainfo.comment ?? '',
    createdBy: metainfo.createdBy ?? '',
    createdAtSec: metainfo.creationDate ?? 0,
    magnet: magnetOf(entry, metainfo),
    files: fileDetails({ metainfo, layout: new Layout(metainfo) }, have, entry.wishes),
    trackers,
    webSeeds: webSeedsOf(metainfo).map((seed) => seed.url),
    have: have.bytes.slice(),
    peers: torrent === undefined ? [] : peerDetails(torrent, clock.now()),
    fetching: torrent === undefined ? [] : fetchingPieces(torrent),
    availability: torrent === undefined ? new Uint8Array(0) : availabilityOf(torrent),
  };
}

function magnetOf(entry: Entry, metainfo: Metainfo): string {
  return encodeMagnet({
    infoHashV1: metainfo.infoHashV1,
    infoHashV2: metainfo.infoHashV2,
    mutable: undefined,
    name: metainfo.name,
    byteLength: metainfo.contentBytes,
    trackers: entry.trackers.flat(),
    webSeeds: metainfo.webSeeds,
    peers: [],
    files: undefined,
    torrentUrls: [],
  });
}

/** Trackers of a torrent that is not in memory; of a hybrid one what was said to its first info-hash. */
function dormantTrackers({ row, calls, trackers }: Entry, clock: Clock): TrackerDetail[] {
  const [call] = calls;
  const toWall = clock.wallClock() - clock.now();
  const unknown = {
    seeds: -1,
    leechers: -1,
    downloads: -1,
    peersGiven: 0,
    lastAnnounceMs: 0,
    nextAnnounceMs: 0,
  };
  return trackers.flatMap((tier, index) =>
    tier.map((url): TrackerDetail => {
      const at = { url, tier: index };
      if (call === undefined) return { ...at, state: 'off', message: '', ...unknown };
      const isWorking = call.url === url;
      const state = call.isBusy
        ? 'announcing'
        : isWorking
          ? 'working'
          : call.failures > 0
            ? 'failed'
            : 'idle';
      const message = printable(isWorking || call.failures > 0 ? call.message : '');
      const nextAnnounceMs = isWorking ? Math.round(call.nextAtMs + toWall) : 0;
      const lastAnnounceMs = isWorking && call.lastAtMs > 0 ? Math.round(call.lastAtMs + toWall) : 0;
      const known = isWorking ? { seeds: row.swarmSeeds, leechers: row.swarmLeechers } : {};
      return { ...at, state, message, ...unknown, ...known, lastAnnounceMs, nextAnnounceMs };
    }),
  );
}
