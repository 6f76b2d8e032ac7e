import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { TorrentOptions } from '../../bittorrent/torrent/options.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { TorrentRow } from '../control/row.ts';
import type { Log } from '../log.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import type { ResumeKeeper } from '../resume/keeper.ts';
import type { Session } from '../session.ts';
import type { NodeStore } from '../store/store.ts';
import type { AnnounceDesk } from './announce-desk.ts';
import type { Entry } from './entry.ts';
import type { Searches } from './searches.ts';

/** What the parts of a library have of each other. */
export interface LibraryParts {
  readonly store: NodeStore;
  readonly session: Session;
  readonly keeper: ResumeKeeper;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly desk: AnnounceDesk;
  readonly searches: Searches;
  /** Milliseconds that nodes of this store have run in all. */
  readonly aliveMs: () => number;
  /** Tells the operator. */
  readonly report: (line: string) => void;
  /** Changes the row; nothing is told to anybody when it is the same already. */
  readonly publish: (entry: Entry, change: Partial<TorrentRow>) => void;
  /** What a torrent runs with beyond what all have. */
  readonly torrentOptions: (entry: Entry) => Partial<Omit<TorrentOptions, 'root' | 'have' | 'listenPort'>>;
  /** What keeps a torrent from writing to files that are not its own. */
  readonly guardOf: (
    entry: Entry,
    metainfo: Metainfo,
  ) => Pick<TorrentOptions, 'foreign' | 'isVerifiedElsewhere'>;
  /** It is in memory now, and not started. */
  readonly onLive: (entry: Entry, managed: ManagedTorrent) => void;
  /** It has come to where it belongs: others may have their turn. */
  readonly onSettled: (entry: Entry) => void;
  /** It cannot run. */
  readonly onTrouble: (entry: Entry) => void;
}
