import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { METAINFO_LIMITS } from '../../bittorrent/metainfo/limits.ts';
import { parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo, MetainfoVersion } from '../../bittorrent/metainfo/types.ts';
import { fileIndex } from '../../bittorrent/units.ts';
import type { WantedTorrent } from '../../bittorrent/verify/library.ts';
import { isStored } from '../../bittorrent/verify/selection.ts';
import { AlliumError, type ErrorData } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';

/** What is kept of a torrent while thousands of others wait: names and lengths, not hashes. */
export interface LoadedTorrent extends WantedTorrent {
  /** The torrent file. */
  readonly source: string;
  /** Others with the same info-hash. */
  readonly duplicates: string[];
  readonly version: MetainfoVersion;
  readonly contentBytes: number;
  readonly pieceLength: number;
  /** All of it: still in memory, or read again. Throws like {@link readTorrent}. */
  metainfo(): Metainfo;
}

/** A torrent file that is of no use. */
export interface InvalidTorrent {
  readonly source: string;
  readonly error: ErrorData;
}

export interface LoadedLibrary {
  readonly torrents: readonly LoadedTorrent[];
  readonly invalid: readonly InvalidTorrent[];
}

export interface LoadOptions {
  /** Torrents are kept in memory whole while their files come to no more than this; the others are read twice. */
  readonly keptBytesMax?: number;
}

const KEPT_BYTES_MAX = 24 * 1024 * 1024;
const FOLDER_DEPTH_MAX = 32;

/** Reads and checks a torrent file. Throws AlliumError: what the system or the parser says. */
export function readTorrent(path: string): Metainfo {
  return parseMetainfo(readBytes(path));
}

function readBytes(path: string): Uint8Array {
  const bytesMax = METAINFO_LIMITS.torrentBytesMax;
  try {
    const { size } = statSync(path);
    if (size > bytesMax) {
      throw new AlliumError(
        'BAD_TORRENT',
        `${path} has ${size} bytes, more than the ${bytesMax} of any torrent`,
        {
          advice: 'Name the .torrent file first and the data after it.',
        },
      );
    }
    return readFileSync(path);
  } catch (error) {
    throw fileError(error, 'read', path);
  }
}

/** The torrent files that `paths` name: files as they are, folders for all `.torrent` files in them, by name. */
export function findTorrents(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    try {
      return statSync(path).isDirectory() ? torrentsIn(path, 0) : [path];
    } catch (error) {
      throw fileError(error, 'read', path);
    }
  });
  return [...new Set(found)];
}

function torrentsIn(folder: string, depth: number): string[] {
  if (depth > FOLDER_DEPTH_MAX) return [];
  const entries: Dirent[] = readdirSync(folder, { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder.endsWith('/') ? folder + entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return torrentsIn(path, depth + 1);
      return /\.torrent$/i.test(entry.name) ? [path] : [];
    });
}

/** Loads torrent files. One that is broken does not stop the others, unless it is the only one: then it throws. */
export function loadTorrents(sources: readonly string[], options: LoadOptions = {}): LoadedLibrary {
  const torrents = new Map<string, LoadedTorrent>();
  const invalid: InvalidTorrent[] = [];
  let keptBytes = 0;
  for (const source of sources) {
    try {
      const bytes = readBytes(source);
      const metainfo = parseMetainfo(bytes);
      const hash = Buffer.from(metainfo.infoHashV1 ?? metainfo.infoHashV2!).toString('hex');
      const same = torrents.get(hash);
      if (same !== undefined) {
        same.duplicates.push(source);
        continue;
      }
      keptBytes += bytes.length;
      const isKept = keptBytes <= (options.keptBytesMax ?? KEPT_BYTES_MAX);
      torrents.set(hash, summaryOf(source, metainfo, isKept));
    } catch (error) {
      if (!(error instanceof AlliumError) || sources.length === 1) throw error;
      invalid.push({ source, error: error.toData() });
    }
  }
  return { torrents: [...torrents.values()], invalid };
}

function summaryOf(source: string, metainfo: Metainfo, isKept: boolean): LoadedTorrent {
  const { name, isSingleFile, version, contentBytes, pieceLength } = metainfo;
  const files = metainfo.files
    .filter((_, index) => isStored(metainfo, fileIndex(index)))
    .map(({ path, byteLength }) => ({ path, byteLength }));
  return {
    source,
    duplicates: [],
    name,
    isSingleFile,
    files,
    version,
    contentBytes,
    pieceLength,
    metainfo: isKept ? () => metainfo : () => readTorrent(source),
  };
}
