import type { Random } from '../../runtime/port.ts';
import type { AnnounceEvent } from '../tracker/types.ts';
import { FamilySwarms } from './family-swarms.ts';
import { type AgedSwarmLogs, PEER_CHANGE, type PeerChange, type SwarmLogWriter } from './swarm-log.ts';
import { INFO_HASH_BYTES, TorrentTable } from './torrent-table.ts';

/** Settings of a tracker. */
export interface TrackerOptions {
  readonly torrentsMax: number;
  /** Places for peers in each address family. */
  readonly peersMax: number;
  /** When peers are asked to come again. */
  readonly intervalSec: number;
  /** Up to so much is added by chance, so that peers that came together do not come together again. */
  readonly intervalSpreadSec: number;
  /** A peer that has not been heard of for so long is gone. */
  readonly expirySec: number;
  /** Peers in one answer, whatever is asked for. */
  readonly answerPeersMax: number;
  /** Peers in an answer to somebody who does not say. */
  readonly answerPeersDefault: number;
}

export const TRACKER_DEFAULTS: TrackerOptions = {
  torrentsMax: 1_000_000,
  peersMax: 4_000_000,
  intervalSec: 1800,
  intervalSpreadSec: 120,
  expirySec: 3900,
  answerPeersMax: 200,
  answerPeersDefault: 50,
};

/** What an announce says; the tracker keeps nothing of the object. */
export interface TrackerAnnounce {
  /** The info-hash is the 20 bytes from `hashAt` on. */
  readonly hashBytes: Uint8Array;
  readonly hashAt: number;
  /** Compact form in 16-bit halves as they lie in memory: 3 (IPv4) or 9 (IPv6). */
  readonly endpoint: Uint16Array;
  readonly isSeed: boolean;
  readonly event: AnnounceEvent;
  /** Peers wanted; below 0: as the tracker likes. */
  readonly wanted: number;
}

/** IPv4 first. */
export type FamilyIndex = 0 | 1;

/**
 * What a tracker knows and decides (BEP 3, 7, 15, 23): who is in which swarm, and whom a newcomer hears of. Pure, with
 * nothing allocated for an announce: the answer lies in the fields `complete`, `incomplete` and in `out`.
 */
export class Tracker {
  readonly torrents: TorrentTable;
  readonly families: readonly [FamilySwarms, FamilySwarms];
  readonly options: TrackerOptions;
  /** Of the torrent asked about last. */
  complete = 0;
  incomplete = 0;
  downloaded = 0;
  /** Announces that could not be kept because a table was full. */
  refused = 0;
  readonly #log: SwarmLogWriter | undefined;
  readonly #downloads: Uint32Array;
  #sweptTo = 0;

  /** `log` is told of every change that is not learnt from a log. */
  constructor(
    options: TrackerOptions,
    modules: { readonly random: Random; readonly log?: SwarmLogWriter | undefined },
  ) {
    const { torrentsMax, peersMax } = options;
    this.options = options;
    this.#log = modules.log;
    this.torrents = new TorrentTable(options, modules);
    this.families = [
      new FamilySwarms({ addressBytes: 4, torrentsMax, peersMax }, modules),
      new FamilySwarms({ addressBytes: 16, torrentsMax, peersMax }, modules),
    ];
    this.#downloads = new Uint32Array(torrentsMax);
  }

  get peerCount(): number {
    return this.families[0].peerCount + this.families[1].peerCount;
  }

  /** Bytes for peers, beyond the table of info-hashes. */
  get peerBytes(): number {
    return this.families[0].usedBytes + this.families[1].usedBytes;
  }

