import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, type BencodeDict } from '../../codec/bencode.ts';
import type { SeedLimits } from '../control/row.ts';
import {
  believedPieces,
  claimsOf,
  LIBTORRENT_WISHES,
  libtorrentIndexes,
  piecesOf,
  renamedFiles,
  stateOf,
  trackersOf,
  webSeedsOf,
  wishesOf,
} from './libtorrent-resume.ts';
import { PickleDict, PickleObject, type PickleValue, readPickle } from './pickle.ts';
import { bytesOf, changedAtMs, dictOf, STATE_OF_ALL_BYTES_MAX, textAt } from './read-files.ts';
import { localFile, localFolder, type PathMapping } from './source-paths.ts';
import { completeTorrent } from './torrent-bytes.ts';
import { badSource, type SourceTorrent } from './types.ts';

const HASH = /^[0-9a-f]{40}$/;
/** Of `torrents.state`: some 2 KB a torrent. */
const PICKLE_BYTES_MAX = 256 * 1024 * 1024;

/** What Deluge keeps of all torrents together. */
export interface DelugeState {
  readonly folder: string;
  readonly torrents: ReadonlyMap<string, PickleObject>;
  readonly resumes: BencodeDict;
  readonly savedAtMs: number;
  /** By info-hash, as the label plugin has them. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Reads `torrents.state`, `torrents.fastresume` and the labels in a `state` folder. Throws BAD_STATE. */
export function openDeluge(folder: string): DelugeState {
  const root = readPickle(bytesOf(join(folder, 'torrents.state'), PICKLE_BYTES_MAX));
  const list = root instanceof PickleObject ? root.attributes.get('torrents') : undefined;
  if (!Array.isArray(list)) throw badSource('torrents.state lists no torrents');
  const torrents = new Map<string, PickleObject>();
  for (const torrent of list) {
    const id = torrent instanceof PickleObject ? torrent.attributes.get('torrent_id') : undefined;
    if (typeof id === 'string' && HASH.test(id)) torrents.set(id, torrent as PickleObject);
  }
  const fastresume = join(folder, 'torrents.fastresume');
  const resumes = dictOf(bytesOf(fastresume, STATE_OF_ALL_BYTES_MAX), 'torrents.fastresume');
  return { folder, torrents, resumes, savedAtMs: changedAtMs(fastresume), labels: labelsIn(folder) };
}

/** Reads one torrent of Deluge 1.3 or 2. Throws BAD_STATE. */
export function readDeluge(
  infoHash: string,
  state: DelugeState,
  mappings: readonly PathMapping[],
): SourceTorrent {
  const { attributes } = state.torrents.get(infoHash)!;
  const source = join(state.folder, `${infoHash}.torrent`);
  if (!existsSync(source)) throw badSource('its metadata was never received (a magnet link)');
  const bytes = asBytes(state.resumes.get(infoHash));
  const resume: BencodeDict = bytes === undefined ? new Map() : dictOf(bytes, 'its resume data');
  const { torrentFile, metainfo } = completeTorrent(bytesOf(source), {
    trackers: trackersIn(attributes.get('trackers')) ?? trackersOf(resume),
    webSeeds: webSeedsOf(resume),
    trees: resume.get('trees'),
  });
  const root = localFolder(text(attributes.get('save_path')) || textAt(resume, 'save_path'), mappings);
  const have = piecesOf(resume, metainfo);
  const base = stateOf(resume, metainfo);
  const places = renamedFiles(resume, metainfo, root, mappings);
  const indexes = libtorrentIndexes(metainfo);
  for (const [at, path] of mappedIn(attributes.get('mapped_files'))) {
    const index = indexes.indexOf(at);
    if (index >= 0 && !metainfo.files[index]!.isPadding) places.set(index, localFile(path, root, mappings));
  }
  const priorities = attributes.get('file_priorities');
  const limits = rateLimits(attributes);
  return {
    source,
    torrentFile,
    metainfo,
    root,
    places,
    have,
    doubt: believedPieces(resume, metainfo).andNot(have),
    claims: claimsOf(resume, metainfo, state.savedAtMs),
    state: {
      ...base,
      ...limits,
      addedAtMs: base.addedAtMs || number(attributes.get('time_added')) * 1000,
      uploadedBytes: Math.max(base.uploadedBytes, number(attributes.get('total_uploaded'))),
      category: state.labels.get(infoHash) ?? '',
      stopped: attributes.get('paused') === true,
      sequential: attributes.get('sequential_download') === true,
      superSeed: attributes.get('super_seeding') === true,
      wishes: Array.isArray(priorities)
        ? wishesOf(
            indexes.map((at) => wholeOr(priorities[at])),
            LIBTORRENT_WISHES,
          )
        : base.wishes,
      seedLimits: seedLimitsIn(attributes),
      queuePosition: number(attributes.get('queue'), -1),
    },
  };
}

/** In KiB a second; -1: none. */
function rateLimits(attributes: ReadonlyMap<string, PickleValue>): { downLimit: number; upLimit: number } {
  const limit = (name: string): number => Math.max(0, number(attributes.get(name))) * 1024;
  return { downLimit: limit('max_download_speed'), upLimit: limit('max_upload_speed') };
}

function seedLimitsIn(attributes: ReadonlyMap<string, PickleValue>): SeedLimits {
  const ratio = number(attributes.get('stop_ratio'), -1);
  return attributes.get('stop_at_ratio') === true && ratio >= 0 ? { ratio } : {};
}

function trackersIn(value: PickleValue | undefined): string[][] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const tiers: string[][] = [];
  for (const tracker of value) {
    if (!(tracker instanceof PickleDict)) continue;
    const url = text(tracker.entries.get('url'));
    const tier = Math.min(100, Math.max(0, number(tracker.entries.get('tier'))));
    if (url !== '') tiers[tier] = [...(tiers[tier] ?? []), url];
  }
  return tiers.filter((tier) => tier !== undefined);
}

function* mappedIn(value: PickleValue | undefined): Generator<readonly [number, string]> {
  if (!(value instanceof PickleDict)) return;
  for (const [index, path] of value.entries) {
    const at = Number(index);
    if (Number.isInteger(at) && at >= 0 && typeof path === 'string' && path !== '') yield [at, path];
  }
}

/** `label.conf` of the plugin lies in the folder above: two JSON values, of which the second is the one. */
function labelsIn(folder: string): Map<string, string> {
  const labels = new Map<string, string>();
  try {
    const [, json] = bytesOf(join(folder, '..', 'label.conf'))
      .toString('utf8')
      .split(/(?<=\})\s*(?=\{)/, 2);
    const { torrent_labels: byHash } = JSON.parse(json ?? '{}') as {
      torrent_labels?: Record<string, unknown>;
    };
    for (const [infoHash, label] of Object.entries(byHash ?? {})) {
      if (typeof label === 'string') labels.set(infoHash, label);
    }
  } catch {
    // No plugin, or not its file: then there are no labels.
  }
  return labels;
}

function text(value: PickleValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function wholeOr(value: PickleValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function number(value: PickleValue | undefined, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
