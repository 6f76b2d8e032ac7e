import type { ErrorData } from '../../codec/error.ts';
import type { MetainfoVersion } from '../metainfo/types.ts';
import type { ByteRange } from './damage.ts';

/**
 * How it stands with a torrent. Missing: not one of its files was found. Unreadable: the system refused to give
 * some of its bytes. Invalid: the torrent file itself is of no use.
 */
export type TorrentOutcome = 'good' | 'damaged' | 'missing' | 'unreadable' | 'invalid';

/**
 * How it stands with a file. Bad: all there, but with wrong bytes. Changed: it shrank while it was read. Unchecked: no
 * fault of its own is known, but it shares pieces with a file that is not there.
 */
export type FileStatus =
  | 'bad'
  | 'missing'
  | 'wrong-kind'
  | 'short'
  | 'long'
  | 'unreadable'
  | 'changed'
  | 'unchecked';

/** Bytes of a file from 0; the end is not included. */
export type RangeList = readonly ByteRange[];

/** A file with something to say about it. */
export interface FileReport {
  /** Path in the torrent, with slashes. */
  readonly path: string;
  /** Where it was looked for. */
  readonly location: string;
  readonly status: FileStatus;
  readonly byteLength: number;
  /** Its length on disk, where that is another one. */
  readonly foundByteLength?: number;
  /** What is in its place, for `wrong-kind`. */
  readonly foundKind?: 'directory' | 'other';
  /** What the system said, for `unreadable`. */
  readonly systemCode?: string;
  /** First and last piece that it has bytes in; absent for an empty file. */
  readonly pieces?: readonly [first: number, last: number];
  /** Bytes under wrong hashes. */
  readonly bad: RangeList;
  /** The part of `bad` whose pieces other files share (v1): the fault may be in these. */
  readonly shared: RangeList;
  /** Bytes that are not there or could not be read. */
  readonly lost: RangeList;
  /** Bytes that could not be checked because of another file. */
  readonly unchecked: RangeList;
}

/** First and last piece of a run. */
export type PieceSpan = readonly [first: number, last: number];

export interface PieceReport {
  readonly total: number;
  readonly selected: number;
  readonly good: number;
  readonly bad: number;
  /** Some bytes are missing or unreadable. */
  readonly blocked: number;
  /** Of good and bad: taken from the checkpoint, not hashed in this run. */
  readonly restored: number;
  /** Of bad: a hybrid torrent whose v1 and v2 hashes contradict each other there. */
  readonly contradictory: number;
  readonly badSpans: readonly PieceSpan[];
  readonly blockedSpans: readonly PieceSpan[];
  /** Pieces that were not asked for. */
  readonly unselectedSpans: readonly PieceSpan[];
}

/** One torrent of the library. */
export interface TorrentReport {
  /** The torrent file. */
  readonly torrent: string;
  readonly outcome: TorrentOutcome;
  /** Why it is invalid. */
  readonly error?: ErrorData;
  readonly name: string;
  readonly version?: MetainfoVersion;
  /** Hexadecimal. */
  readonly infoHashV1?: string;
  readonly infoHashV2?: string;
  /** Other torrent files with the same info-hash: looked at once. */
  readonly duplicates: readonly string[];
  /** The file or folder that was checked. */
  readonly location: string;
  /** Files that were found somewhere else, by name and length. */
  readonly movedFiles: number;
  /** Without padding. */
  readonly contentBytes: number;
  /** Bytes under the chosen pieces. */
  readonly selectedBytes: number;
  readonly pieceLength: number;
  readonly fileCount: number;
  readonly pieces: PieceReport;
  /** Only files with something to say about them. */
  readonly files: readonly FileReport[];
  readonly bytesRead: number;
  readonly warnings: readonly string[];
}

/** A whole run. */
export interface VerifyReport {
  readonly schema: 'allium verify 1';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** Of that: until all threads were there. Torrents are read and data is located meanwhile. */
  readonly startupMs: number;
  readonly outcome: TorrentOutcome;
  readonly threadCount: number;
  readonly roots: readonly string[];
  readonly bytesRead: number;
  readonly torrentCounts: Readonly<Record<TorrentOutcome, number>>;
  readonly contentBytes: number;
  readonly pieces: Omit<PieceReport, 'badSpans' | 'blockedSpans' | 'unselectedSpans'>;
  readonly torrents: readonly TorrentReport[];
  /** What hindered the search: folders that could not be looked into. */
  readonly warnings: readonly string[];
}
