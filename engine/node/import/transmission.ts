import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import {
  asBytes,
  asDict,
  asInteger,
  asList,
  asText,
  type BencodeDict,
  type BencodeValue,
} from '../../codec/bencode.ts';
import type { FileWish } from '../control/details.ts';
import type { SeedLimits } from '../control/row.ts';
import {
  bytesOf,
  changedAtMs,
  countAt,
  dictOf,
  flagAt,
  namesIn,
  secondsAt,
  textAt,
  textsOf,
} from './read-files.ts';
import { localFile, localFolder, type PathMapping } from './source-paths.ts';
import { completeTorrent } from './torrent-bytes.ts';
import { badSource, type FileClaim, type SourceTorrent, STATE_UNKNOWN } from './types.ts';

const RESUME = '.resume';
const BLOCK_BYTES_MAX = 16_384;
/** How a limit is meant: as all torrents have it, by itself, never. */
const MODE = { global: 0, own: 1, never: 2 } as const;

/** The state files in a configuration folder of Transmission. */
export function listTransmission(folder: string): string[] {
  return namesIn(join(folder, 'resume'))
    .filter((name) => name.endsWith(RESUME))
    .map((name) => join(folder, 'resume', name));
}

/** Reads one torrent of Transmission 2 to 4: `resume/NAME.resume` and `torrents/NAME.torrent`. Throws BAD_STATE. */
export function readTransmission(source: string, mappings: readonly PathMapping[]): SourceTorrent {
  const resume = dictOf(bytesOf(source), 'its state');
  const name = basename(source).slice(0, -RESUME.length);
  const torrent = join(source, '..', '..', 'torrents', `${name}.torrent`);
  if (!existsSync(torrent)) throw badSource('its metadata was never received (a magnet link)');
  const { torrentFile, metainfo } = completeTorrent(bytesOf(torrent), {});
  const root = rootOf(resume, metainfo, mappings);
  const progress = asDict(resume.get('progress'));
  const complete = completePieces(progress, metainfo);
  const checked = checkedPieces(progress, metainfo);
  return {
    source,
    torrentFile,
    metainfo,
    root,
    places: placesOf(resume, metainfo, root, mappings),
    have: complete.and(checked),
    doubt: complete.andNot(checked),
    claims: claimsOf(progress, metainfo, changedAtMs(source)),
    state: stateOf(resume, metainfo),
  };
}

/** The folder for finished torrents, or the one for unfinished ones when its files are there. */
function rootOf(resume: BencodeDict, metainfo: Metainfo, mappings: readonly PathMapping[]): string {
  const unfinished = textAt(resume, 'incomplete-dir');
  if (unfinished !== '') {
    const folder = localFolder(unfinished, mappings);
    const top = textAt(resume, 'name') || metainfo.name;
    if (existsSync(join(folder, top)) || existsSync(join(folder, `${top}.part`))) return folder;
  }
  return localFolder(textAt(resume, 'destination'), mappings);
}

/** What was renamed, and what is unfinished and for that has `.part` behind its name. */
function placesOf(
  resume: BencodeDict,
  metainfo: Metainfo,
  root: string,
  mappings: readonly PathMapping[],
): Map<number, string> {
  const places = new Map<number, string>();
  const renamed = asList(resume.get('files')) ?? [];
  const top = textAt(resume, 'name') || metainfo.name;
  metainfo.files.forEach((file, index) => {
    if (file.isPadding) return;
    const usual = join(root, ...file.path);
    const own = asText(renamed[index]) ?? [top, ...file.path.slice(1)].join('/');
    const place = localFile(own, root, mappings);
    const found = !existsSync(place) && existsSync(`${place}.part`) ? `${place}.part` : place;
    if (found !== usual) places.set(index, found);
  });
  return places;
}

/** Pieces of which every block is there. */
function completePieces(progress: BencodeDict | undefined, metainfo: Metainfo): Bitfield {
  const { pieceCount, pieceLength, totalBytes } = metainfo;
  if (asText(progress?.get('have')) === 'all') return Bitfield.full(pieceCount);
  const value = progress?.get('blocks') ?? progress?.get('bitfield');
  const all = wholeOf(value);
  if (all !== undefined) return all ? Bitfield.full(pieceCount) : new Bitfield(pieceCount);
  const have = new Bitfield(pieceCount);
  const bytes = asBytes(value);
  const blockBytes = blockBytesFor(bytes?.length ?? 0, pieceLength, totalBytes);
  if (bytes === undefined || blockBytes === undefined) return have;
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const first = Math.floor((piece * pieceLength) / blockBytes);
    const end = Math.ceil(Math.min(totalBytes, (piece + 1) * pieceLength) / blockBytes);
    let isThere = true;
    for (let block = first; isThere && block < end; block += 1) isThere = bitAt(bytes, block);
    if (isThere) have.set(piece);
  }
  return have;
}

/**
 * Version 4 has blocks of 16 KiB; before, they were the largest that are no longer and make up a piece. Undefined
 * when the bitfield fits neither, or both and they differ.
 */
