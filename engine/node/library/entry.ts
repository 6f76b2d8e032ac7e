import { join } from 'node:path';
import type { PieceIndex } from '../../bittorrent/units.ts';
import type { RowState, SeedLimits, TorrentRow } from '../control/row.ts';
import type { MagnetSearch } from '../sources/magnet-search.ts';
import { SUMMARY_FLAGS as FLAGS, type StoredSummary } from '../store/summary.ts';
import type { DormantAnnounce } from './announce-desk.ts';
import type { LiveTorrent } from './live-torrent.ts';

/** BEP 12; equal ones of many torrents are one object. */
export type Tiers = readonly (readonly string[])[];

/**
 * A torrent of the library. Whatever it does, this is all that is held of it in memory, unless it is {@link live}:
 * its metadata stays on the disk until somebody wants it.
 */
export interface Entry {
  readonly infoHash: string;
  /** Short name in the journal. */
  readonly number: number;
  row: TorrentRow;
  trackers: Tiers;
  /** By the user. */
  stopped: boolean;
  /** The queue lets it run. */
  hasTurn: boolean;
  /** Its files are as the resume record says. */
  settled: boolean;
  doubtful: boolean;
  peersMax: number;
  magnet: string;
  wishes: Uint8Array;
  paths: readonly (readonly [number, string])[];
  /** Up to when its times are in the row, on the clock of the store. */
  foldedAtMs: number;
  /** Why it cannot run: told until the user starts it anew, or until it goes away by itself. */
  trouble: Trouble | undefined;
  live: LiveTorrent | undefined;
  search: MagnetSearch | undefined;
  /** Pieces that are to be hashed. */
  checkWish: CheckWish | undefined;
  /** Somebody has called for it. */
  isWanted: boolean;
  /** Who tells the trackers of it while it seeds and is not in memory; at most one for each info-hash. */
  readonly calls: DormantAnnounce[];
  /** What is being done to it, one after the other. */
  lane: Promise<unknown> | undefined;
  /** It is about to be looked at; it need not be asked for again. */
  isDue: boolean;
  removed: boolean;
}

/** What is to be hashed of a torrent. */
export interface CheckWish {
  /** Undefined: all. */
  readonly pieces: readonly PieceIndex[] | undefined;
  /** Asked for: files that are gone are then taken for lost. */
  readonly byUser: boolean;
}

/** What keeps a torrent from running. */
export interface Trouble {
  readonly kind: 'error' | 'offline' | 'full' | 'busy';
  readonly message: string;
}

/**
 * Before the list gives it a revision. As large as those: in a number of another kind V8 would make every row anew when
 * it gets one, half a second for 100,000.
 */
const NOT_LISTED = -(2 ** 40);
/** No rule of its own. */
export const NO_LIMITS: SeedLimits = Object.freeze({});
export const NO_BYTES = new Uint8Array(0);

/** Makes equal lists and texts one: a library has few folders, trackers and tags, and many torrents. */
export class Interner {
  private readonly texts = new Map<string, string>();
  private readonly lists = new Map<string, Tiers>();
  private readonly tagLists = new Map<string, readonly string[]>();

  text(value: string): string {
    const known = this.texts.get(value);
    if (known !== undefined) return known;
    this.texts.set(value, value);
    return value;
  }

  tags(value: readonly string[]): readonly string[] {
    const key = value.join('\n');
    const known = this.tagLists.get(key);
    if (known !== undefined) return known;
    this.tagLists.set(key, value);
    return value;
  }

  tiers(value: Tiers): Tiers {
    const key = value.map((tier) => tier.join(' ')).join('\n');
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    this.lists.set(key, value);
    return value;
  }
}

