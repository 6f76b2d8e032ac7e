import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { FileSystem } from '../../runtime/port.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import { markFiles } from '../resume/file-marks.ts';
import type { ResumeSource } from '../resume/keeper.ts';

/** A torrent of the library whose metadata is in memory, with its peers and files. */
export interface LiveTorrent {
  readonly managed: ManagedTorrent;
  readonly root: string;
  /** It is being hashed, or waits for that. */
  isChecking: boolean;
  /** What was there before the torrent came is being looked at; nothing of it has turned out right so far. */
  adopting: boolean;
  /** On the clock of the runtime: nobody has been connected since. */
  quietSinceMs: number;
  /** When it last moved payload, or was started if that was later. */
  movedAtMs: number;
  /** Something that could not be saved keeps it in memory. */
  isHeld: boolean;
}

/** Peers are connected, or somebody reads from it. */
export function isInUse({ managed }: LiveTorrent): boolean {
  return managed.torrent.peers.size > 0 || managed.torrent.listeners.size > 0;
}

/** What the keeper of resume data asks of it. */
export function resumeSourceOf(managed: ManagedTorrent, root: string, files: FileSystem): ResumeSource {
  return {
    get have(): Bitfield {
      return managed.have;
    },
    get downloadedBytes(): number {
      return managed.downloadedBytes;
    },
    get uploadedBytes(): number {
      return managed.uploadedBytes;
    },
    sync: () => managed.torrent.storage.sync(),
    marks: () => markFiles(managed.metainfo, root, files),
  };
}