function blockBytesFor(byteLength: number, pieceLength: number, totalBytes: number): number | undefined {
  let even = pieceLength;
  while (even > BLOCK_BYTES_MAX && even % 2 === 0) even /= 2;
  const fits = (blockBytes: number): boolean =>
    byteLength === Math.ceil(Math.ceil(totalBytes / blockBytes) / 8);
  const sizes = [...new Set([even, BLOCK_BYTES_MAX])].filter(fits);
  return sizes.length === 1 ? sizes[0] : undefined;
}

/**
 * Pieces it had hashed: version 4 has a bitfield of them, version 3 a time for each file, or for each of its pieces
 * relative to the first number.
 */
function checkedPieces(progress: BencodeDict | undefined, metainfo: Metainfo): Bitfield {
  const { pieceCount, pieceLength } = metainfo;
  const value = progress?.get('pieces');
  if (value !== undefined) {
    const all = wholeOf(value);
    if (all !== undefined) return all ? Bitfield.full(pieceCount) : new Bitfield(pieceCount);
    const bytes = asBytes(value);
    const checked = new Bitfield(pieceCount);
    for (let piece = 0; piece < pieceCount; piece += 1) {
      if (bytes !== undefined && bytes.length * 8 >= pieceCount && bitAt(bytes, piece)) checked.set(piece);
    }
    return checked;
  }
  const times = asList(progress?.get('time-checked'));
  const checked = Bitfield.full(pieceCount);
  metainfo.files.forEach((file, index) => {
    if (file.byteLength === 0 || file.isPadding) return;
    const first = Math.floor(file.offset / pieceLength);
    const end = Math.ceil((file.offset + file.byteLength) / pieceLength);
    const time = times?.[index];
    const list = asList(time);
    for (let piece = first; piece < end; piece += 1) {
      const at = list === undefined ? asInteger(time) : asInteger(list[1 + piece - first]);
      if (at === undefined || at <= 0) checked.clear(piece);
    }
  });
  return checked;
}

/** Version 4 writes down the time of each file; before, what has not changed since the state was saved is as it was. */
function claimsOf(progress: BencodeDict | undefined, metainfo: Metainfo, savedAtMs: number): FileClaim[] {
  const times = asList(progress?.get('mtimes'));
  return metainfo.files.map((_, index) => {
    const modifiedSec = asInteger(times?.[index]) ?? 0;
    return modifiedSec > 0 ? { kind: 'modified', modifiedSec } : { kind: 'seen', atMs: savedAtMs };
  });
}

function stateOf(resume: BencodeDict, metainfo: Metainfo): SourceTorrent['state'] {
  const [category, ...tags] = textsOf(resume.get('labels'));
  const unwanted = asList(resume.get('dnd'));
  const priorities = asList(resume.get('priority'));
  const wishes = metainfo.files.map((_, index): FileWish => {
    if (asInteger(unwanted?.[index]) === 1) return 0;
    const priority = asInteger(priorities?.[index]) ?? 0;
    return priority < 0 ? 1 : priority > 0 ? 3 : 2;
  });
  return {
    ...STATE_UNKNOWN,
    addedAtMs: secondsAt(resume, 'added-date'),
    completedAtMs: secondsAt(resume, 'done-date'),
    lastActiveMs: secondsAt(resume, 'activity-date'),
    downloadedBytes: countAt(resume, 'downloaded'),
    uploadedBytes: countAt(resume, 'uploaded'),
    downloadingMs: secondsAt(resume, 'downloading-time-seconds'),
    seedingMs: secondsAt(resume, 'seeding-time-seconds'),
    stopped: flagAt(resume, 'paused'),
    sequential: flagAt(resume, 'sequentialDownload') || flagAt(resume, 'sequential-download'),
    category: category ?? '',
    tags,
    wishes: wishes.every((wish) => wish === 2) ? [] : wishes,
    downLimit: rateOf(resume.get('speed-limit-down')),
    upLimit: rateOf(resume.get('speed-limit-up')),
    seedLimits: seedLimitsOf(resume),
  };
}

function rateOf(value: BencodeValue | undefined): number {
  const dict = asDict(value);
  return flagAt(dict, 'use-speed-limit') ? countAt(dict, 'speed-Bps') : 0;
}

function seedLimitsOf(resume: BencodeDict): SeedLimits {
  const ratio = asDict(resume.get('ratio-limit'));
  const idle = asDict(resume.get('idle-limit'));
  const byMode = (mode: number, own: number): number | undefined =>
    mode === MODE.never ? Number.POSITIVE_INFINITY : mode === MODE.own && own >= 0 ? own : undefined;
  const ratioValue = byMode(countAt(ratio, 'ratio-mode'), Number(textAt(ratio, 'ratio-limit')));
  const idleValue = byMode(countAt(idle, 'idle-mode'), countAt(idle, 'idle-limit') * 60_000);
  return {
    ...(ratioValue === undefined ? {} : { ratio: ratioValue }),
    ...(idleValue === undefined ? {} : { idleTimeMs: idleValue }),
  };
}

function wholeOf(value: BencodeValue | undefined): boolean | undefined {
  const text = asText(value);
  return text === 'all' ? true : text === 'none' ? false : undefined;
}

function bitAt(bytes: Uint8Array, index: number): boolean {
  return ((bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
}