  /**
   * Takes the announce in, and writes endpoints of others of the same family to `out` from half `at` on. Returns how many.
   * A full tracker answers all the same, without keeping the newcomer, and so does any for one whose port is 0: it listens
   * nowhere.
   */
  announce(announce: TrackerAnnounce, nowSec: number, out: Uint16Array, at: number): number {
    const { hashBytes, hashAt, endpoint, isSeed, event } = announce;
    const family = this.families[endpoint.length === 3 ? 0 : 1]!;
    const isStopped = event === 'stopped';
    const isListening = endpoint[endpoint.length - 1] !== 0;
    const isKept = isListening && !isStopped;
    const torrent = isKept ? this.torrents.add(hashBytes, hashAt) : this.torrents.find(hashBytes, hashAt);
    if (torrent < 0) {
      if (isKept) this.refused++;
      this.complete = this.incomplete = this.downloaded = 0;
      return 0;
    }
    if (isStopped) family.remove(torrent, endpoint);
    else if (isKept && !family.put(torrent, endpoint, isSeed, nowSec)) this.refused++;
    if (event === 'completed') this.#downloads[torrent]!++;
    if (isListening) {
      const change = isStopped ? PEER_CHANGE.gone : isSeed ? PEER_CHANGE.seeds : PEER_CHANGE.leeches;
      this.#log?.add(hashBytes, hashAt, endpoint, change);
    }
    this.#count(torrent);
    const wanted = isStopped ? 0 : this.#wanted(announce.wanted);
    const chosen = wanted === 0 ? 0 : family.choose(torrent, endpoint, isSeed, wanted, out, at);
    if (this.complete + this.incomplete === 0) this.#forget(torrent);
    return chosen;
  }

  /** What another tracker, or this one before it was restarted, knew of a peer, as of `seenSec`. */
  learn(
    hashBytes: Uint8Array,
    hashAt: number,
    endpoint: Uint16Array,
    change: PeerChange,
    seenSec: number,
  ): void {
    const family = this.families[endpoint.length === 3 ? 0 : 1]!;
    const isGone = change === PEER_CHANGE.gone;
    const torrent = isGone ? this.torrents.find(hashBytes, hashAt) : this.torrents.add(hashBytes, hashAt);
    if (torrent < 0) return;
    if (isGone) family.remove(torrent, endpoint);
    else family.put(torrent, endpoint, change === PEER_CHANGE.seeds, seenSec);
    if (this.#isEmpty(torrent)) this.#forget(torrent);
  }

  /**
   * Everything, as another tracker could learn it, of the torrents from `from` to before `to`.
   */
  tell(logs: AgedSwarmLogs, from: number, to: number): void {
    for (let torrent = from; torrent < Math.min(to, this.torrents.end); torrent++) {
      for (const family of this.families) {
        family.forEach(torrent, (endpoint, isSeed, seenSec) => {
          const change = isSeed ? PEER_CHANGE.seeds : PEER_CHANGE.leeches;
          logs.at(seenSec).add(this.torrents.hashes, torrent * INFO_HASH_BYTES, endpoint, change);
        });
      }
    }
  }

  /** Sets `complete`, `incomplete` and `downloaded`; false, and zeros, for a torrent that nobody has announced. */
  scrape(hashBytes: Uint8Array, hashAt: number): boolean {
    const torrent = this.torrents.find(hashBytes, hashAt);
    if (torrent >= 0) this.#count(torrent);
    else this.complete = this.incomplete = this.downloaded = 0;
    return torrent >= 0;
  }

  /** Looks at the next `count` torrents and forgets peers that have not been heard of. Returns how many peers went. */
  sweep(count: number, nowSec: number): number {
    const before = nowSec - this.options.expirySec;
    let removed = 0;
    for (let left = Math.min(count, this.torrents.end); left > 0; left--) {
      if (this.#sweptTo >= this.torrents.end) this.#sweptTo = 0;
      const torrent = this.#sweptTo++;
      if (this.#isEmpty(torrent)) continue;
      removed += this.families[0].expire(torrent, before) + this.families[1].expire(torrent, before);
      if (this.#isEmpty(torrent)) this.#forget(torrent);
    }
    return removed;
  }

  /** When a peer is to come again; `chance`: 0 ≤ chance < 1. */
  intervalSec(chance: number): number {
    return this.options.intervalSec + Math.floor(chance * this.options.intervalSpreadSec);
  }

  #wanted(wanted: number): number {
    const { answerPeersMax, answerPeersDefault } = this.options;
    return wanted < 0 ? answerPeersDefault : Math.min(wanted, answerPeersMax);
  }

  #count(torrent: number): void {
    const [v4, v6] = this.families;
    this.complete = v4.seeds[torrent]! + v6.seeds[torrent]!;
    this.incomplete = v4.counts[torrent]! + v6.counts[torrent]! - this.complete;
    this.downloaded = this.#downloads[torrent]!;
  }

  #isEmpty(torrent: number): boolean {
    return this.families[0].counts[torrent] === 0 && this.families[1].counts[torrent] === 0;
  }

  #forget(torrent: number): void {
    this.#downloads[torrent] = 0;
    this.torrents.remove(torrent);
  }
}