/** The torrent that a record of the store tells of, at rest. */
export function entryOf(
  infoHash: string,
  stored: StoredSummary,
  intern: Interner,
  aliveMs = stored.aliveMs,
): Entry {
  const has = (flag: number): boolean => (stored.flags & flag) !== 0;
  const stopped = has(FLAGS.stopped);
  const trackers = intern.tiers(stored.trackers);
  return {
    infoHash,
    number: stored.number,
    row: rowOf(infoHash, timedUntil(aliveMs, stored), intern, stopped ? 'stopped' : stateAtRest(stored)),
    trackers,
    stopped,
    hasTurn: true,
    settled: has(FLAGS.settled),
    doubtful: has(FLAGS.doubtful),
    peersMax: stored.peersMax,
    magnet: stored.magnet,
    wishes: stored.wishes.length === 0 ? NO_BYTES : Uint8Array.from(stored.wishes),
    paths: stored.paths,
    foldedAtMs: aliveMs,
    trouble: undefined,
    live: undefined,
    search: undefined,
    checkWish: undefined,
    // What could not run is tried again with every start.
    isWanted: stored.error !== '',
    calls: [],
    lane: undefined,
    isDue: false,
    removed: false,
  };
}

/** How it is saved; `aliveMs` is the clock of the store. */
export function summaryOf(entry: Entry, aliveMs: number): StoredSummary {
  const { row, trouble } = entry;
  const flag = (on: boolean, bit: number): number => (on ? bit : 0);
  const { ratio, seedTimeMs, idleTimeMs } = row.seedLimits;
  return {
    number: entry.number,
    flags:
      flag(entry.stopped, FLAGS.stopped) |
      flag(row.forced, FLAGS.forced) |
      flag(row.sequential, FLAGS.sequential) |
      flag(row.superSeed, FLAGS.superSeed) |
      flag(row.isPrivate, FLAGS.private) |
      flag(entry.settled, FLAGS.settled) |
      flag(entry.doubtful, FLAGS.doubtful) |
      flag(isTimed(row.state), FLAGS.running),
    name: row.name,
    infoHashV2: row.infoHashV2,
    totalBytes: row.totalBytes,
    wantedBytes: row.wantedBytes,
    doneBytes: row.doneBytes,
    pieceCount: row.pieceCount,
    pieceLength: row.pieceLength,
    pieceDoneCount: row.pieceDoneCount,
    fileCount: row.fileCount,
    downloadedBytes: row.downloadedBytes,
    uploadedBytes: row.uploadedBytes,
    wastedBytes: row.wastedBytes,
    root: row.root,
    contentName: contentNameOf(row),
    category: row.category,
    tags: row.tags,
    trackers: entry.trackers,
    queueKey: row.queuePosition,
    downLimit: row.downLimit,
    upLimit: row.upLimit,
    seedLimits: [ratio ?? null, seedTimeMs ?? null, idleTimeMs ?? null],
    peersMax: entry.peersMax,
    addedAtMs: row.addedAtMs,
    completedAtMs: row.completedAtMs,
    lastActiveMs: row.lastActiveMs,
    lastCheckedMs: row.lastCheckedMs,
    downloadingMs: row.downloadingMs + timeIn('downloading', entry, aliveMs),
    seedingMs: row.seedingMs + timeIn('seeding', entry, aliveMs),
    aliveMs,
    magnet: entry.magnet,
    error: trouble?.kind === 'error' ? trouble.message : '',
    wishes: entry.wishes,
    paths: entry.paths,
  };
}

/** Milliseconds in this state that are not in the row yet. */
export function timeIn(state: 'downloading' | 'seeding', entry: Entry, aliveMs: number): number {
  return entry.row.state === state ? Math.max(0, aliveMs - entry.foldedAtMs) : 0;
}

function isTimed(state: RowState): boolean {
  return state === 'downloading' || state === 'seeding';
}

/** With the time it has run since it was saved: until the last node that ran has ended. */
function timedUntil(aliveMs: number, stored: StoredSummary): StoredSummary {
  const moreMs = aliveMs - stored.aliveMs;
  if (moreMs <= 0 || (stored.flags & FLAGS.running) === 0) return stored;
  if (stored.doneBytes >= stored.wantedBytes) return { ...stored, seedingMs: stored.seedingMs + moreMs };
  return { ...stored, downloadingMs: stored.downloadingMs + moreMs };
}

