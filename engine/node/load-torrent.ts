import { METAINFO_LIMITS } from '../bittorrent/metainfo/limits.ts';
import { parseMetainfo } from '../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { AlliumError } from '../codec/error.ts';
import type { FileSystem } from '../runtime/port.ts';

/** Reads and checks a torrent file. Rejects with the file system's error, BAD_BENCODE, BAD_TORRENT or UNSAFE_PATH. */
export async function loadTorrent(path: string, files: FileSystem): Promise<Metainfo> {
  const bytes = await files.readFile(path, METAINFO_LIMITS.torrentBytesMax);
  try {
    return parseMetainfo(bytes);
  } catch (error) {
    if (!(error instanceof AlliumError)) throw error;
    throw new AlliumError(error.code, `${path}: ${error.message}`, {
      advice: error.advice,
      details: error.details,
      cause: error,
    });
  }
}
