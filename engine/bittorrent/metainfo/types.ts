import type { BencodeDict } from '../../codec/bencode-types.ts';
import type { ByteCount, FileIndex, TorrentOffset } from '../units.ts';

/** BEP 3 is v1, BEP 52 is v2; a hybrid torrent is both at once over the same files. */
export type MetainfoVersion = 'v1' | 'v2' | 'hybrid';

/** BEP 47 attributes. Padding has its own field in {@link TorrentFile}. */
export interface FileAttributes {
  readonly executable: boolean;
  readonly hidden: boolean;
  /** Where a symbolic link points: a path in the same form as {@link TorrentFile.path}, checked not to escape. */
  readonly symlinkTarget: readonly string[] | undefined;
}

/** One file of a torrent. Paths are checked: joining them to a folder cannot leave it. */
export interface TorrentFile {
  /**
   * Components below the folder a torrent is saved to. The first is the torrent's name, always: a torrent of one
   * file has the path `[name]`, else the name is the folder. Padding files may share a path; nobody writes them.
   */
  readonly path: readonly string[];
  /** 0 for a symbolic link. */
  readonly byteLength: ByteCount;
  /** Where its first byte lies in the piece space. In a torrent that is v2 only, a multiple of the piece length. */
  readonly offset: TorrentOffset;
  /** BEP 47: all zero, never stored. */
  readonly isPadding: boolean;
  readonly attributes: FileAttributes;
  /** BEP 52 merkle root (32 bytes) of v2 and hybrid torrents; an empty file, padding and a link have none. */
  readonly piecesRoot: Uint8Array | undefined;
}

/**
 * A checked torrent, immutable. Byte arrays are views into {@link rawInfo} or the torrent file: do not write
 * to them. All lengths are consistent: `pieces` has 20 bytes for each piece, layers match their roots.
 */
export interface Metainfo {
  /** Name of the file, or of the folder; safe as one path component. */
  readonly name: string;
  readonly version: MetainfoVersion;
  /** SHA-1 of {@link rawInfo}, 20 bytes; v1 and hybrid. */
  readonly infoHashV1: Uint8Array | undefined;
  /** SHA-256 of {@link rawInfo}, 32 bytes; v2 and hybrid. */
  readonly infoHashV2: Uint8Array | undefined;
  /** Bytes of every piece but the short ones at the end (v2 only: at the end of each file). */
  readonly pieceLength: ByteCount;
  readonly pieceCount: number;
  /** Where the last file ends in the piece space: content, padding files and v2 alignment. */
  readonly totalBytes: ByteCount;
  /** The sum of what is stored: without padding. */
  readonly contentBytes: ByteCount;
  /** In piece-space order, padding included. */
  readonly files: readonly TorrentFile[];
  /** True when the torrent is one file and not a folder. */
  readonly isSingleFile: boolean;
  /** BEP 27. */
  readonly isPrivate: boolean;
  /** BEP 12 tiers; from `announce` when there is no `announce-list`. */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19 `url-list`. */
  readonly webSeeds: readonly string[];
  /** BEP 17 `httpseeds`. */
  readonly httpSeeds: readonly string[];
  readonly source: string | undefined;
  readonly comment: string | undefined;
  readonly createdBy: string | undefined;
  /** Unix seconds. */
  readonly creationDate: number | undefined;
  /** 20 bytes SHA-1 for each piece in order; empty when the torrent is v2 only. */
  readonly pieces: Uint8Array;
  /**
   * BEP 52 piece layers, checked against the roots: 32 bytes for each piece of that file. Files of at most one
   * piece have none (their root is the hash). From a magnet link the layers come later, so a file may be missing.
   */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  /** The info dictionary exactly as found: the info-hashes are over these bytes. BEP 9 sends them. */
  readonly rawInfo: Uint8Array;
  /** The outer dictionary without `info`: unknown keys and all, so that encoding gives the same bytes. */
  readonly outer: BencodeDict;
  /** What is odd but no reason to refuse, one plain sentence each; bounded. */
  readonly warnings: readonly string[];
}
