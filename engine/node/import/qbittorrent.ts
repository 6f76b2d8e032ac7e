import { join } from 'node:path';
import { asInteger, asList, type BencodeDict } from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import type { FileWish } from '../control/details.ts';
import type { SeedLimits } from '../control/row.ts';
import {
  believedPieces,
  claimsOf,
  libtorrentIndexes,
  piecesOf,
  renamedFiles,
  stateOf,
  trackersOf,
  webSeedsOf,
  wishesOf,
} from './libtorrent-resume.ts';
import { bytesOf, changedAtMs, dictOf, namesIn, textAt, textsOf } from './read-files.ts';
import { localFolder, type PathMapping } from './source-paths.ts';
import { completeTorrent } from './torrent-bytes.ts';
import { badSource, type SourceTorrent } from './types.ts';

const RESUME = '.fastresume';
/** qBittorrent's own priorities: 0 none, 1 normal, 6 high, 7 the highest. */
const WISHES: readonly FileWish[] = [0, 2, 2, 2, 2, 2, 3, 3];
/** A limit that is the node's, and one that is never reached. */
const AS_THE_NODE = -2;
const NEVER = -1;

/** The state files in a folder `BT_backup`. */
export function listQbittorrent(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith(RESUME))
    .map((name) => join(folder, name));
}

/** Reads one torrent of qBittorrent 4 or 5: `HASH.fastresume` and, beside it, `HASH.torrent`. Throws BAD_STATE. */
export function readQbittorrent(source: string, mappings: readonly PathMapping[]): SourceTorrent {
  const resume = dictOf(bytesOf(source), 'its state');
  const { torrentFile, metainfo } = completeTorrent(torrentBytes(source), {
    trackers: trackersOf(resume),
    webSeeds: webSeedsOf(resume),
    trees: resume.get('trees'),
  });
  const root = localFolder(textAt(resume, 'save_path') || textAt(resume, 'qBt-savePath'), mappings);
  const have = piecesOf(resume, metainfo);
  const base = stateOf(resume, metainfo);
  const priorities = asList(resume.get('file_priority'));
  return {
    source,
    torrentFile,
    metainfo,
    root,
    places: renamedFiles(resume, metainfo, root, mappings),
    have,
    doubt: believedPieces(resume, metainfo).andNot(have),
    claims: claimsOf(resume, metainfo, changedAtMs(source)),
    state: {
      ...base,
      category: textAt(resume, 'qBt-category'),
      tags: textsOf(resume.get('qBt-tags')),
      wishes: wishesOf(
        libtorrentIndexes(metainfo).map((at) => asInteger(priorities?.[at])),
        WISHES,
      ),
      seedLimits: seedLimitsOf(resume),
      queuePosition: asInteger(resume.get('qBt-queuePosition')) ?? -1,
    },
  };
}

function torrentBytes(source: string): Uint8Array {
  const path = `${source.slice(0, -RESUME.length)}.torrent`;
  try {
    return bytesOf(path);
  } catch (error) {
    if (error instanceof AlliumError && /is not there/.test(error.message)) {
      throw badSource('its metadata was never received (a magnet link)');
    }
    throw error;
  }
}

/** The ratio is written in thousandths, times in minutes. */
function seedLimitsOf(resume: BencodeDict): SeedLimits {
  const limit = (key: string, unit: number): number | undefined => {
    const value = asInteger(resume.get(key));
    if (value === undefined || value <= AS_THE_NODE) return undefined;
    return value <= NEVER ? Number.POSITIVE_INFINITY : value * unit;
  };
  const ratio = ratioOf(resume);
  const seedTimeMs = limit('qBt-seedingTimeLimit', 60_000);
  const idleTimeMs = limit('qBt-inactiveSeedingTimeLimit', 60_000);
  return {
    ...(ratio === undefined ? {} : { ratio }),
    ...(seedTimeMs === undefined ? {} : { seedTimeMs }),
    ...(idleTimeMs === undefined ? {} : { idleTimeMs }),
  };
}

/** “As the node” and “never” are in thousandths too. */
function ratioOf(resume: BencodeDict): number | undefined {
  const value = asInteger(resume.get('qBt-ratioLimit'));
  if (value === undefined || value <= AS_THE_NODE * 1000) return undefined;
  return value < 0 ? Number.POSITIVE_INFINITY : value / 1000;
}
