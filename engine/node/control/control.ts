import type { FileWish, TorrentDetail } from './details.ts';
import type { RowState, SeedLimits, TorrentRow } from './row.ts';
import type { NodeOptions, NodeStats } from './session-options.ts';

/** What to add: a torrent file, or a magnet link. */
export type AddSource = { readonly torrentFile: Uint8Array } | { readonly magnet: string };

export interface AddRequest {
  readonly source: AddSource;
  /** Absolute folder; else the category's, else the node's. */
  readonly root?: string;
  readonly category?: string;
  readonly tags?: readonly string[];
  readonly stopped?: boolean;
  readonly forced?: boolean;
  readonly sequential?: boolean;
  /** One per file in the order of the torrent, padding included; files beyond the end of it are wanted. */
  readonly wishes?: readonly FileWish[];
  readonly downLimit?: number;
  readonly upLimit?: number;
  readonly seedLimits?: SeedLimits;
  /** Believe the files that lie there without reading them, if their sizes fit. */
  readonly skipCheck?: boolean;
  /** Look for its files below all folders of the library, whatever they are called there; they are only ever read. */
  readonly findData?: boolean;
  /** Instead of the name in the metadata. */
  readonly rename?: string;
  readonly toTopOfQueue?: boolean;
}

/** Changes of one torrent; what is not named stays. */
export interface TorrentChange {
  /** How it is shown; its files keep their names. */
  readonly name?: string;
  readonly category?: string;
  readonly tags?: readonly string[];
  readonly addTags?: readonly string[];
  readonly removeTags?: readonly string[];
  readonly downLimit?: number;
  readonly upLimit?: number;
  readonly seedLimits?: SeedLimits;
  readonly sequential?: boolean;
  readonly superSeed?: boolean;
  readonly forced?: boolean;
  readonly peersMax?: number;
  /** By file index. */
  readonly wishes?: ReadonlyMap<number, FileWish>;
  /** All tracker tiers anew. */
  readonly trackers?: readonly (readonly string[])[];
}

export interface Category {
  readonly name: string;
  /** Where torrents of it are saved; empty: where the node saves. */
  readonly root: string;
  /** Bytes per second of all its torrents together; 0: no limit. */
  readonly downLimit: number;
  readonly upLimit: number;
  readonly seedLimits: SeedLimits;
}

/** What has changed since a revision. */
export interface Changes {
  /** To be given the next time. */
  readonly revision: number;
  /** Everything is in `rows`: the revision asked about is too old or of another run. */
  readonly isFull: boolean;
  readonly rows: readonly TorrentRow[];
  /** Info-hashes. */
  readonly removed: readonly string[];
  /** The ids that those had, in the same order: what Transmission's remote controls know them by. */
  readonly removedIds: readonly number[];
}

/**
 * What remote controls, the web page and `allium ctl` may do to a node. Every name of a torrent is an info-hash as in
 * {@link TorrentRow.infoHash}. Calls about a torrent that is not there reject with NOT_FOUND; a wrong value rejects
 * with BAD_USAGE; both say what to do. Rows are immutable: a changed torrent has a new one.
 */
export interface Control {
  /** All rows by info-hash, live; not to be changed. */
  readonly rows: ReadonlyMap<string, TorrentRow>;
  row(infoHash: string): TorrentRow | undefined;
  byId(id: number): TorrentRow | undefined;
  /** O(changed). Revision 0 gives everything. */
  changes(since: number): Changes;
  /** Calls back soon after something has changed, many changes at once; returns what ends that. */
  onChange(listener: () => void): () => void;
  detail(infoHash: string): Promise<TorrentDetail>;
  /** The torrent file, byte for byte. */
  torrentFile(infoHash: string): Promise<Uint8Array>;

  /** Resolves with the row; `isNew` false: it was there already and has stayed as it was. */
  add(request: AddRequest): Promise<{ readonly row: TorrentRow; readonly isNew: boolean }>;
  remove(infoHash: string, options: { readonly deleteData: boolean }): Promise<void>;
  start(infoHash: string): Promise<void>;
  stop(infoHash: string): Promise<void>;
  /** All of it, or these files (indexes) or these pieces. Resolves when it has begun. */
  recheck(
    infoHash: string,
    what?: { readonly files?: readonly number[]; readonly pieces?: readonly number[] },
  ): Promise<void>;
  reannounce(infoHash: string): Promise<void>;
  change(infoHash: string, change: TorrentChange): Promise<void>;
  addPeers(infoHash: string, peers: readonly { readonly host: string; readonly port: number }[]): void;
  /** `moveData` false: the data is there already. Resolves when it has begun; the state is `moving` until it is done. */
  move(infoHash: string, root: string, options: { readonly moveData: boolean }): Promise<void>;
  /** Renames a file or folder of the content; `path` as in {@link FileDetail.path}. */
  renamePath(infoHash: string, path: string, name: string): Promise<void>;
  moveInQueue(infoHashes: readonly string[], where: 'top' | 'up' | 'down' | 'bottom'): Promise<void>;

  readonly categories: ReadonlyMap<string, Category>;
  setCategory(category: Category): Promise<void>;
  removeCategory(name: string): Promise<void>;
  readonly tags: ReadonlySet<string>;
  createTags(tags: readonly string[]): Promise<void>;
  /** Taken off every torrent too. */
  removeTags(tags: readonly string[]): Promise<void>;

  readonly options: NodeOptions;
  /** Checked as a whole; takes effect at once and is remembered. */
  setOptions(options: Partial<NodeOptions>): Promise<void>;
  stats(): NodeStats;
  /** Bytes that can be written and that there are, where `path` is or would be. */
  freeSpace(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** States in which a torrent takes part in its swarm. */
export const RUNNING_STATES: ReadonlySet<RowState> = new Set(['metadata', 'downloading', 'seeding']);
