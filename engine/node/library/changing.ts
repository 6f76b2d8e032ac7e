import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import type { TorrentChange } from '../control/control.ts';
import type { TorrentRow } from '../control/row.ts';
import { type Entry, type Tiers, trackerHostOf } from './entry.ts';
import { wantedBytesOf, withWishes } from './wishes.ts';

/** Trackers of one torrent; a list from a remote control is no place to keep more. */
const TRACKERS_MAX = 500;
const URL_LENGTH_MAX = 2_000;

/** What a change of a torrent comes to. */
export interface Changed {
  readonly row: Partial<TorrentRow>;
  readonly wishes?: Uint8Array;
  readonly trackers?: Tiers;
  readonly peersMax?: number;
}

/** `metainfo` is needed where wishes change. Throws BAD_USAGE for a wrong value. */
export function changed(entry: Entry, change: TorrentChange, metainfo: Metainfo | undefined): Changed {
  const { row } = entry;
  const next: { -readonly [Key in keyof TorrentRow]?: TorrentRow[Key] } = {};
  if (change.category !== undefined) next.category = change.category;
  if (change.tags !== undefined || change.addTags !== undefined || change.removeTags !== undefined) {
    const gone = new Set(change.removeTags);
    const tags = new Set([...(change.tags ?? row.tags), ...(change.addTags ?? [])]);
    next.tags = [...tags].filter((tag) => !gone.has(tag));
  }
  if (change.downLimit !== undefined) next.downLimit = rate(change.downLimit);
  if (change.upLimit !== undefined) next.upLimit = rate(change.upLimit);
  if (change.seedLimits !== undefined) next.seedLimits = { ...change.seedLimits };
  if (change.sequential !== undefined) next.sequential = change.sequential;
  if (change.superSeed !== undefined) next.superSeed = change.superSeed;
  if (change.forced !== undefined) next.forced = change.forced;
  const trackers = change.trackers === undefined ? undefined : checkedTiers(change.trackers);
  if (trackers !== undefined) next.trackerHost = trackerHostOf(trackers);
  const wishes = wishesAfter(entry, change, metainfo);
  if (wishes !== undefined && metainfo !== undefined) next.wantedBytes = wantedBytesOf(metainfo, wishes);
  return {
    row: next,
    ...(wishes === undefined ? {} : { wishes }),
    ...(trackers === undefined ? {} : { trackers }),
    ...(change.peersMax === undefined ? {} : { peersMax: rate(change.peersMax) }),
  };
}

function wishesAfter(
  entry: Entry,
  change: TorrentChange,
  metainfo: Metainfo | undefined,
): Uint8Array | undefined {
  if (change.wishes === undefined) return undefined;
  // Of a magnet link nobody knows the files yet; what is chosen by then holds for as many as there will be.
  const fileCount =
    metainfo?.files.length ?? Math.max(0, ...[...change.wishes.keys()].map((index) => index + 1));
  for (const wish of change.wishes.values()) {
    if (![0, 1, 2, 3].includes(wish)) throw wrong('a wish is 0, 1, 2 or 3');
  }
  return withWishes(entry.wishes, change.wishes, Math.min(fileCount, 1_000_000));
}

function checkedTiers(tiers: readonly (readonly string[])[]): Tiers {
  const good = tiers.map((tier) => tier.filter((url) => url !== '')).filter((tier) => tier.length > 0);
  const urls = good.flat();
  if (urls.length > TRACKERS_MAX) throw wrong(`a torrent has at most ${TRACKERS_MAX} trackers`);
  for (const url of urls) {
    if (url.length > URL_LENGTH_MAX || !/^(?:https?|udp|wss?):\/\//i.test(url) || !URL.canParse(url)) {
      throw wrong(`“${url.slice(0, 100)}” is no address of a tracker`);
    }
  }
  return good;
}

function rate(value: number): number {
  if (Number.isFinite(value) && value >= 0) return Math.floor(value);
  throw wrong('a limit is 0 or more');
}

function wrong(why: string): AlliumError {
  return new AlliumError('BAD_USAGE', why, { advice: 'Nothing was changed.' });
}