/** What it does once it is let, as far as a list can say. */
function stateAtRest(stored: StoredSummary): RowState {
  if (stored.magnet !== '') return 'metadata';
  if (stored.error !== '') return 'error';
  if ((stored.flags & FLAGS.doubtful) !== 0) return 'checking';
  return stored.doneBytes >= stored.wantedBytes ? 'seeding' : 'queued';
}

function rowOf(infoHash: string, stored: StoredSummary, intern: Interner, state: RowState): TorrentRow {
  const has = (flag: number): boolean => (stored.flags & flag) !== 0;
  const root = intern.text(stored.root);
  const { wantedBytes, doneBytes } = stored;
  return {
    id: stored.number,
    infoHash,
    infoHashV2: stored.infoHashV2,
    name: stored.name,
    state,
    error: stored.error,
    revision: NOT_LISTED,
    totalBytes: stored.totalBytes,
    wantedBytes,
    doneBytes,
    pieceCount: stored.pieceCount,
    pieceLength: stored.pieceLength,
    pieceDoneCount: stored.pieceDoneCount,
    fileCount: stored.fileCount,
    progress: progressOf(stored),
    downBytesPerSec: 0,
    upBytesPerSec: 0,
    downloadedBytes: stored.downloadedBytes,
    uploadedBytes: stored.uploadedBytes,
    wastedBytes: stored.wastedBytes,
    peerCount: 0,
    seedCount: 0,
    servedCount: 0,
    servingCount: 0,
    swarmSeeds: -1,
    swarmLeechers: -1,
    root,
    contentPath: contentPathOf(root, stored.contentName),
    category: intern.text(stored.category),
    tags: intern.tags(stored.tags),
    trackerHost: intern.text(trackerHostOf(stored.trackers)),
    isPrivate: has(FLAGS.private),
    sequential: has(FLAGS.sequential),
    superSeed: has(FLAGS.superSeed),
    forced: has(FLAGS.forced),
    queuePosition: stored.queueKey,
    downLimit: stored.downLimit,
    upLimit: stored.upLimit,
    seedLimits: seedLimitsOf(stored.seedLimits),
    addedAtMs: stored.addedAtMs,
    completedAtMs: stored.completedAtMs,
    lastActiveMs: stored.lastActiveMs,
    lastCheckedMs: stored.lastCheckedMs,
    downloadingMs: stored.downloadingMs,
    seedingMs: stored.seedingMs,
  };
}

/** 0 to 1, of the wanted bytes. A magnet link is at 0, a torrent without content at 1. */
export function progressOf(row: {
  readonly wantedBytes: number;
  readonly doneBytes: number;
  readonly magnet?: string;
}): number {
  if (row.magnet !== undefined && row.magnet !== '') return 0;
  return row.wantedBytes === 0 ? 1 : Math.min(1, row.doneBytes / row.wantedBytes);
}

/** Joined by hand: a hundred thousand of them are made when a node starts. */
export function contentPathOf(root: string, name: string): string {
  if (name.startsWith('../')) return join(root, name);
  return root.endsWith('/') ? `${root}${name}` : `${root}/${name}`;
}

/** File or folder of the content, below the root. */
export function contentNameOf({ root, contentPath }: Pick<TorrentRow, 'root' | 'contentPath'>): string {
  return contentPath.slice(root.length + (root.endsWith('/') ? 0 : 1));
}

/** Host of the first tracker; empty without one, or when its address is none. */
export function trackerHostOf(tiers: Tiers): string {
  const url = tiers[0]?.[0];
  if (url === undefined) return '';
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url)?.[1]?.toLowerCase() ?? '';
}

function seedLimitsOf([ratio, seedTimeMs, idleTimeMs]: readonly (number | null)[]): SeedLimits {
  if (ratio == null && seedTimeMs == null && idleTimeMs == null) return NO_LIMITS;
  return {
    ...(ratio == null ? {} : { ratio }),
    ...(seedTimeMs == null ? {} : { seedTimeMs }),
    ...(idleTimeMs == null ? {} : { idleTimeMs }),
  };
}
