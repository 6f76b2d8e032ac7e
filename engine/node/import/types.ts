import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import type { FileWish } from '../control/details.ts';
import type { SeedLimits } from '../control/row.ts';

/** Programs whose torrents can be taken over. */
export type ImportKind = 'qbittorrent' | 'transmission' | 'rtorrent' | 'deluge';

/** What a program wrote down of a file, by which one can tell that nobody has touched it since. */
export type FileClaim =
  /** Its time of last change, to the second. */
  | { readonly kind: 'modified'; readonly modifiedSec: number }
  /** When the program last wrote down which pieces it has (Unix milliseconds): what changed later is news to it. */
  | { readonly kind: 'seen'; readonly atMs: number }
  /** Nothing. */
  | { readonly kind: 'none' };

/** What else a program knew of a torrent. */
export interface ImportedState {
  /** Unix milliseconds; 0: not known, or never. */
  readonly addedAtMs: number;
  readonly completedAtMs: number;
  readonly lastActiveMs: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly downloadingMs: number;
  readonly seedingMs: number;
  readonly category: string;
  readonly tags: readonly string[];
  readonly stopped: boolean;
  readonly sequential: boolean;
  readonly superSeed: boolean;
  /** In the order of the files of the torrent; empty: all wanted alike. */
  readonly wishes: readonly FileWish[];
  /** Bytes per second; 0: no limit. */
  readonly downLimit: number;
  readonly upLimit: number;
  readonly seedLimits: SeedLimits;
  /** Place in the queue, from 0; -1: not known. */
  readonly queuePosition: number;
}

export const STATE_UNKNOWN: ImportedState = {
  addedAtMs: 0,
  completedAtMs: 0,
  lastActiveMs: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
  downloadingMs: 0,
  seedingMs: 0,
  category: '',
  tags: [],
  stopped: false,
  sequential: false,
  superSeed: false,
  wishes: [],
  downLimit: 0,
  upLimit: 0,
  seedLimits: {},
  queuePosition: -1,
};

/** A torrent as another program left it. */
export interface SourceTorrent {
  /** The file it was read from. */
  readonly source: string;
  /** With trackers as that program had them. */
  readonly torrentFile: Uint8Array;
  readonly metainfo: Metainfo;
  /** The folder its files are saved below, as that program called it. */
  readonly root: string;
  /** Files that do not lie where the torrent says: where they lie, absolute. */
  readonly places: ReadonlyMap<number, string>;
  /** Pieces that it had verified. */
  readonly have: Bitfield;
  /** Pieces that it took to be there without having looked. */
  readonly doubt: Bitfield;
  /** One per file. */
  readonly claims: readonly FileClaim[];
  readonly state: ImportedState;
}

/** One torrent of a state folder, or why it cannot be read: a short sentence without a full stop. */
export type SourceResult =
  | { readonly ok: true; readonly torrent: SourceTorrent }
  | { readonly ok: false; readonly source: string; readonly name: string; readonly why: string };

/** A hostile or damaged part of a state folder; the message is for one line of the report. */
export function badSource(why: string): AlliumError {
  return new AlliumError('BAD_STATE', why);
}
